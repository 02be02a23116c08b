"""The files of a folder that is to be uploaded: plain ones only, under names that every machine and bucket can hold.

Nothing is read here. Numbers and sizes are bounded before a reader of the bytes begins, which for gigabytes takes long.
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
"""Of one SavedModel, as `ml` v1 takes it."""
MOST_BYTES = 10 * 2**30
MOST_NAME_BYTES = 900
"""Of a path below the folder, in UTF-8. Cloud Storage takes 1,024 with what comes before it in the bucket."""

Sizes = dict[str, int]


class Listing(NamedTuple):
    """The files below a folder.

    Attributes:
        sizes: in bytes by POSIX path, sorted.
        left_out: POSIX paths of those that are junk by their names.
    """

    sizes: Sizes
    left_out: list[str]


def list_plain(folder: Path, kept: Collection[str] = ()) -> Listing:
    """The files below a folder.

    Args:
        folder: to look at.
        kept: paths that are listed even if they are junk by their names.

    Raises:
        FolderError: it is missing, cannot be read, holds links or special files, names that not every machine can hold,
            or more than `ml` v1 takes.
    """
    if not _is_folder(folder):
        raise FolderError(f"{folder}: there is no such folder")
    found: Sizes = {}
    left_out: list[str] = []
    for name, size in _walk(folder, kept, left_out):
        found[name] = size
        if len(found) > MOST_FILES:
            raise FolderError(
                f"{folder}: it has more than {MOST_FILES} files, the most that ml v1 takes; leave some out"
            )
    total = sum(found.values())
    if total > MOST_BYTES:
        largest = max(found, key=found.__getitem__)
        raise FolderError(
            f"{folder}: its files have {total} bytes, {largest} alone {found[largest]}; ml v1 takes {MOST_BYTES}: "
            "export a smaller model"
        )
    _refuse_alike(folder, found)
    return Listing(dict(sorted(found.items())), sorted(left_out))


def _is_folder(folder: Path) -> bool:
    """Raises `FolderError` where that cannot be told: a folder on the way is closed, or a name is too long."""
    try:
        return folder.is_dir()
    except OSError as error:
        raise FolderError(f"{folder}: it cannot be looked for: {error.strerror}") from None


def _walk(folder: Path, kept: Collection[str], left_out: list[str]) -> Iterator[tuple[str, int]]:
    """Folder by folder, without recursion: how deep they are nested is not ours to say."""
    waiting = [""]
    for seen, below in enumerate(waiting):
        if seen > MOST_FILES:
            raise FolderError(
                f"{folder}: it has more than {MOST_FILES} folders; leave out what is no part of the model"
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
                    f"{folder / name}: it is {kind}; a SavedModel to upload holds plain files only: copy what is meant"
                )


def _entries(folder: Path, below: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder / below) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise FolderError(f"{folder / below}: it cannot be read: {error.strerror}; look at its permissions") from None


def unreadable(path: Path, error: OSError) -> FolderError:
    """What is told of a file that cannot be read."""
    return FolderError(f"{path}: it cannot be read: {error.strerror}; look at its permissions, or copy it again")


def _check_name(folder: Path, name: str) -> None:
    """Names come from the file system: bytes that need not be text."""
    size = len(os.fsencode(name))
    if size > MOST_NAME_BYTES:
        reason = f"its name below the folder has {size} bytes; a bucket takes {MOST_NAME_BYTES}"
        raise FolderError(f"{folder}: {name[:60]!r}...: {reason}: nest it less deep")
    if not name.isprintable():
        raise FolderError(f"{folder}: {name!r}: its name holds what is no printable text in UTF-8; rename it")


def _refuse_alike(folder: Path, names: Sizes) -> None:
    """Two names that are one where a file system ignores case or composes accents: a copy would lose a file."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise FolderError(f"{folder}: {other} and {name} are one file on machines that ignore case; rename one")
