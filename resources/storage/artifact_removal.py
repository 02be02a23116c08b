"""Artifacts that go, unless somebody claims them meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from artifact_format.manifest import MANIFEST
from gcp import errors
from resources.engine.provider import Call, State
from resources.storage import manifests
from resources.storage.transfer import copies, parallel

Claims = list[State]


def remove(call: Call, bucket: str, items: list[State], claimed: Callable[[], Claims]) -> Claims:
    """Deletes exactly these generations: manifests first, so that what is left by a failure does not look whole.

    Args:
        call: what it is done with.
        bucket: where they lie.
        items: the objects, as `objects.list` showed them.
        claimed: lists the claims that forbid it. Whoever comes after this second look finds no manifest, and therefore
            trusts nothing that is there (decision 007).

    Returns:
        The claims that stopped it; then all is as it was. Empty where all is deleted.
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
        except errors.NotFound:  # noqa: PERF203 - another stack is faster
            continue
    return found


def _put_back(call: Call, bucket: str, contents: Mapping[str, bytes], rest: list[State]) -> None:
    """Each manifest whose files are all there still; a third stack may be deleting them, so they are renewed first."""
    for name, content in contents.items():
        folder = name.removesuffix(MANIFEST)
        files = [item for item in rest if item["name"].startswith(folder) and "timeDeleted" not in item]
        if not copies.renew(call, bucket, files):
            parallel.put(call, bucket, name, content)
