"""The provider's process and the engine that started it: progress beside a resource, threads, the engine's death.

Private parts of `pulumi.dynamic` are touched here and in `provider` only, and each is optional: without it, a resource
is made all the same.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import select
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

WORKERS = 64
"""How many operations the provider runs at a time. `pulumi.dynamic` stops at 4; the engine's own bound comes first."""


def current_urn() -> str:
    """The URN of the resource that the engine is asking about; empty where nothing is asked.

    Pulumi does not pass it to a dynamic provider. It stands in the frame of the call that came from the engine.
    """
    for frame in _callers():
        urn = getattr(frame.f_locals.get("request"), "urn", "")
        if urn:
            return str(urn)
    return ""


def request_properties(field: str) -> dict[str, Any]:
    """Properties in a field of the engine's request that `pulumi.dynamic` does not pass on; empty if it has none.

    Args:
        field: `old_inputs` for update and delete, `inputs` for read.
    """
    for frame in _callers():
        properties = getattr(frame.f_locals.get("request"), field, None)
        if properties:
            from pulumi.runtime import rpc

            return dict(rpc.deserialize_properties(properties))
    return {}


class Reporter:
    """Shows a text beside a resource while the engine waits for it; each takes the place of the one before.

    Args:
        urn: of the resource.
        hide: takes secrets out of a text.
    """

    def __init__(self, urn: str, hide: Callable[[str], str]) -> None:
        self._urn, self._hide, self._last = urn, hide, ""

    def __call__(self, text: str) -> None:
        """Shows it, if it is another one than before."""
        if text != self._last:
            self._last = text
            self._log(text, "INFO", ephemeral=True)

    def warn(self, text: str) -> None:
        """Shows it as a warning, which stays when the resource is done."""
        self._log(text, "WARNING", ephemeral=False)

    def _log(self, text: str, severity: str, *, ephemeral: bool) -> None:
        engine = _engine()
        if engine is None or not self._urn:
            return
        import grpc
        from pulumi.runtime.proto import engine_pb2

        level = engine_pb2.LogSeverity.Value(severity)
        request = engine_pb2.LogRequest(severity=level, message=self._hide(text), urn=self._urn, ephemeral=ephemeral)
        with contextlib.suppress(grpc.RpcError):  # progress is a courtesy: the work goes on without it
            engine.Log(request, timeout=2)


@cache
def _engine() -> Any:
    import grpc
    from pulumi.runtime.proto import engine_pb2_grpc

    address = sys.argv[1] if len(sys.argv) > 1 else ""
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if ":" in address else None


def widen() -> None:
    """Lets the executor that runs this very call start more threads: waiting for Google is no work."""
    for frame in _callers():
        reference = frame.f_locals.get("executor_reference")
        executor = reference() if callable(reference) else None
        if isinstance(executor, ThreadPoolExecutor):
            executor._max_workers = max(WORKERS, executor._max_workers)  # there is no public way


def die_with_engine() -> None:
    """Ends this process as soon as the engine is gone: nobody would hear what became of its calls."""
    engine = _ancestor("pulumi")
    if engine:
        threading.Thread(target=_watch, args=(engine,), daemon=True, name="engine-watch").start()


def folder() -> Path | None:
    """The folder in which the engine runs, that of the user's shell; None if the engine is not found."""
    engine = _ancestor("pulumi")
    try:
        return Path(f"/proc/{engine}/cwd").readlink() if engine else None
    except OSError:
        return None


def _watch(pid: int) -> None:
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        os._exit(1)
    select.select([handle], [], [])
    os._exit(1)


def _ancestor(name: str) -> int:
    """The nearest process above this one with this name; 0 if there is none, or where there is no /proc."""
    pid = os.getppid()
    while pid > 1:
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return 0
        command, _, rest = text.partition(" (")[2].rpartition(") ")
        if command == name:
            return pid
        pid = int(rest.split()[1])
    return 0


def _callers() -> list[FrameType]:
    frames, frame = [], inspect.currentframe()
    while frame:
        frames.append(frame)
        frame = frame.f_back
    return frames
