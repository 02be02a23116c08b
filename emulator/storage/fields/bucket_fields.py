"""The fields of a bucket: which a caller may write, which never change, and which the API fills in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.core import rfc3339
from emulator.storage import retention
from emulator.storage.fields import shared_fields
from gcp import errors
from resources.storage import rules

OUTPUT = frozenset(
    {
        "kind",
        "id",
        "selfLink",
        "projectNumber",
        "generation",
        "metageneration",
        "etag",
        "timeCreated",
        "updated",
        "locationType",
        "satisfiesPZI",
        "satisfiesPZS",
        "softDeleteTime",
        "hardDeleteTime",
        "owner",
    }
)
"""Fields that only the API writes. They are ignored in a request: callers read, change and write whole resources."""

FIXED = frozenset({"name", "location", "customPlacementConfig", "hierarchicalNamespace", "objectRetention"})
"""Fields that cannot change after the bucket's creation."""

_LOCK_DAYS = 90
_SOFT_DELETE_SECONDS = "604800"


def given(body: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of a request body that a caller may write, with the location in upper case as Google does."""
    kept = {key: value for key, value in body.items() if key not in OUTPUT}
    if isinstance(kept.get("location"), str):
        kept["location"] = kept["location"].upper()
    return kept


def completed(body: Mapping[str, Any], old: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns the fields to store: the wanted ones, checked, with the API's defaults and times.

    Args:
        body: all wanted fields that a caller may write.
        old: the stored fields before, empty for a new bucket. An unchanged policy keeps its times.
        now: the time of a policy that changes.

    Raises:
        errors.InvalidArgument: a value is not allowed.
    """
    result = {key: value for key, value in shared_fields.without_nulls(body).items() if key != "name"}
    result.setdefault("location", old.get("location", "US"))
    result.setdefault("storageClass", "STANDARD")
    result["locationType"] = _location_type(result)
    shared_fields.check_storage_class(result["storageClass"])
    shared_fields.check_labels(result.get("labels", {}))
    if not result.get("labels"):
        result.pop("labels", None)
    if not result.get("lifecycle", {}).get("rule"):
        result.pop("lifecycle", None)
    if result["locationType"] != "region":
        result.setdefault("rpo", "DEFAULT")
    result["iamConfiguration"] = _access(result.get("iamConfiguration", {}), old, now)
    result.setdefault("softDeletePolicy", {"retentionDurationSeconds": _SOFT_DELETE_SECONDS})
    if "retentionPolicy" in result:
        result["retentionPolicy"] = _retention(result["retentionPolicy"], old.get("retentionPolicy", {}))
    for policy, setting in (("softDeletePolicy", "retentionDurationSeconds"), ("retentionPolicy", "retentionPeriod")):
        if policy in result:
            result[policy] = _since(result[policy], old.get(policy, {}), setting, now)
    return result


def _retention(policy: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a retention policy without `isLocked`, which only the API writes; its period defaults to the old one."""
    seconds = str(policy.get("retentionPeriod", old.get("retentionPeriod", "")))
    if not seconds.isdecimal() or not 1 <= int(seconds) <= retention.MAX_SECONDS:
        raise errors.InvalidArgument(
            f"retentionPolicy.retentionPeriod must be 1 to {retention.MAX_SECONDS} seconds; got {seconds!r}."
        )
    return {**{key: value for key, value in policy.items() if key != "isLocked"}, "retentionPeriod": seconds}


def _location_type(bucket: Mapping[str, Any]) -> str:
    location = bucket["location"]
    if bucket.get("customPlacementConfig") or location in rules.DUAL_REGIONS:
        return "dual-region"
    if location in rules.MULTI_REGIONS:
        return "multi-region"
    if not rules.is_location(location):
        raise errors.InvalidArgument(f"The specified location constraint is not valid: {location!r}.")
    return "region"


def _access(wanted: Mapping[str, Any], old: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Returns `iamConfiguration`, where `bucketPolicyOnly` is the older name of `uniformBucketLevelAccess`."""
    prevention = wanted.get("publicAccessPrevention", "inherited")
    if prevention not in {"inherited", "enforced", "unspecified"}:
        raise errors.InvalidArgument(f"Invalid publicAccessPrevention: {prevention!r}. Give inherited or enforced.")
    before = old.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {})
    uniform = _uniform(wanted, before)
    access: dict[str, Any] = {"enabled": uniform}
    if uniform:
        locked = rfc3339.milliseconds(now + timedelta(days=_LOCK_DAYS))
        access["lockedTime"] = before["lockedTime"] if before.get("enabled") else locked
    return {
        "bucketPolicyOnly": access,
        "uniformBucketLevelAccess": access,
        "publicAccessPrevention": "inherited" if prevention == "unspecified" else prevention,
    }


def _uniform(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether access is uniform: as the one of the two names says that has a new value, else as it was."""
    current = wanted.get("uniformBucketLevelAccess", {}).get("enabled")
    older = wanted.get("bucketPolicyOnly", {}).get("enabled")
    if older is not None and (current is None or current == before.get("enabled")):
        return bool(older)
    return bool(current)


def _since(policy: Mapping[str, Any], old: Mapping[str, Any], setting: str, now: datetime) -> dict[str, Any]:
    changed = str(policy.get(setting)) != str(old.get(setting))
    return {**policy, "effectiveTime": rfc3339.milliseconds(now) if changed else old["effectiveTime"]}
