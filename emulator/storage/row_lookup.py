"""Finding buckets and objects."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from emulator.storage.names import printable
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator


OBJECTS = (
    "SELECT storage_objects.*, json_extract(storage_buckets.resource, '$.retentionPolicy.retentionPeriod')"
    " AS retention_seconds FROM storage_objects JOIN storage_buckets ON storage_buckets.name = storage_objects.bucket"
)
"""Objects, each with the retention period of its bucket."""


def bucket(emulator: Emulator, name: str) -> sqlite3.Row:
    """The row of a bucket.

    Raises:
        errors.NotFound: there is no such bucket.
    """
    row = emulator.store.one("SELECT * FROM storage_buckets WHERE name = ?", name)
    if row is None:
        raise errors.NotFound("The specified bucket does not exist.")
    return row


def live(emulator: Emulator, bucket_name: str, name: str) -> sqlite3.Row | None:
    """The row of an object's live generation, or None."""
    query = f"{OBJECTS} WHERE bucket = ? AND storage_objects.name = ? AND deleted IS NULL"
    return emulator.store.one(query, bucket_name, name)


def object_(emulator: Emulator, bucket_name: str, name: str, generation: int | None) -> sqlite3.Row:
    """The row of one generation of an object, the live one where `generation` is None.

    Raises:
        errors.NotFound: no such bucket, object or generation.
    """
    if generation is None:
        row = live(emulator, bucket_name, name)
    else:
        query = f"{OBJECTS} WHERE bucket = ? AND storage_objects.name = ? AND storage_objects.generation = ?"
        row = emulator.store.one(query, bucket_name, name, generation)
    if row is None:
        bucket(emulator, bucket_name)
        wanted = "" if generation is None else f"#{generation}"
        raise errors.NotFound(f"No such object: {bucket_name}/{printable(name)}{wanted}")
    return row
