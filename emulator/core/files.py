"""Files and folders below the data folder."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """A live object of a bucket.

    Attributes:
        name: its whole name, the prefix included.
        size: bytes.
        crc32c: in base64.
        file: holds its bytes. It never changes, and is removed when the object is deleted or overwritten: link it to
            keep it.
    """

    name: str
    size: int
    crc32c: str
    file: Path


async def remove_folder(folder: Path) -> None:
    """Removes a folder and all that is in it; no error if it does not exist."""
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
