"""Immediate changes of models and their versions: patches and aliases."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.core.store import Store
from emulator.hosting import update_masks
from emulator.vertex import names, tables
from emulator.vertex.requests import request_checks
from gcp import errors

_OF_MODEL, _OF_VERSION = ("displayName", "description"), ("versionDescription",)
_OF_BOTH = ("labels",)


def patch_model(store: Store, row: sqlite3.Row, given: Mapping[str, Any], mask: Sequence[str], now: str) -> None:
    """Changes the fields that all versions share. Raises `ApiError`."""
    _check_mask(mask, _OF_MODEL, _OF_VERSION)
    body = update_masks.applied(json.loads(row["body"]), given, mask)
    request_checks.display_name(body, "model")
    request_checks.check_labels(body, "model")
    tables.touch_model(store, row, now, json.dumps(body))


def patch_version(
    store: Store, row: sqlite3.Row, name: str, given: Mapping[str, Any], mask: Sequence[str], now: str
) -> None:
    """Changes the version with this name. Raises `ApiError`."""
    version = tables.version(store, name)
    _check_mask(mask, _OF_VERSION, _OF_MODEL)
    body = update_masks.applied(json.loads(version["body"]), given, mask)
    request_checks.check_labels(body, "model")
    _write(store, version, now, body=json.dumps(body))
    tables.touch_model(store, row, now)


def _check_mask(mask: Sequence[str], own: Sequence[str], others: Sequence[str]) -> None:
    if not mask:
        raise request_checks.field_error("updateMask", "is required.")
    first = [leaf.partition(".")[0] for leaf in mask]
    if any(leaf in others for leaf in first):
        raise errors.FailedPrecondition(
            "Fields of a model and fields of a version cannot be updated by one request: name the model (M) for"
            f" {', '.join(_OF_MODEL)}, and the version (M@V) for {', '.join(_OF_VERSION)}."
        )
    for leaf in first:
        if leaf not in (*own, *_OF_BOTH):
            text = f"{leaf} cannot be updated. What can: {', '.join((*own, *_OF_BOTH))}."
            raise request_checks.field_error("updateMask", text)


def _write(
    store: Store, version: sqlite3.Row, now: str, *, body: str | None = None, aliases: Sequence[str] | None = None
) -> None:
    store.run(
        "UPDATE vertex_versions SET body = coalesce(?, body), aliases = coalesce(?, aliases), updated = ?"
        " WHERE project = ? AND location = ? AND model = ? AND id = ?",
        *(body, None if aliases is None else json.dumps(aliases), now),
        *(version["project"], version["location"], version["model"], version["id"]),
    )


def merge_aliases(store: Store, version: sqlite3.Row, given: Sequence[str], now: str) -> None:
    """Adds aliases to a version, and removes those with a leading `-`; both for one alias cancel out.

    An alias of another version moves here.

    Raises:
        InvalidArgument: an alias is not valid, or `default` would be removed.
    """
    plus = request_checks.aliases(each for each in given if not each.startswith("-"))
    minus = request_checks.aliases(each[1:] for each in given if each.startswith("-"))
    added, gone = [each for each in plus if each not in minus], [each for each in minus if each not in plus]
    own = tables.aliases(version)
    if names.DEFAULT in gone and names.DEFAULT in own:
        text = "A model must have exactly one default version: give the alias to another version instead."
        raise request_checks.field_error("versionAliases", text)
    parent = tables.model(store, tables.version_name(version))
    for other in tables.versions(store, parent):
        kept = [alias for alias in tables.aliases(other) if alias not in added]
        if other["id"] != version["id"] and kept != tables.aliases(other):
            _write(store, other, now, aliases=kept)
    _write(store, version, now, aliases=[*(alias for alias in own if alias not in gone + added), *added])
    tables.touch_model(store, parent, now)
