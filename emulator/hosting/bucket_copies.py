"""Copies of folders of a bucket, which later changes in the bucket do not affect."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from emulator.core import disk_errors
from emulator.core.files import StoredObject, remove_folder
from emulator.hosting.interfaces import Objects
from resources.storage import rules

Found = Sequence[tuple[str, StoredObject]]
"""Objects with their paths relative to the folder."""


def under(objects: Objects, uri: str) -> Found:
    """The objects that are files under `gs://BUCKET/FOLDER`. Raises `NotFound` if there is no such bucket."""
    bucket, prefix = rules.split_uri(uri)
    prefix = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""
    # Consoles create an object whose name ends with a slash for an empty folder; it is not a file.
    found = (item for item in objects.under(bucket, prefix) if not item.name.endswith("/"))
    return [(item.name.removeprefix(prefix), item) for item in found]


def escaping(found: Found) -> str | None:
    """The first name that is not a valid path inside a folder, as object names are arbitrary; None if all are valid."""
    names = sorted(name for name, _ in found)
    return next(
        (name for name in names if "\0" in name or any(part in ("", ".", "..") for part in name.split("/"))), None
    )


async def link(found: Found, folder: Path) -> None:
    """Hard-links the files into a new folder; removes it if that fails. Raises `OSError`."""
    try:
        await asyncio.to_thread(_link_all, found, folder)
    except BaseException:
        await remove_folder(folder)
        raise


def _link_all(found: Found, folder: Path) -> None:
    folder.mkdir()
    for name, item in found:
        target = folder / PurePosixPath(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        disk_errors.link(item.file, target)
