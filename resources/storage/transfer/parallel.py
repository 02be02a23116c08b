"""Many objects at once: listing, deleting and whatever else in parallel, on connections that are kept."""

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
    """Path below a prefix -> the object."""
    folder = f"{prefix}/"
    return {item["name"].removeprefix(folder): item for item in listed(call, bucket, folder)}


def facts(item: Mapping[str, Any]) -> State:
    """A file's facts: the engine hands its size over as a float, the API as a string."""
    return {"size": int(item["size"]), "crc32c": item["crc32c"]}


def put(call: Call, bucket: str, name: str, content: bytes, **fields: Any) -> bool:
    """`objects.insert` of a few bytes, unless there is an object of this name; says whether there was none."""
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
    """`objects.delete` of exactly these generations; what is gone already is no failure. `done` counts them."""

    def delete(item: State) -> None:
        request = call.methods("objects").delete(bucket=bucket, object=item["name"], generation=item["generation"])
        with contextlib.suppress(errors.NotFound):
            call.api.call(request, repeatable=True)
        done.add(1)

    each(items, delete)


class Progress:
    """How much of a sum is done, shown beside the resource when the percentage changes."""

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
                self._call.report(f"{self._verb} {percent} %")  # in the lock: a later figure is shown later


def confirm(call: Call, bucket: str, name: str, size: int, crc32c: str) -> None:
    """The name is taken: that is right if the bytes are these. Nothing is overwritten.

    Raises:
        ArtifactError: they are others.
    """
    live = call.api.call(call.methods("objects").get(bucket=bucket, object=name))
    if live.get("crc32c") != crc32c or int(live["size"]) != size:
        raise ArtifactError(
            f"gs://{bucket}/{name} holds other bytes (crc32c {live.get('crc32c')}, not {crc32c}); "
            "it was changed outside: delete it and run again"
        )


def each(items: Iterable[Item], work: Callable[[Item], object]) -> None:
    """Does the work for all items on the shared threads; the first failure is raised and the rest is left out."""
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
    """Threads that keep their connections, shared by every SavedModel of the process."""
    return ThreadPoolExecutor(PARALLEL, thread_name_prefix="objects")
