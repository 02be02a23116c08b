"""Reading objects from inside the emulator: how a version gets its SavedModel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.storage import blobs, row_lookup
from emulator.storage.names import after_prefix

if TYPE_CHECKING:
    from emulator.app import Emulator


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """A live object.

    Attributes:
        name: its whole name, the prefix included.
        size: bytes.
        crc32c: in base64.
        file: where its bytes are. The file never changes, and goes when the object is deleted or overwritten.
    """

    name: str
    size: int
    crc32c: str
    file: Path


def objects_under(emulator: Emulator, bucket: str, prefix: str) -> list[StoredObject]:
    """The live objects whose names begin with `prefix`, by name.

    Raises:
        errors.NotFound: there is no such bucket.
    """
    row_lookup.bucket(emulator, bucket)
    end = after_prefix(prefix)
    found = emulator.store.all(
        "SELECT name, size, crc32c, blob FROM storage_objects"
        " WHERE bucket = ? AND name >= ? AND (? IS NULL OR name < ?) AND deleted IS NULL ORDER BY name",
        *(bucket, prefix, end, end),
    )
    return [
        StoredObject(name=row["name"], size=row["size"], crc32c=row["crc32c"], file=blobs.path(emulator, row["blob"]))
        for row in found
    ]
