"""Buckets and objects: rows of the database, each object with a blob. `ObjectStore.commit` is how an object is made."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.core import rfc3339
from emulator.core.clock import Clock
from emulator.core.files import StoredObject
from emulator.core.job_spec import ResultFile
from emulator.core.store import Store
from emulator.storage import retention
from emulator.storage.blobs import BlobFolder
from emulator.storage.fields import object_fields
from emulator.storage.names import after_prefix, printable
from emulator.storage.preconditions import NO_CONDITIONS, Preconditions
from gcp import errors

OBJECTS = (
    "SELECT storage_objects.*, json_extract(storage_buckets.resource, '$.retentionPolicy.retentionPeriod')"
    " AS retention_seconds FROM storage_objects JOIN storage_buckets ON storage_buckets.name = storage_objects.bucket"
)
"""Objects, each with the retention period of its bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewObject:
    """An object whose bytes are complete in their blob.

    Attributes:
        bucket, name: of the object.
        blob: the blob's id.
        size: bytes.
        crc32c: in base64.
        md5: in base64; None for a composed object.
        components: how many objects it was composed of; None if it was not.
        resource: the caller's fields, checked.
        conditions: what must hold of the live generation of that name.
    """

    bucket: str
    name: str
    blob: str
    size: int
    crc32c: str
    md5: str | None
    components: int | None = None
    resource: dict[str, Any]
    conditions: Preconditions = NO_CONDITIONS


