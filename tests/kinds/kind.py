"""What the tests of contract, changes, drift and faults know of one kind of resource."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gcp import errors
from resources.engine.provider import Provider
from tests.kinds.rows import Row, edited, fill
from tests.kinds.world import World
from tests.providers import State
from tests.running import RunningEmulator

USES = ("path", "patches", "fixed", "rows", "theirs", "faults")
"""The attributes of a `Kind` by which a test looks at it; one without them says why."""
THEIR_LABELS = {"team": "a", "cost": "theirs"}


@dataclass(frozen=True, kw_only=True)
class FaultCase:
    """How a kind is tried with faults.

    Attributes:
        calls: verb -> every API method that the provider calls for it.
        inputs: edit of the kind's inputs.
        arrange: does more of what must exist before; gets the inputs, and returns those to use.
        change: what `update` is for, in the place of the kind's first patch.
        before: verb -> what happens to the world between `create` and this verb; gets the inputs.
    """

    calls: dict[str, list[str]]
    inputs: State = dataclasses.field(default_factory=dict)
    arrange: Callable[[World, State], State] = lambda _, inputs: inputs
    change: State | None = None
    before: Mapping[str, Callable[[World, State], object]] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of resource. What differs from test to test is written as `<...>`: see `World.names`.

    Attributes:
        inputs: what a program declares.
        needs: what must exist before: kinds, and edits of their inputs.
        identity: its ID, which is mostly its path at the API; `*` stands for what the provider makes up.
        body: the JSON of the one call that creates it; None where there is no such call.
        create: the method of that call.
        patch: the method that changes it in place; empty where several do, or none.
        delete: the method that deletes it; empty where several do, or none.
        operations: those of its methods that begin a long-running operation.
        get: reads it at the API; gets its ID.
        path: an edit that means another resource.
        patches: edits that are made in place, and the fields that each changes.
        fixed: an edit that cannot be made in place.
        rows: every change of every field.
        theirs: what others may set, in fields that the program does not declare, and in its labels.
        conflict: what the API answers to a patch of what somebody else has changed since it was read.
        faults: what is special, or nothing -> how it is tried with faults.
        request: from the fields of `body`, or of a row, to the JSON of `create`.
        vanishes: whether `delete` removes it from the API.
        replaced: False where replacements are tried elsewhere: each would be two jobs that run.
        without: the attributes of `USES` that it lacks -> the reason.
    """

    provider: type[Provider]
    inputs: State
    needs: tuple[tuple[Kind, State], ...] = ()
    identity: str
    body: State | None = None
    create: str = ""
    patch: str = ""
    delete: str = ""
    operations: tuple[str, ...] = ()
    get: Callable[[RunningEmulator, str], Any] | None = None
    path: State
    patches: tuple[tuple[State, list[str]], ...] = ()
    fixed: State = dataclasses.field(default_factory=dict)
    rows: list[Row]
    theirs: State = dataclasses.field(default_factory=dict)
    conflict: type[errors.ApiError] = errors.Aborted
    faults: dict[str, FaultCase] = dataclasses.field(default_factory=dict)
    request: Callable[[State], State] = dict
    vanishes: bool = True
    replaced: bool = True
    without: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def class_name(self) -> str:
        """The name of its class: `Bucket`."""
        return self.provider.__name__.removesuffix("Provider")

    @property
    def name(self) -> str:
        """Its class with the folder that it is in, since platforms share words: `ml.Model`, `vertex.Model`."""
        return f"{self.provider.__module__.split('.')[1]}.{self.class_name}"

    @property
    def replaceable(self) -> bool:
        """Whether it has `allowDowntime`, by which a refusal becomes a replacement."""
        return "allowDowntime" in self.provider.schema.types

    def declare(self, world: World, edit: State | None = None) -> State:
        """Makes what must exist before; returns the inputs with an edit, in which None removes."""
        self.prepare(world)
        return world.labelled(fill(edited(self.inputs, edit or {}), world.names()))

    def prepare(self, world: World) -> None:
        """Makes what must exist before, and does not exist in this world yet."""
        for kind, edit in self.needs:
            inputs = kind.declare(world, edit)
            identity = kind.provider().identity(inputs)
            if identity not in world.existing:
                world.made(kind.provider, inputs)
                world.existing.add(identity)
