"""Update masks: which leaves a patch may name, and what it does to a resource."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from emulator.hosting import update_masks
from emulator.ml.request_checks import field_error
from gcp import errors
from resources.ml import rules
from resources.ml.schema import MODEL, VERSION

# The one leaf of a Model that `resources` manages as a resource of its own.
DEFAULT = "defaultVersion.name"


def of_model(mask: str | None) -> list[str]:
    """The leaves, in camelCase, that a patch of a model names. Raises `InvalidArgument`."""
    return _parse(mask, [*MODEL.mutable_leaves(), DEFAULT], "Model")


def of_version(mask: str | None, body: Mapping[str, Any]) -> list[str]:
    """The leaves, in camelCase, that a patch of this version names. Raises `InvalidArgument`.

    On mls1 machines labels cannot be patched.
    """
    leaves = _parse(mask, VERSION.mutable_leaves(), "Version")
    if "labels" in leaves and rules.is_mls1(body):
        raise field_error(
            errors.InvalidArgument, "updateMask", "labels of a version on an mls1 machine cannot be updated."
        )
    return leaves


def of_job(mask: str | None) -> list[str]:
    """The leaves, in camelCase, that a patch of a job names. Raises `InvalidArgument`."""
    return [leaf for leaf in _parse(mask, ["labels", "etag"], "Job") if leaf != "etag"]


def _parse(mask: str | None, allowed: list[str], kind: str) -> list[str]:
    leaves = update_masks.leaves(mask)
    if not leaves:
        raise field_error(errors.InvalidArgument, "updateMask", "Update mask is required.")
    for leaf in leaves:
        if not any(leaf == known or leaf.startswith(f"{known}.") for known in allowed):
            text = f"{leaf} of a {kind} cannot be updated. What can: {', '.join(sorted(allowed))}."
            raise field_error(errors.InvalidArgument, "updateMask", text)
    return leaves


def applied(current: Mapping[str, Any], given: Mapping[str, Any], mask: list[str]) -> dict[str, Any]:
    """`current` with the masked leaves as in `given`; a leaf that is not given is cleared."""
    return update_masks.applied(current, given, [leaf for leaf in mask if leaf != DEFAULT])


def check_etag(row: sqlite3.Row, body: Mapping[str, Any]) -> None:
    """Refuses a patch that was written for another state. Raises `Aborted`."""
    if body.get("etag") not in (None, "", row["etag"]):
        raise errors.Aborted("The etag does not match: the resource was changed since it was read. Read it again.")
