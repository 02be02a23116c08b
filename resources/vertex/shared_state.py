"""Which version of the API a call uses, and what calls on one resource have to wait for.

That is each other, and operations that an earlier process began.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from gcp import errors
from resources.engine.provider import Call, State
from resources.vertex.service import VERTEX_PREVIEW

_locks: dict[str, threading.RLock] = defaultdict(threading.RLock)
_guard = threading.Lock()


def versioned(call: Call, *values: Mapping[str, Any]) -> Call:
    """The call, by v1beta1 if any of these inputs or outputs says `preview: true`.

    A resource that was written by v1beta1 is read by it, too: v1 does not answer what only v1beta1 has.
    """
    return replace(call, service=VERTEX_PREVIEW) if any(each.get("preview") for each in values) else call


@contextmanager
def alone(call: Call, name: str) -> Iterator[None]:
    """Runs the block when no other of this process, and no unfinished operation, is at work on a model or endpoint.

    The service refuses a second operation on one endpoint, and an upload that another process began may still make the
    version that this one is about to upload.

    Args:
        call: what it is done with.
        name: the full name of the model or endpoint.
    """
    with _guard:
        lock = _locks[name]
    if not lock.acquire(blocking=False):
        call.report(f"waiting: another operation on {name.rpartition('/')[2]} comes first")
        lock.acquire()
    try:
        _await_operations(call, name)
        yield
    finally:
        lock.release()


def _await_operations(call: Call, name: str) -> None:
    """Waits until every operation on this resource has ended, well or not."""
    collection = ".".join([*name.split("/")[::2], "operations"])
    try:
        listed = list(call.api.listed(call.methods(collection), "operations", name=name))
    except errors.NotFound:
        return
    for operation in listed:
        if not operation.get("done"):
            _await(call, operation, collection)


def _await(call: Call, operation: State, collection: str) -> None:
    call.report("waiting for an operation that began earlier")
    try:
        call.wait(operation, f"aiplatform.{collection}.get")
    except (errors.OperationFailed, errors.NotFound):
        return  # whoever began it has the error
