"""The paths below `/-/`: what the emulator reports of itself, and injected faults.

No path of this machine is in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from emulator.core.calls import faults
from emulator.core.calls.admission import Admission
from emulator.core.calls.metrics import Metrics
from emulator.core.operations import Operations
from emulator.rest.api_registration import Apis
from emulator.rest.http_call import Call
from emulator.rest.request import Response
from gcp import errors

NAME = "tf2-models emulator"
PREFIX = "/-/"


class AdminEndpoints:
    """The emulator's own endpoints, and those that the APIs add.

    Args:
        apis: the APIs, each with its part of the status and its reports.
        admission: counts of calls, and injected faults.
        metrics: the last minute's predictions, and the latest calls.
        operations: the long-running operations.
        facts: gives what else the status shows.
    """

    roots = frozenset({"-"})
    challenge = ""

    def __init__(
        self,
        apis: Apis,
        admission: Admission,
        metrics: Metrics,
        operations: Operations,
        facts: Callable[[], dict[str, Any]],
    ) -> None:
        self._apis, self._admission, self._metrics = apis, admission, metrics
        self._operations, self._facts = operations, facts
        self._reports = {path: report for api in apis.all for path, report in api.reports.items()}
        self._started = time.monotonic()

    def owns(self, path: str) -> bool:
        """Whether a path is below `/-/`."""
        return path.startswith(PREFIX)

    async def respond(self, call: Call) -> Response:
        """The answer to a call. Raises `NotFound`, and `InvalidArgument` for wrong faults."""
        verb, path = call.verb, call.raw_path.removeprefix(PREFIX)
        if (verb, path) == ("GET", "status"):
            return Response(body=self.status())
        if (verb, path) == ("GET", "metrics"):
            return Response(body={**self._metrics.to_json(), "calls": self._metrics.calls()})
        if path == "calls" and verb in ("GET", "DELETE"):
            return self._calls(verb)
        if path == "faults" and verb in ("GET", "PUT", "DELETE"):
            return await self._faults(call)
        for name, report in self._reports.items():
            if verb == "GET" and (path == name or (name.endswith("/") and path.startswith(name))):
                return Response(body=await report(path.removeprefix(name)))
        raise errors.NotFound(self._help())

    def status(self) -> dict[str, Any]:
        """What runs, for how long, how it is set, and what each API adds."""
        parts = [api.status() for api in self._apis.all]
        return {
            "name": NAME,
            "uptime": round(time.monotonic() - self._started, 3),
            **self._facts(),
            **{key: value for part in parts for key, value in part.items()},
            "runningOperations": self._operations.count_running(),
            "calls": sum(self._admission.calls.values()),
        }

    def _calls(self, verb: str) -> Response:
        if verb == "GET":
            return Response(body=dict(sorted(self._admission.calls.items())))
        self._admission.forget()
        return Response(status=204)

    async def _faults(self, call: Call) -> Response:
        injected = self._admission.faults
        if call.verb == "GET":
            return Response(body=injected.to_json())
        methods = {method.id for method in self._apis.methods}
        injected.replace(faults.parse(await call.read(), methods) if call.verb == "PUT" else [])
        return Response(status=204)

    def _help(self) -> str:
        reports = "".join(f", {PREFIX}{name}{'NAME' if name.endswith('/') else ''}" for name in self._reports)
        return (
            f"There is GET /-/status, /-/metrics{reports}, GET and DELETE /-/calls, and GET, PUT and DELETE /-/faults."
        )
