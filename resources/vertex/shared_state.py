"""Which version of the API a call uses, and what a call on a resource has to wait for.

It waits for other calls on the resource, and for operations that an earlier process began.
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
    """The call, through v1beta1 if any of these inputs or outputs has `preview: true`.

    A resource written through v1beta1 is also read through it: v1 does not return the fields that only v1beta1 has.
    """
    return replace(call, service=VERTEX_PREVIEW) if any(each.get("preview") for each in values) else call


@contextmanager
def alone(call: Call, name: str) -> Iterator[None]:
    """Runs the block once no other block of this process and no operation is working on the model or endpoint.

    The service rejects a second operation on an endpoint. And an upload that another process began may still create
    the version that this process is about to upload.

    Args:
        call: used to list and await operations.
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
    """Waits until every operation on this resource has succeeded or failed."""
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
        return  # reported by the process that began it
