"""The bytes of objects: files named by a random id, never by anything that a caller wrote.

A blob is written first and named by a row afterwards; it goes after the last row that names it is gone. So a row never
points at missing or partial bytes, and a crash leaves at most a file too many, which `sweep` removes.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar

from emulator.core import disk_errors
from emulator.core.checksums import Digest, write_all
from emulator.rest.request import FilePart
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator

_FOLDER = "objects"
_PIECE = 256 * 1024
SMALL = _PIECE
"""Up to so many bytes of a blob are read as they are."""

_FOLDER_SECONDS = 64
"""So long new files go to one folder."""
_GATHERED = 1024 * 1024
"""Bytes of a body that are written at a time: less costs more in threads, more costs memory of each upload."""
_ALL_GATHERED = 32 * _GATHERED
"""For all bodies together: if many arrive at once, smaller pieces of each are written."""


def folder(emulator: Emulator) -> Path:
    """The folder that holds every blob, two levels deep: `objects/3f/3f0c...`."""
    return emulator.data / _FOLDER


def path(emulator: Emulator, blob: str) -> Path:
    """The file of a blob."""
    return folder(emulator) / blob[:2] / blob


def _new_id() -> str:
    """32 hex digits, random but for the first two, which name the folder.

    Files that are made one after the other lie in one folder: each in another one costs ext4 several times as much.
    """
    return f"{int(time.time() / _FOLDER_SECONDS) & 0xFF:02x}{secrets.token_hex(15)}"


class Writer:
    """A blob that is being written.

    Attributes:
        blob: the blob's id.
        size: bytes that the file has.
        digest: checksums of what was written here, and before that by the writer from whom it comes.
    """

    _taking: ClassVar[int] = 0
    """Bodies that are being taken, by all writers of this process."""

    def __init__(self, blob: str, file: IO[bytes], size: int = 0, digest: Digest | None = None) -> None:
        self.blob = blob
        self.size = size
        self.digest = digest or Digest()
        self._file = file
        self._file.seek(size)

    def write(self, piece: bytes) -> None:
        """Appends; the bytes are the kernel's when this returns, so they outlive a killed process. Blocks.

        Raises:
            errors.Unavailable: somebody else has written to this file meanwhile.
        """
        if length(self._file) != self.size:
            raise errors.Unavailable("Another request is writing into this upload session: ask for its state.")
        write_all(self._file, piece)
        self.size += len(piece)
        self.digest.update(piece)

    async def take(self, chunks: AsyncIterator[bytes]) -> None:
        """Appends a whole body. Pieces are written and summed up in a thread, while the next one comes.

        What comes before the body breaks off is appended, too. A small body, and a small rest, are written at once:
        less than a thread costs.
        """
        writing: asyncio.Future[None] | None = None
        gathered: list[bytes] = []
        size = 0
        Writer._taking += 1
        try:
            async for chunk in chunks:
                gathered.append(chunk)
                size += len(chunk)
                if size >= min(_GATHERED, _ALL_GATHERED // Writer._taking):
                    await _ended(writing)
                    piece, gathered, size = b"".join(gathered), [], 0
                    writing = asyncio.get_running_loop().run_in_executor(None, self.write, piece)
        finally:
            Writer._taking -= 1
            await _ended(writing)
            if gathered:
                self.write(b"".join(gathered))


async def _ended(writing: asyncio.Future[None] | None) -> None:
    """Waits for a thread's write; whoever is cancelled meanwhile does not leave it alone with the file."""
    if writing is not None:
        await asyncio.wait({writing})
        writing.result()


@contextmanager
def writing(emulator: Emulator) -> Iterator[Writer]:
    """A new blob. When the block ends its file is removed, unless a row names it by then."""
    blob = _new_id()
    with _created(emulator, blob) as file:
        try:
            yield Writer(blob, file)
        finally:
            remove_unused(emulator, [blob])


def create(emulator: Emulator) -> str:
    """Makes an empty blob; returns its id."""
    blob = _new_id()
    _created(emulator, blob).close()
    return blob


def _created(emulator: Emulator, blob: str) -> IO[bytes]:
    file = path(emulator, blob)
    try:
        return file.open("x+b", buffering=0)
    except FileNotFoundError:  # the first whose id begins so
        file.parent.mkdir(exist_ok=True)
        return file.open("x+b", buffering=0)


def adopt(emulator: Emulator, file: Path) -> str:
    """Makes a whole file a blob, without copying where the file system has hard links; returns the blob's id.

    `file` keeps its name. It must not be written to any more.
    """
    blob = _new_id()
    target = path(emulator, blob)
    target.parent.mkdir(exist_ok=True)
    disk_errors.link(file, target)
    return blob


def remove_unused(emulator: Emulator, blobs: Iterable[str | None]) -> None:
    """Removes the files of those blobs that no row names any more. Call it after the commit."""
    for blob in blobs:
        if blob is not None and not _used(emulator, blob):
            path(emulator, blob).unlink(missing_ok=True)


def _used(emulator: Emulator, blob: str) -> bool:
    query = "SELECT 1 FROM storage_objects WHERE blob = ? UNION ALL SELECT 1 FROM storage_upload_blobs WHERE blob = ?"
    return emulator.store.one(query, blob, blob) is not None


def sweep(emulator: Emulator) -> None:
    """Removes every file that no row names."""
    rows = emulator.store.all("SELECT blob FROM storage_objects UNION SELECT blob FROM storage_upload_blobs")
    known = {row["blob"] for row in rows}
    for file in folder(emulator).glob("??/*"):
        if file.name not in known:
            file.unlink()


def part(emulator: Emulator, blob: str, start: int, end: int) -> bytes | FilePart:
    """The bytes of a blob from `start` up to `end` (exclusive): themselves where they are few.

    The file is opened here: an object that is deleted while it is being read is still read to its end.
    """
    # Not by `path`: every read of an object comes here, and a `Path` costs more than what is read of a small one.
    descriptor = os.open(f"{emulator.data}/{_FOLDER}/{blob[:2]}/{blob}", os.O_RDONLY)
    if end - start > SMALL:
        return FilePart(file=os.fdopen(descriptor, "rb", buffering=0), start=start, end=end)
    try:
        return os.pread(descriptor, end - start, start)
    finally:
        os.close(descriptor)


async def pieces(emulator: Emulator, blob: str) -> AsyncIterator[bytes]:
    """All bytes of a blob, in pieces."""
    with path(emulator, blob).open("rb") as file:
        async for piece in FilePart(file=file, start=0, end=length(file)).pieces():
            yield piece


def concatenate(sources: Iterable[IO[bytes]], target: Writer) -> None:
    """Appends all bytes of `sources` to `target`. Blocks; meant for a thread."""
    for source in sources:
        while piece := source.read(_PIECE):
            target.write(piece)


def length(file: IO[bytes]) -> int:
    """The number of bytes that an open file has now."""
    return os.fstat(file.fileno()).st_size
