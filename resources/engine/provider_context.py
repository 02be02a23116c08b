"""What a provider's verb works with: the API, the resource's row on the screen, a bound on waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gcp import api as _api
from gcp import operations as _operations

State = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a provider's verb works with.

    Attributes:
        api: the seam to Google.
        what: what is going on, for messages: "create version fashion_mnist/v2".
        urn: the resource's URN; empty where the engine did not say.
        project: the stack's `gcp:project`; empty where it has none.
        report: shows a short text beside the resource.
        warn: tells the user what stays to be known after the resource is done.
        timeout: seconds that an operation may take.
        hide: takes the secrets of the inputs out of a text.
    """

    api: _api.Api
    what: str
    urn: str
    report: Callable[[str], None]
    warn: Callable[[str], None]
    timeout: float
    hide: Callable[[str], str]
    project: str = ""

    def operate(self, request: Any, *, repeatable: bool) -> State:
        """Starts an `ml` operation, when there is a place for it, and waits for it; returns its response."""
        with self.api.places.taken(lambda: self.report("waiting: as many operations run as the limit allows")):
            return self.wait(self.api.call(request, repeatable=repeatable), request.methodId)

    def wait(self, operation: State, method: str) -> State:
        """The response of an `ml` operation that this method began, once it has ended."""
        operations = self.api.ml("projects.operations")
        with self.api.polls.waiting() as least:
            return _operations.wait(
                lambda name: self.api.call(operations.get(name=name)),
                operation,
                what=self.what,
                method=method,
                timeout=self.timeout,
                progress=self.report,
                least=least,
            )
