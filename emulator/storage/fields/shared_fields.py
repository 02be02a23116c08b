"""What the fields of buckets and objects have in common: merging, labels, storage classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gcp import errors
from resources.storage import rules

STORAGE_CLASSES = frozenset(
    {"STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY"}
)


def merged(old: Any, patch: Any) -> Any:
    """`old` with a PATCH body applied: null removes a key, objects merge, all else replaces (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def without_nulls(value: Any) -> Any:
    """`value` without the keys that are null, at every depth of its objects."""
    if not isinstance(value, dict):
        return value
    return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}


def require_unchanged(old: Mapping[str, Any], body: Mapping[str, Any], fixed: frozenset[str], kind: str) -> None:
    """Refuses a body that gives a fixed field another value; giving it its own value again is fine.

    Raises:
        errors.InvalidArgument: names the first such field.
    """
    for field in sorted(fixed & body.keys()):
        if body[field] is not None and body[field] != old.get(field):
            raise errors.InvalidArgument(f"The {field} of an existing {kind} cannot be changed.")


def check_storage_class(value: Any) -> None:
    """Checks a storage class.

    Raises:
        errors.InvalidArgument: Google has none of that name.
    """
    if value not in STORAGE_CLASSES:
        raise errors.InvalidArgument(
            f"Invalid storage class: {value!r}. Give one of {', '.join(sorted(STORAGE_CLASSES))}."
        )


def check_labels(labels: Mapping[str, Any]) -> None:
    """Checks labels by the rules that the program asks, too.

    Raises:
        errors.InvalidArgument: one is broken; names the first such label.
    """
    for path, reason in rules.bucket_failures({"labels": labels}):
        raise errors.InvalidArgument(f"Invalid {path}: {reason}.")
