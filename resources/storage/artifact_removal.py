"""Deletes artifacts, unless another stack claims them meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from artifact_format.manifest import MANIFEST
from gcp import errors
from resources.engine.provider import Call, State
from resources.storage import manifests
from resources.storage.transfer import copies, parallel

Claims = list[State]


def remove(call: Call, bucket: str, items: list[State], claimed: Callable[[], Claims]) -> Claims:
    """Deletes exactly these generations, manifests first, so that a failure does not leave what looks complete.

    Args:
        call: the provider's call.
        bucket: that holds them.
        items: the objects, as listed by `objects.list`.
        claimed: lists the claims that forbid the deletion; called once the manifests are gone. A stack that claims the
            artifact later finds no manifest, and so does not trust existing files (decision 007).

    Returns:
        The claims that stopped it, in which case everything is restored. Empty if all objects are deleted.
    """
    first = [item for item in items if manifests.is_one(item["name"]) and "timeDeleted" not in item]
    rest = [item for item in items if item not in first]
    contents = _contents(call, bucket, first)
    done = parallel.Progress(call, "deleting", len(items))
    parallel.delete_all(call, bucket, first, done)
    claims = claimed()
    if claims:
        _put_back(call, bucket, contents, rest)
    else:
        parallel.delete_all(call, bucket, rest, done)
    return claims


def _contents(call: Call, bucket: str, items: list[State]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for item in items:
        try:
            found[item["name"]] = manifests.content(call.api, bucket, item["name"], item["generation"])
        except errors.NotFound:  # noqa: PERF203 - another stack deleted it first
            continue
    return found


def _put_back(call: Call, bucket: str, contents: Mapping[str, bytes], rest: list[State]) -> None:
    """Restores each manifest whose files all still exist. Copies them first, as a third stack may be deleting them."""
    for name, content in contents.items():
        folder = name.removesuffix(MANIFEST)
        files = [item for item in rest if item["name"].startswith(folder) and "timeDeleted" not in item]
        if not copies.renew(call, bucket, files):
            parallel.put(call, bucket, name, content)
