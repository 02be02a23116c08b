"""What a provider's verb works with: the API, the resource's row on the screen, a timeout."""

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
        api: sends the calls.
        service: the API that has the resource.
        what: the verb and the resource, for messages: "create version fashion_mnist/v2".
        urn: the resource's URN; empty if unknown.
        project: the stack's `gcp:project`; empty if not set.
        report: shows a short text beside the resource while it runs.
        warn: shows a warning that stays on the screen.
        timeout: seconds that an operation may take.
        hide: removes the secrets of the inputs from a text.
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
        """Starts a long-running operation as soon as the limit allows, waits for it and returns its response."""
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
        """Counts this thread as waiting while the block runs; yields a function for the minimum pause in seconds."""
        return self.api.limits(self.service).polls.waiting()

    def wait(self, operation: State, method: str) -> State:
        """Waits for an operation that this method began; returns its response."""
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
        """`operations.pauses` for this many seconds (default: the verb's timeout), until the user cancels."""
        return operations.pauses(self.timeout if timeout is None else timeout, least, self.api.clock)
