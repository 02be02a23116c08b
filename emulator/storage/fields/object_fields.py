"""The fields of an object: which a caller may write, and which may change while the bytes stay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulator.core import rfc3339
from emulator.storage import retention
from emulator.storage.fields import shared_fields
from gcp import errors

MUTABLE = frozenset(
    {
        "acl",
        "cacheControl",
        "contentDisposition",
        "contentEncoding",
        "contentLanguage",
        "contentType",
        "contexts",
        "customTime",
        "eventBasedHold",
        "metadata",
        "retention",
        "temporaryHold",
    }
)
"""Fields that `patch` and `update` change."""

FIXED = frozenset({"storageClass", "kmsKeyName"})
"""Fields that a caller sets only together with the bytes; `rewrite` makes an object with other values."""

HEADERS = {
    "content-type": "contentType",
    "content-encoding": "contentEncoding",
    "content-disposition": "contentDisposition",
    "content-language": "contentLanguage",
    "cache-control": "cacheControl",
}
"""HTTP headers of a download, and the fields that hold their values."""

_METADATA_BYTES = 8 * 1024


def given(body: Mapping[str, Any], bucket: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns the fields of a new object that a caller may write, checked; all others in the body are ignored.

    Args:
        body: the request's object resource.
        bucket: the stored fields of the bucket: its storage class and hold are the defaults.
        now: current time.

    Raises:
        errors.InvalidArgument: a value is not allowed.
    """
    kept = {key: value for key, value in body.items() if key in MUTABLE | FIXED}
    new = checked({"storageClass": bucket["storageClass"], **shared_fields.without_nulls(kept)})
    return retention.new(new, bucket, now)


def changed(old: Mapping[str, Any], body: Mapping[str, Any], *, replace: bool) -> dict[str, Any]:
    """Returns the fields after a `patch` (merge) or an `update` (replace) with `body`.

    Raises:
        errors.InvalidArgument: a value is not allowed, or a fixed field would change.
    """
    shared_fields.require_unchanged(old, body, FIXED, "object")
    wanted = {key: value for key, value in body.items() if key in MUTABLE}
    staying = {key: old[key] for key in (FIXED | {"customTime"}) & old.keys()}
    new = checked({**staying, **shared_fields.without_nulls(wanted)} if replace else shared_fields.merged(old, wanted))
    _require_later(old, new)
    return new


def _require_later(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    before, after = old.get("customTime"), new.get("customTime")
    if before is not None and (after is None or rfc3339.parse(after) < rfc3339.parse(before)):
        raise errors.InvalidArgument(f"The customTime of an object is not removed, and not set back before {before}.")


def checked(resource: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields if they are valid, with times in UTC.

    Raises:
        errors.InvalidArgument: an unknown storage class, more than 8 KiB of metadata, or control characters in a field
            that becomes an HTTP header.
    """
    shared_fields.check_storage_class(resource["storageClass"])
    for field in HEADERS.values():
        if any(ord(char) < 0x20 or ord(char) == 0x7F for char in resource.get(field, "")):
            raise errors.InvalidArgument(f"Invalid {field}: control characters are not allowed.")
    if "customTime" in resource:
        resource["customTime"] = rfc3339.exact(rfc3339.parse(resource["customTime"]))
    if not resource.get("retention"):
        resource.pop("retention", None)
    elif "retainUntilTime" in resource["retention"]:
        until = rfc3339.exact(rfc3339.parse(resource["retention"]["retainUntilTime"]))
        resource["retention"] = {**resource["retention"], "retainUntilTime": until}
    metadata = resource.get("metadata", {})
    size = sum(len(key) + len(value.encode("utf-8", "replace")) for key, value in metadata.items())
    if size > _METADATA_BYTES:
        raise errors.InvalidArgument(f"The metadata takes {size} bytes; at most {_METADATA_BYTES} are allowed.")
    if not metadata:
        resource.pop("metadata", None)
    return resource
