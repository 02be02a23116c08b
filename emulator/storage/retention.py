"""What keeps an object: holds, its own retention configuration, and the retention policy of its bucket.

A held object is not deleted, replaced or made noncurrent. A retained one is not deleted or replaced before its time;
with versioning it may become noncurrent, and its noncurrent generation is then kept. Metadata may change.

Source: Cloud Storage, "Object holds", "Bucket Lock", "Object Retention Lock".
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.core import rfc3339
from emulator.storage.names import printable
from gcp import errors

HELD, RETAINED = "forbidden", "retentionPolicyNotMet"
"""Reasons in errors about an object that must be kept."""

RELEASED = "eventBasedHoldReleased"
"""The stored field with the time when an event-based hold ended: the bucket's retention period starts again then.

It is not a field of the API, and not shown.
"""

MAX_SECONDS = 3_155_760_000
"""The longest retention: 100 years."""

_HOLDS = {"temporaryHold": "Temporary", "eventBasedHold": "Event-Based"}
_MODES = ("Unlocked", "Locked")
_UNLOCKED = (
    "The unlocked object retention cannot be removed and its retention period cannot be shortened without overriding"
    " unlocked retention intent and permission (overrideUnlockedRetention)."
)
_LOCKED = (
    "The locked object retention cannot be removed. Its retention mode cannot be changed and its retention period"
    " cannot be shortened."
)


def new(fields: dict[str, Any], bucket: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns the fields of a new object, checked, with its bucket's default hold.

    Args:
        fields: of the object.
        bucket: stored fields of its bucket.
        now: current time.

    Raises:
        errors.InvalidArgument: the retention configuration is not valid.
    """
    if bucket.get("defaultEventBasedHold"):
        fields = {"eventBasedHold": True, **fields}
    _check(fields, bucket, now)
    return fields


def changed(
    old: Mapping[str, Any], fields: dict[str, Any], bucket: Mapping[str, Any], now: datetime, *, override: bool
) -> dict[str, Any]:
    """Returns the fields of an object after a change of its metadata.

    Args:
        old: fields before.
        fields: the wanted fields.
        bucket: stored fields of the bucket.
        now: current time.
        override: whether the request has `overrideUnlockedRetention`.

    Raises:
        errors.InvalidArgument: the retention configuration is not valid.
        errors.PermissionDenied: the change would reduce its protection.
    """
    if fields.get("retention") != old.get("retention"):
        _check(fields, bucket, now)
        _check_loosened(old.get("retention"), fields.get("retention"), override=override)
    elif fields.get("retention") and fields.get("eventBasedHold"):
        _check(fields, bucket, now)
    if RELEASED in old:
        fields = {**fields, RELEASED: old[RELEASED]}
    if old.get("eventBasedHold") and not fields.get("eventBasedHold"):
        fields = {**fields, RELEASED: rfc3339.milliseconds(now)}
    return fields


def _check(fields: Mapping[str, Any], bucket: Mapping[str, Any], now: datetime) -> None:
    retention = fields.get("retention")
    if not retention:
        return
    if (bucket.get("objectRetention") or {}).get("mode") != "Enabled":
        raise errors.InvalidArgument("Object retention is not enabled on the bucket (enableObjectRetention).")
    for field, label in (("mode", "retention mode"), ("retainUntilTime", "retain until time")):
        if not retention.get(field):
            raise errors.InvalidArgument(f"Missing {label}. Both mode and retain until time are required.")
    if retention["mode"] not in _MODES:
        raise errors.InvalidArgument(f"Invalid retention mode: {retention['mode']!r}. It must be Unlocked or Locked.")
    if fields.get("eventBasedHold"):
        raise errors.InvalidArgument("Retention and event based holds cannot be configured together.")
    until = rfc3339.parse(retention["retainUntilTime"])
    if not now < until <= now + timedelta(seconds=MAX_SECONDS):
        raise errors.InvalidArgument("Retain until time must be in the future, at most 100 years ahead.")


def _check_loosened(old: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None, *, override: bool) -> None:
    if not old:
        return
    shorter = not wanted or rfc3339.parse(wanted["retainUntilTime"]) < rfc3339.parse(old["retainUntilTime"])
    other = not wanted or wanted["mode"] != old["mode"]
    if old["mode"] == "Locked" and (shorter or other):
        raise errors.PermissionDenied(_LOCKED)
    if (shorter or other) and not override:
        raise errors.PermissionDenied(_UNLOCKED)


def expiration(row: sqlite3.Row, fields: Mapping[str, Any]) -> datetime | None:
    """Returns when the retention of an object ends; None if it has none, or an event-based hold prevents its start.

    Args:
        row: of the object, as `ObjectStore` finds it, with `retention_seconds` of its bucket.
        fields: its stored fields.
    """
    retention, seconds = fields.get("retention"), row["retention_seconds"]
    ends = [rfc3339.parse(retention["retainUntilTime"])] if retention else []
    if seconds is not None and not fields.get("eventBasedHold"):
        ends.append(rfc3339.parse(fields.get(RELEASED, row["created"])) + timedelta(seconds=int(seconds)))
    return max(ends, default=None)


def require_removable(row: sqlite3.Row, now: datetime, *, archived: bool = False) -> None:
    """Checks that an object may be deleted or replaced, or with `archived`, become noncurrent.

    Raises:
        errors.PermissionDenied: it is kept; `reason` is `HELD` or `RETAINED`.
    """
    fields = json.loads(row["resource"])
    name = f"Object '{row['bucket']}/{printable(row['name'])}'"
    for field, kind in _HOLDS.items():
        if fields.get(field):
            text = f"{name} is under active {kind} hold and cannot be deleted, overwritten or archived until hold is"
            raise _kept(f"{text} removed.", HELD)
    until = None if archived else expiration(row, fields)
    if until is not None and now < until:
        text = (
            f"{name} is subject to bucket's retention policy or object retention and cannot be deleted or overwritten"
        )
        raise _kept(f"{text} until {rfc3339.milliseconds(until)}", RETAINED)


def _kept(message: str, reason: str) -> errors.PermissionDenied:
    error = errors.PermissionDenied(message)
    error.reason = reason
    return error
