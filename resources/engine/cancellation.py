"""Ctrl-C during `pulumi up`: the engine's `Cancel` ends every wait of the provider's process.

The `Cancel` of `pulumi.dynamic` does nothing. gRPC binds the handlers when the process starts, before code of this
project runs, so a new method would not be called: the code of the existing function is replaced.
"""

from __future__ import annotations

import inspect
import threading
from types import FunctionType
from typing import Any

from gcp.clock import CancellableClock

CANCELLED = threading.Event()
"""Set when the user cancels the run."""
CLOCK = CancellableClock(CANCELLED)
"""The clock of every wait in this process."""


def listen() -> None:
    """Makes the engine's `Cancel` set `CANCELLED`. Does nothing outside of a call by the engine."""
    frame = inspect.currentframe()
    while frame:
        cancel = getattr(type(frame.f_locals.get("self")), "Cancel", None)
        if isinstance(cancel, FunctionType) and "request" in frame.f_locals:
            cancel.__code__ = _cancel.__code__
            return
        frame = frame.f_back


def _cancel(self: Any, request: Any, context: Any) -> Any:  # noqa: ARG001 - the signature of the servicer
    # Runs with the globals of `pulumi.dynamic.__main__`, so it can use only what it imports itself.
    import sys

    from google.protobuf import empty_pb2

    sys.modules["resources.engine.cancellation"].CANCELLED.set()
    return empty_pb2.Empty()
