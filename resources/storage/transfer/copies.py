"""Copies objects within Cloud Storage, without passing through this machine."""

from __future__ import annotations

from dataclasses import dataclass

from gcp import errors
from resources.engine.provider import Call, State
from resources.storage.transfer import parallel

PART = 256 * 2**20
"""Bytes per call of a copy to another location or storage class; progress is shown between calls."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One object to copy.

    Attributes:
        bucket: the source.
        item: the object there, as listed by `objects.list`; exactly this generation is copied.
        name: of the copy.
        replaces: the generation that the copy replaces; 0 if the name must not exist.
    """

    bucket: str
    item: State
    name: str
    replaces: int = 0


def copy_all(call: Call, bucket: str, copies: list[Copy]) -> None:
    """`objects.rewrite` of all objects, in parallel; stops at the first failure."""
    done = parallel.Progress(call, "copying", sum(int(copy.item["size"]) for copy in copies))
    parallel.each(copies, lambda copy: _copy(call, bucket, copy, done))


def renew(call: Call, bucket: str, items: list[State]) -> set[str]:
    """Gives objects new generations, so that another stack's deletion of the listed generations misses them.

    Returns:
        The names of objects that no longer exist.
    """
    gone: set[str] = set()
    done = parallel.Progress(call, "taking over existing files:", sum(int(item["size"]) for item in items))

    def renew_one(item: State) -> None:
        copy = Copy(bucket=bucket, item=item, name=item["name"], replaces=int(item["generation"]))
        try:
            _copy(call, bucket, copy, done)
        except errors.NotFound:
            if not _is_new(call, bucket, item):  # else this call already took effect, and its response was lost
                gone.add(item["name"])

    parallel.each(items, renew_one)
    return gone


def _is_new(call: Call, bucket: str, item: State) -> bool:
    try:
        live = call.api.call(call.methods("objects").get(bucket=bucket, object=item["name"]))
    except errors.NotFound:
        return False
    return bool(live["generation"] != item["generation"] and live["crc32c"] == item["crc32c"])


def _copy(call: Call, bucket: str, copy: Copy, done: parallel.Progress) -> None:
    """Calls the API until the copy is complete: each call copies a part and returns a token to continue."""
    answer: State = {}
    size, copied = int(copy.item["size"]), 0
    while not answer.get("done"):
        request = call.methods("objects").rewrite(
            sourceBucket=copy.bucket,
            sourceObject=copy.item["name"],
            sourceGeneration=str(copy.item["generation"]),
            destinationBucket=bucket,
            destinationObject=copy.name,
            ifGenerationMatch=str(copy.replaces),
            maxBytesRewrittenPerCall=str(PART),
            rewriteToken=answer.get("rewriteToken"),
            body={},
        )
        try:
            answer = call.api.call(request, repeatable=True)
        except errors.PreconditionFailed:
            parallel.confirm(call, bucket, copy.name, size, copy.item["crc32c"])
            answer = {"done": True, "totalBytesRewritten": size}
        now = int(answer["totalBytesRewritten"])
        done.add(now - copied)
        copied = now
