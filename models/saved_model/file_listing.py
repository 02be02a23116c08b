"""Lists the files of a folder to upload: only regular files, with names that are valid on every machine and bucket.

No file is read. Number and sizes are limited before the bytes are read, which takes long for gigabytes.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from models.core.errors import FolderError
from models.saved_model.junk_files import is_junk

MOST_FILES = 1000
"""The limits of `ml` v1 for one SavedModel."""
MOST_BYTES = 10 * 2**30
MOST_NAME_BYTES = 900
"""Longest path in the folder, in UTF-8. Cloud Storage allows 1,024 bytes including the prefix in the bucket."""

Sizes = dict[str, int]


class Listing(NamedTuple):
    """The files in a folder and its subfolders.

    Attributes:
        sizes: in bytes by POSIX path, sorted.
        left_out: POSIX paths of files that are left out because of their names.
    """

    sizes: Sizes
    left_out: list[str]


def list_plain(folder: Path, kept: Collection[str] = ()) -> Listing:
    """The files in a folder and its subfolders.

    Args:
        folder: the folder.
        kept: paths that are listed whatever their names.

    Raises:
        FolderError: the folder is missing, cannot be read, has links, special files or names that are not valid on
            every machine, or exceeds the limits of `ml` v1.
    """
    if not _is_folder(folder):
        raise FolderError(f"{folder}: folder not found")
    found: Sizes = {}
    left_out: list[str] = []
    for name, size in _walk(folder, kept, left_out):
        found[name] = size
        if len(found) > MOST_FILES:
            raise FolderError(f"{folder}: must have at most {MOST_FILES} files, the limit of ml v1; leave some out")
    total = sum(found.values())
    if total > MOST_BYTES:
        largest = max(found, key=found.__getitem__)
        raise FolderError(
            f"{folder}: must have at most {MOST_BYTES} bytes, the limit of ml v1; it has {total}, {largest} alone "
            f"{found[largest]}. Export a smaller model"
        )
    _check_unique(folder, found)
    return Listing(dict(sorted(found.items())), sorted(left_out))


def _is_folder(folder: Path) -> bool:
    """Whether it exists. Raises `FolderError` if a parent cannot be read or a name is too long."""
    try:
        return folder.is_dir()
    except OSError as error:
        raise FolderError(f"{folder}: cannot be read: {error.strerror}") from None


def _walk(folder: Path, kept: Collection[str], left_out: list[str]) -> Iterator[tuple[str, int]]:
    """The files, folder by folder. Works without recursion, so that any depth is possible."""
    waiting = [""]
    for seen, below in enumerate(waiting):
        if seen > MOST_FILES:
            raise FolderError(
                f"{folder}: must have at most {MOST_FILES} folders; leave out those that are not part of the model"
            )
        for entry in _entries(folder, below):
            name = f"{below}{entry.name}"
            status = entry.stat(follow_symlinks=False)
            if is_junk(name) and name not in kept and not stat.S_ISDIR(status.st_mode):
                left_out.append(name)
                continue
            _check_name(folder, name)
            if stat.S_ISDIR(status.st_mode):
                waiting.append(f"{name}/")
            elif stat.S_ISREG(status.st_mode):
                yield name, status.st_size
            else:
                kind = "a link" if stat.S_ISLNK(status.st_mode) else "a special file"
                raise FolderError(
                    f"{folder / name}: must be a regular file; it is {kind}: replace it with a copy of the file"
                )


def _entries(folder: Path, below: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder / below) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise FolderError(f"{folder / below}: cannot be read: {error.strerror}; check its permissions") from None


def unreadable(path: Path, error: OSError) -> FolderError:
    """The error of a file that cannot be read."""
    return FolderError(f"{path}: cannot be read: {error.strerror}; check its permissions, or copy it again")


def _check_name(folder: Path, name: str) -> None:
    """Raises `FolderError` for a name that is too long or not text: the file system allows any bytes."""
    size = len(os.fsencode(name))
    if size > MOST_NAME_BYTES:
        reason = f"the path in the folder must have at most {MOST_NAME_BYTES} bytes; it has {size}"
        raise FolderError(f"{folder}: {name[:60]!r}...: {reason}; shorten it")
    if not name.isprintable():
        raise FolderError(f"{folder}: {name!r}: the name must be printable UTF-8; rename it")


def _check_unique(folder: Path, names: Sizes) -> None:
    """Raises `FolderError` for two names that are the same on file systems which ignore case or compose accents."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise FolderError(
                f"{folder}: {other} and {name} are the same name on machines that ignore case; rename one"
            )
