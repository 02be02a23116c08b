"""The provider's process and the engine that started it: progress beside a resource, threads, the engine's death.

Private parts of `pulumi.dynamic` are touched here and in `provider` only, and each is optional: without it, a resource
is made all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import select
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

WORKERS = 64
"""How many operations the provider runs at a time. `pulumi.dynamic` stops at 4; the engine's own bound comes first."""


_UNKNOWN = 2
"""The gRPC code of a handler that raises; the engine refuses details with another one."""


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


def fail_partially(id_: str, outputs: Mapping[str, Any], secret: Collection[str], reason: str) -> None:
    """Makes the engine store a state, although the call that it waits for is about to fail.

    This is Pulumi's `ErrorResourceInitFailed`, which `pulumi.dynamic` does not offer. It goes into the trailing
    metadata of the gRPC context, which is found in the frame of the call. From then on the engine calls `update` in
    each run until one succeeds.

    Args:
        id_: of the resource.
        outputs: the state, with `__provider`.
        secret: names of outputs that are or hold secrets. The engine marks by itself only those that are secret in
            the new inputs.
        reason: the error, without secrets: the engine shows it instead of the exception, and stores it.
    """
    contexts = (frame.f_locals.get("context") for frame in _callers())
    context: Any = next((each for each in contexts if hasattr(each, "set_trailing_metadata")), None)
    if context is None:
        return
    from google.rpc import status_pb2  # type: ignore[import-untyped]  # it has none
    from pulumi.runtime import rpc
    from pulumi.runtime.proto import provider_pb2

    mark = {rpc._special_sig_key: rpc._special_secret_sig}  # there is no public way
    marked = {name: {**mark, "value": item} if name in secret else item for name, item in outputs.items()}
    loop = asyncio.new_event_loop()
    properties = loop.run_until_complete(rpc.serialize_properties(marked, {}))
    loop.close()
    status = status_pb2.Status(code=_UNKNOWN, message=reason)
    status.details.add().Pack(provider_pb2.ErrorResourceInitFailed(id=id_, properties=properties, reasons=[reason]))
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))


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

    def note(self, text: str) -> None:
        """Shows it as information, which stays when the resource is done."""
        self._log(text, "INFO", ephemeral=False)

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
