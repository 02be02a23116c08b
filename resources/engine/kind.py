"""The interface of a kind of resource; `provider` decides when to call what, and what the engine gets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from pulumi import dynamic

from gcp.api import Api
from gcp.services import Service
from resources.engine import ownership
from resources.engine.provider_context import Call, State
from resources.gate.admission import Verdict
from resources.schema.fields import Changes, Schema


class Kind(dynamic.ResourceProvider):
    """A kind of resource: its fields, and how to observe, make, patch and remove one.

    The four verbs are idempotent as far as the API allows, raise `errors.Error`, and get inputs under the API's names.

    Attributes:
        api: the seam to Google, once it is configured.
    """

    serialize_as_secret_always = False
    schema: ClassVar[Schema]
    service: ClassVar[Service]
    claimed: ClassVar[bool] = False  # whether `remove` leaves what another declaration uses, given an owner
    timeouts: ClassVar[Mapping[str, float]] = {"create": 600.0, "update": 600.0, "delete": 600.0}
    """Seconds that waiting may take in a verb, where a program's `timeouts` do not say."""
    create_adopts_existing: ClassVar[bool] = False
    """Whether `make` leaves an existing resource as it is: then it is called with `adopt` too."""
    deletion_goes_on: ClassVar[bool] = False
    """Whether a cancelled deletion may continue alone: `make` of the same resource waits for its end."""
    api: Api
    _project: str = ""

    @abstractmethod
    def identity(self, inputs: State) -> str:
        """The resource's id, which says which one it is: `projects/P/models/M`."""

    @abstractmethod
    def observe(self, call: Call, inputs: State) -> State:
        """The resource as the API has it. Raises `NotFound`."""

    @abstractmethod
    def make(self, call: Call, inputs: State) -> State:
        """Creates the resource and returns it as the API has it. Raises `AlreadyExists`; leaves nothing half-made."""

    @abstractmethod
    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Changes exactly the fields of the mask and returns the resource as the API has it."""

    @abstractmethod
    def remove(self, call: Call, inputs: State) -> None:
        """Deletes the resource. Raises `NotFound` if it is gone already."""

    def judge(self, olds: State, news: State) -> Verdict | None:
        """Warnings and refusals from the inputs alone; `check` calls it if it found no failures itself."""
        del olds, news
        return None

    def compared(self, olds: State, news: State) -> Changes:
        """What differs, by the schema's lines; a kind says here what they cannot."""
        return self.schema.changes(olds, news)

    def wait_for_operation(self, call: Call, inputs: State, live: State) -> State:
        """One that exists, once no operation is under way on it; by default at once. Raises `NotFound`."""
        del call, inputs
        return live

    def await_creation(self, call: Call, inputs: State) -> None:
        """Waits until no operation of an earlier run may still create it; by default at once."""
        del call, inputs

    def wait_until_stable(self, call: Call, inputs: State, live: State) -> State:
        """One that exists, once nothing is going on with it any more; by default at once."""
        del call, inputs
        return live

    def is_own(self, inputs: State, live: State, mark: str, *, made: bool) -> bool:
        """Whether a failed `make` created the resource that exists now.

        Args:
            inputs: of the program.
            live: the resource as the API has it.
            mark: the owner label of this declaration; empty if it has none.
            made: whether a write succeeded.
        """
        del inputs
        return ownership.is_marked(live, mark) if mark else made or self.create_adopts_existing

    def replacement_hint(self, news: State, path: str) -> str:
        """What to write instead of a change of this field that cannot be made in place."""
        del news, path
        return "Give it another name, or say allowDowntime: true to have it deleted and made again"
