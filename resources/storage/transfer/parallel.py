"""Works on many objects in parallel, on persistent connections: listing, deleting, checking."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

from gcp import errors
from resources.deploy_errors import ArtifactError
from resources.engine.provider import Call, State

PARALLEL = 8
Item = TypeVar("Item")


def listed(call: Call, bucket: str, prefix: str = "", *, versions: bool = False) -> Iterator[State]:
    """`objects.list`, page by page."""
    objects = call.methods("objects")
    return call.api.listed(objects, "items", bucket=bucket, prefix=prefix or None, versions=versions, maxResults=1000)


def below(call: Call, bucket: str, prefix: str) -> dict[str, State]:
    """Path relative to a prefix -> object."""
    folder = f"{prefix}/"
    return {item["name"].removeprefix(folder): item for item in listed(call, bucket, folder)}


def facts(item: Mapping[str, Any]) -> State:
    """A file's size and checksum. The size may be a float (from the engine) or a string (from the API)."""
    return {"size": int(item["size"]), "crc32c": item["crc32c"]}


def put(call: Call, bucket: str, name: str, content: bytes, **fields: Any) -> bool:
    """`objects.insert` of a few bytes, unless the name exists; returns whether it was inserted."""
    from googleapiclient.http import MediaInMemoryUpload

    media = MediaInMemoryUpload(content, mimetype="application/octet-stream")
    request = call.methods("objects").insert(
        bucket=bucket, name=name, body=fields, media_body=media, ifGenerationMatch="0"
    )
    try:
        call.api.call(request, repeatable=True)
    except errors.PreconditionFailed:
        return False
    return True


def delete_all(call: Call, bucket: str, items: list[State], done: Progress) -> None:
    """`objects.delete` of exactly these generations; those already deleted are ignored. `done` counts them."""

    def delete(item: State) -> None:
        request = call.methods("objects").delete(bucket=bucket, object=item["name"], generation=item["generation"])
        with contextlib.suppress(errors.NotFound):
            call.api.call(request, repeatable=True)
        done.add(1)

    each(items, delete)


class Progress:
    """Shows the percentage done beside the resource, whenever it changes."""

    def __init__(self, call: Call, verb: str, total: int) -> None:
        self._call, self._verb, self._total = call, verb, max(total, 1)
        self._done, self._shown, self._lock = 0, -1, threading.Lock()

    def add(self, amount: int) -> None:
        """Counts more as done."""
        with self._lock:
            self._done += amount
            percent = 100 * self._done // self._total
            if percent != self._shown:
                self._shown = percent
                self._call.report(f"{self._verb} {percent} %")  # in the lock, so that percentages are shown in order


def confirm(call: Call, bucket: str, name: str, size: int, crc32c: str) -> None:
    """Checks that an existing object has this size and checksum; overwrites nothing.

    Raises:
        ArtifactError: it differs.
    """
    live = call.api.call(call.methods("objects").get(bucket=bucket, object=name))
    if live.get("crc32c") != crc32c or int(live["size"]) != size:
        raise ArtifactError(
            f"gs://{bucket}/{name} differs: expected crc32c {crc32c}, got {live.get('crc32c')}; "
            "it was changed outside: delete it and run again"
        )


def each(items: Iterable[Item], work: Callable[[Item], object]) -> None:
    """Does the work for all items on shared threads; raises the first failure and cancels the rest."""
    futures = [_pool().submit(work, item) for item in items]
    try:
        for future in futures:
            future.result()
    finally:
        for future in futures:
            future.cancel()
        for future in futures:
            if not future.cancelled():
                future.exception()


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads with persistent connections, shared by all SavedModels of the process."""
    return ThreadPoolExecutor(PARALLEL, thread_name_prefix="objects")
