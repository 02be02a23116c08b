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
    """Returns `old` after a PATCH: null removes a key, objects merge, all else replaces (RFC 7396)."""
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
    """Returns `value` without the keys that are null, at every depth of its objects."""
    if not isinstance(value, dict):
        return value
    return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}


def require_unchanged(old: Mapping[str, Any], body: Mapping[str, Any], fixed: frozenset[str], kind: str) -> None:
    """Rejects a body that gives a fixed field another value; its current value is allowed.

    Raises:
        errors.InvalidArgument: names the first such field.
    """
    for field in sorted(fixed & body.keys()):
        if body[field] is not None and body[field] != old.get(field):
            raise errors.InvalidArgument(f"The {field} of an existing {kind} cannot be changed.")


def check_storage_class(value: Any) -> None:
    """Checks a storage class.

    Raises:
        errors.InvalidArgument: it is not one of Google's.
    """
    if value not in STORAGE_CLASSES:
        raise errors.InvalidArgument(
            f"Invalid storage class: {value!r}. Give one of {', '.join(sorted(STORAGE_CLASSES))}."
        )


def check_labels(labels: Mapping[str, Any]) -> None:
    """Checks labels by the rules that the Pulumi program uses, too.

    Raises:
        errors.InvalidArgument: a label breaks a rule; the message names the first one.
    """
    for path, reason in rules.bucket_failures({"labels": labels}):
        raise errors.InvalidArgument(f"Invalid {path}: {reason}.")
