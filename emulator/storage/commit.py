"""The moment at which an object begins or ends to exist."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.core import rfc3339
from emulator.storage import blobs, retention, row_lookup
from emulator.storage.preconditions import Preconditions
from emulator.storage.tables import next_generation

if TYPE_CHECKING:
    from emulator.app import Emulator


@dataclass(frozen=True, slots=True, kw_only=True)
class NewObject:
    """An object whose bytes are whole in their file.

    Attributes:
        bucket, name: where it goes.
        blob: the file's id.
        size: bytes.
        crc32c: in base64.
        md5: in base64; None for a composed object.
        components: how many objects it was composed of; None if it was not.
        resource: its caller's fields, checked.
    """

    bucket: str
    name: str
    blob: str
    size: int
    crc32c: str
    md5: str | None
    components: int | None = None
    resource: dict[str, Any]


def put(
    emulator: Emulator,
    new: NewObject,
    conditions: Preconditions,
    also: Callable[[int], None] | None = None,
) -> sqlite3.Row:
    """Makes `new` the live generation of its name; returns its row.

    Args:
        emulator: whose state it is.
        new: the object.
        conditions: what must hold of the generation that is live now, checked in the same transaction.
        also: further writes of the same transaction; called with the new generation.

    Raises:
        errors.NotFound: the bucket is gone.
        errors.PreconditionFailed: a condition does not hold.
        errors.PermissionDenied: the generation that is live now is held or retained.
    """
    with emulator.store.transaction():
        bucket, old = row_lookup.bucket(emulator, new.bucket), row_lookup.live(emulator, new.bucket, new.name)
        require(conditions, old)
        generation = _replace(emulator, new, bucket, old)
        if also is not None:
            also(generation)
    if old is not None:
        blobs.remove_unused(emulator, [old["blob"]])
    return row_lookup.object_(emulator, new.bucket, new.name, generation)


def replace(emulator: Emulator, new: NewObject) -> tuple[int, str | None]:
    """Makes `new` the live generation of its name, inside the caller's transaction.

    Returns:
        The new generation, and the blob of the one before, for `blobs.remove_unused` after the commit.

    Raises:
        errors.NotFound: the bucket is gone.
        errors.PermissionDenied: the generation that is live now is held or retained.
    """
    bucket, old = row_lookup.bucket(emulator, new.bucket), row_lookup.live(emulator, new.bucket, new.name)
    return _replace(emulator, new, bucket, old), None if old is None else old["blob"]


def _replace(emulator: Emulator, new: NewObject, bucket: sqlite3.Row, old: sqlite3.Row | None) -> int:
    if old is not None:
        _retire(emulator, bucket, old)
    generation = next_generation(emulator)
    _insert(emulator, new, generation)
    return generation


def require(conditions: Preconditions, row: sqlite3.Row | None) -> None:
    """Checks conditions on a write of an object that may not exist yet.

    Raises:
        errors.PreconditionFailed: one does not hold.
    """
    conditions.require(*((0, 0) if row is None else (row["generation"], row["metageneration"])))


def _insert(emulator: Emulator, new: NewObject, generation: int) -> None:
    now = rfc3339.milliseconds(emulator.now())
    emulator.store.run(
        "INSERT INTO storage_objects (bucket, name, generation, metageneration, blob, size, crc32c, md5, components,"
        " created, updated, resource) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(new.bucket, new.name, generation, new.blob, new.size, new.crc32c, new.md5, new.components),
        *(now, now, json.dumps(new.resource)),
    )


def delete(emulator: Emulator, row: sqlite3.Row, *, permanently: bool) -> None:
    """Removes an object: for good or, in a bucket with versioning, by making it noncurrent.

    Raises:
        errors.PermissionDenied: it is held or retained.
    """
    with emulator.store.transaction():
        if permanently:
            _drop(emulator, row)
        else:
            _retire(emulator, row_lookup.bucket(emulator, row["bucket"]), row)
    blobs.remove_unused(emulator, [row["blob"]])


def _retire(emulator: Emulator, bucket: sqlite3.Row, row: sqlite3.Row) -> None:
    if not json.loads(bucket["resource"]).get("versioning", {}).get("enabled"):
        _drop(emulator, row)
        return
    retention.require_removable(row, emulator.now(), archived=True)
    emulator.store.run(
        "UPDATE storage_objects SET deleted = ? WHERE bucket = ? AND name = ? AND generation = ?",
        *(rfc3339.milliseconds(emulator.now()), row["bucket"], row["name"], row["generation"]),
    )


def _drop(emulator: Emulator, row: sqlite3.Row) -> None:
    retention.require_removable(row, emulator.now())
    emulator.store.run(
        "DELETE FROM storage_objects WHERE bucket = ? AND name = ? AND generation = ?",
        *(row["bucket"], row["name"], row["generation"]),
    )
