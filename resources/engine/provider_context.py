"""What a provider's verb works with: the API, the resource's row on the screen, a bound on waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from gcp import api as _api
from gcp import errors, operations
from gcp.services import Service

State = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a provider's verb works with.

    Attributes:
        api: the seam to Google.
        service: the API that has the resource.
        what: what is going on, for messages: "create version fashion_mnist/v2".
        urn: the resource's URN; empty where the engine did not say.
        project: the stack's `gcp:project`; empty where it has none.
        report: shows a short text beside the resource.
        warn: tells the user what stays to be known after the resource is done.
        timeout: seconds that an operation may take.
        hide: takes the secrets of the inputs out of a text.
    """

    api: _api.Api
    service: Service
    what: str
    urn: str
    report: Callable[[str], None]
    warn: Callable[[str], None]
    timeout: float
    hide: Callable[[str], str]
    project: str = ""

    def methods(self, path: str) -> Any:
        """The methods of a collection of the resource's API: `projects.models.versions`."""
        return self.api.methods(self.service, path)

    def operate(self, request: Any, *, repeatable: bool) -> State:
        """Starts a long-running operation, as soon as the limit on them allows, and waits; returns its response."""
        limit = self.api.limits(self.service).operations
        with limit.acquired(lambda: self.report("waiting: as many operations run as the limit allows")):
            operation = self.api.call(request, repeatable=repeatable)
            self.api.effects.operation = operation["name"]
            try:
                response = self.wait(operation, request.methodId)
            except errors.OperationFailed as error:
                self.api.effects.operation, error.hint = "", self.service.hint(error)
                raise
            self.api.effects.operation = ""
            return response

    def polling(self) -> AbstractContextManager[Callable[[], float]]:
        """Counts as waiting for as long as the block runs; gives the least pause between two polls, in seconds."""
        return self.api.limits(self.service).polls.waiting()

    def wait(self, operation: State, method: str) -> State:
        """The response of an operation that this method began, once it has ended."""
        collection = self.methods(self.service.operations_with(operation["name"]))
        with self.polling() as least:
            return operations.wait(
                lambda name: self.api.call(collection.get(name=name)),
                operation,
                what=self.what,
                method=method,
                timeout=self.timeout,
                progress=self.report,
                least=least,
                clock=self.api.clock,
            )

    def pauses(self, timeout: float | None = None, least: Callable[[], float] = lambda: 0.0) -> Iterator[float]:
        """`operations.pauses` for this many seconds, by default those of the verb, until the user cancels."""
        return operations.pauses(self.timeout if timeout is None else timeout, least, self.api.clock)
