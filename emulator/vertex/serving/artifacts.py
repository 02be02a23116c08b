"""A version's own copy of its artifact, made from the bucket at upload."""

from __future__ import annotations

import shutil
from pathlib import Path

from emulator.core import disk_errors
from emulator.core.files import remove_folder
from emulator.hosting import bucket_copies
from emulator.hosting.interfaces import Objects
from gcp import errors

_PRECONDITION = 9


class Artifacts:
    """The copies.

    Args:
        objects: the objects in the buckets.
        folder: holds the copies, each under a random id.
    """

    def __init__(self, objects: Objects, folder: Path) -> None:
        self._objects, self._folder = objects, folder

    def path(self, copy: str) -> Path:
        """The folder of a copy."""
        return self._folder / copy

    async def fetch(self, uri: str, copy: str) -> None:
        """Copies the files under `uri`, and removes an earlier attempt at this copy. Without `uri` the copy is empty.

        Raises:
            OperationFailed: there are no files, or they cannot be copied.
        """
        await remove_folder(self.path(copy))
        if not uri:
            self.path(copy).mkdir()
            return
        try:
            found = bucket_copies.under(self._objects, uri)
        except errors.NotFound:
            raise errors.OperationFailed(f"The bucket of {uri} does not exist.", _PRECONDITION) from None
        if not found:
            raise errors.OperationFailed(f'There are no files under "{uri}" to copy.', _PRECONDITION)
        if (name := bucket_copies.escaping(found)) is not None:
            raise errors.OperationFailed(f"{name!r} is not a name of a file in a folder.", _PRECONDITION)
        try:
            await bucket_copies.link(found, self.path(copy))
        except OSError as exc:
            text = f"The files in {uri} cannot be copied: {exc.strerror}."
            raise disk_errors.refusal(exc) or errors.OperationFailed(text, _PRECONDITION) from exc

    def duplicate(self, source: str, copy: str) -> None:
        """Hard-links the files of a copy into another copy. Raises `OSError`."""
        self.duplicate_folder(self.path(source), copy)

    def duplicate_folder(self, source: Path, copy: str) -> None:
        """Hard-links the files of a folder into a copy. Raises `OSError`."""
        shutil.rmtree(self.path(copy), ignore_errors=True)
        shutil.copytree(source, self.path(copy), copy_function=_link)

    async def remove(self, copy: str) -> None:
        """Removes a copy; no error if it does not exist."""
        await remove_folder(self.path(copy))


def _link(file: str, target: str) -> None:
    disk_errors.link(Path(file), Path(target))