class ObjectStore:
    """The buckets and objects of one emulator.

    Args:
        store: the database; `tables.SCRIPT` is declared in it.
        clock: gives the times and generations of objects.
        blobs: the bytes of objects.
    """

    def __init__(self, store: Store, clock: Clock, blobs: BlobFolder) -> None:
        self.store, self.clock, self.blobs = store, clock, blobs

    def bucket(self, name: str) -> sqlite3.Row:
        """Returns the row of a bucket.

        Raises:
            errors.NotFound: the bucket does not exist.
        """
        row = self.store.one("SELECT * FROM storage_buckets WHERE name = ?", name)
        if row is None:
            raise errors.NotFound("The specified bucket does not exist.")
        return row

    def bucket_fields(self, name: str) -> dict[str, Any]:
        """Returns the stored fields of a bucket. Raises as `bucket` does."""
        fields: dict[str, Any] = json.loads(self.bucket(name)["resource"])
        return fields

    def live(self, bucket: str, name: str) -> sqlite3.Row | None:
        """Returns the row of an object's live generation, or None."""
        query = f"{OBJECTS} WHERE bucket = ? AND storage_objects.name = ? AND deleted IS NULL"
        return self.store.one(query, bucket, name)

    def find(self, bucket: str, name: str, generation: int | None) -> sqlite3.Row:
        """Returns the row of one generation of an object, the live one where `generation` is None.

        Raises:
            errors.NotFound: the bucket, the object or the generation does not exist.
        """
        if generation is None:
            row = self.live(bucket, name)
        else:
            query = f"{OBJECTS} WHERE bucket = ? AND storage_objects.name = ? AND storage_objects.generation = ?"
            row = self.store.one(query, bucket, name, generation)
        if row is None:
            self.bucket(bucket)
            wanted = "" if generation is None else f"#{generation}"
            raise errors.NotFound(f"No such object: {bucket}/{printable(name)}{wanted}")
        return row

    def under(self, bucket: str, prefix: str) -> list[StoredObject]:
        """Returns the live objects whose names begin with `prefix`, by name.

        Raises:
            errors.NotFound: the bucket does not exist.
        """
        self.bucket(bucket)
        end = after_prefix(prefix)
        found = self.store.all(
            "SELECT name, size, crc32c, blob FROM storage_objects"
            " WHERE bucket = ? AND name >= ? AND (? IS NULL OR name < ?) AND deleted IS NULL ORDER BY name",
            *(bucket, prefix, end, end),
        )
        return [
            StoredObject(name=row["name"], size=row["size"], crc32c=row["crc32c"], file=self.blobs.path(row["blob"]))
            for row in found
        ]

    def new_fields(self, bucket: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the fields to store of a new object, checked, with the defaults of its bucket.

        Raises:
            errors.NotFound: the bucket does not exist.
            errors.InvalidArgument: a value is not allowed.
        """
        return object_fields.given(body, self.bucket_fields(bucket), self.clock.now())

    def commit(self, new: NewObject, also: Callable[[int], None] | None = None) -> sqlite3.Row:
        """Makes `new` the live generation of its name; returns its row.

        Args:
            new: the object.
            also: further writes of the same transaction; called with the new generation.

        Raises:
            errors.NotFound: the bucket does not exist any more.
            errors.PreconditionFailed: a condition does not hold.
            errors.PermissionDenied: the current live generation is held or retained.
        """
        with self.store.transaction():
            generation, replaced = self._replace(new)
            if also is not None:
                also(generation)
        self.blobs.remove_unused([replaced])
        return self.find(new.bucket, new.name, generation)

    def _replace(self, new: NewObject) -> tuple[int, str | None]:
        """Makes `new` the live generation of its name, inside the caller's transaction. Raises as `commit` does.

        Returns:
            The new generation, and the blob of the old one, for `BlobFolder.remove_unused` after the transaction.
        """
        bucket, old, now = self.bucket(new.bucket), self.live(new.bucket, new.name), self.clock.now()
        new.conditions.require(old)
        if old is not None:
            self._retire(bucket, old, now)
        generation, created = self.next_generation(now), rfc3339.milliseconds(now)
        self.store.run(
            "INSERT INTO storage_objects (bucket, name, generation, metageneration, blob, size, crc32c, md5,"
            " components, created, updated, resource) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(new.bucket, new.name, generation, new.blob, new.size, new.crc32c, new.md5, new.components),
            *(created, created, json.dumps(new.resource)),
        )
        return generation, None if old is None else old["blob"]

    @contextmanager
    def publication(self, bucket: str, files: Sequence[ResultFile]) -> Iterator[Callable[[], None]]:
        """Gives a function that makes objects of complete files. The block calls it inside a transaction of its own.

        The function may be called again if the transaction fails. The files must not be written to any more.

        Raises:
            errors.NotFound: here or in the function: the bucket does not exist.
            errors.PermissionDenied: in the function: an object of that name is held or retained.
        """
        fields = self.new_fields(bucket, {"contentType": "text/plain"})
        new = [
            NewObject(
                bucket=bucket,
                name=file.name,
                blob=self.blobs.adopt(file.file),
                size=file.size,
                crc32c=file.crc32c,
                md5=file.md5,
                resource=fields,
            )
            for file in files
        ]
        replaced: list[str | None] = []

        def publish() -> None:
            replaced[:] = [self._replace(each)[1] for each in new]

        try:
            yield publish
        finally:
            self.blobs.remove_unused([*replaced, *(each.blob for each in new)])

    def delete(self, row: sqlite3.Row, *, permanently: bool) -> None:
        """Removes an object: for good or, in a bucket with versioning, by making it noncurrent.

        Raises:
            errors.PermissionDenied: it is held or retained.
        """
        now = self.clock.now()
        with self.store.transaction():
            if permanently:
                self._drop(row, now)
            else:
                self._retire(self.bucket(row["bucket"]), row, now)
        self.blobs.remove_unused([row["blob"]])

    def _retire(self, bucket: sqlite3.Row, row: sqlite3.Row, now: datetime) -> None:
        if not json.loads(bucket["resource"]).get("versioning", {}).get("enabled"):
            self._drop(row, now)
            return
        retention.require_removable(row, now, archived=True)
        self.store.run(
            "UPDATE storage_objects SET deleted = ? WHERE bucket = ? AND name = ? AND generation = ?",
            *(rfc3339.milliseconds(now), row["bucket"], row["name"], row["generation"]),
        )

    def _drop(self, row: sqlite3.Row, now: datetime) -> None:
        retention.require_removable(row, now)
        self.store.run(
            "DELETE FROM storage_objects WHERE bucket = ? AND name = ? AND generation = ?",
            *(row["bucket"], row["name"], row["generation"]),
        )

    def next_generation(self, now: datetime) -> int:
        """Returns a generation number: microseconds since 1970, greater than any before. Call it in a transaction."""
        microseconds = int(now.timestamp() * 1_000_000)
        self.store.run("UPDATE storage_clock SET generation = max(generation + 1, ?)", microseconds)
        row = self.store.one("SELECT generation FROM storage_clock")
        assert row is not None
        return int(row["generation"])
