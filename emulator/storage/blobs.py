"""The bytes of objects: files with random names, never with a name that a caller chose.

A blob is written before a row names it, and removed after no row names it any more. So a row never names missing or
partial bytes, and a crash leaves at most an unused file, which `sweep` removes.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, ClassVar

from emulator.core import disk_errors
from emulator.core.checksums import Digest, write_all
from emulator.core.store import Store
from emulator.http.file_part import FilePart
from gcp import errors

_PIECE = 256 * 1024
SMALL = _PIECE
"""`BlobFolder.part` gives up to this many bytes as bytes, and more as a part of the file."""

_FOLDER_SECONDS = 64
"""New files go to the same folder for this long."""
_GATHERED = 1024 * 1024
"""Bytes of a body that are written at a time: fewer need more threads, more need more memory for each upload."""
_ALL_GATHERED = 32 * _GATHERED
"""The same for all bodies together: if many arrive at once, smaller pieces of each are written."""


def _new_id() -> str:
    """Returns 32 hex digits: two that name the folder, and 30 random ones.

    Files that are made one after the other lie in one folder: ext4 takes several times as long if each has its own.
    """
    return f"{int(time.time() / _FOLDER_SECONDS) & 0xFF:02x}{secrets.token_hex(15)}"


class Writer:
    """A blob that is being written.

    Attributes:
        blob: the blob's id.
        size: bytes in the file.
        digest: their checksums, if `digest` was given for the bytes that were in the file before.
    """

    _taking: ClassVar[int] = 0
    """Bodies that all writers of this process are taking now."""

    def __init__(self, blob: str, file: IO[bytes], size: int = 0, digest: Digest | None = None) -> None:
        self.blob = blob
        self.size = size
        self.digest = digest or Digest()
        self._file = file
        self._file.seek(size)

    def write(self, piece: bytes) -> None:
        """Appends bytes. The kernel has them when this returns, so they survive if the process is killed. Blocks.

        Raises:
            errors.Unavailable: another request has written to this file in the meantime.
        """
        if length(self._file) != self.size:
            raise errors.Unavailable("Another request is writing into this upload session: ask for its state.")
        write_all(self._file, piece)
        self.size += len(piece)
        self.digest.update(piece)

    async def take(self, chunks: AsyncIterator[bytes]) -> None:
        """Appends a whole body. A thread writes each piece and adds it to the checksums while the next one arrives.

        If the body breaks off, what has arrived is appended. A small body, or a small last piece, is written without
        a thread, which would take longer.
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
    """Waits until a thread has written; a caller that is cancelled meanwhile still waits before the file is closed."""
    if writing is not None:
        await asyncio.wait({writing})
        writing.result()


class BlobFolder:
    """All blobs, two levels deep: `FOLDER/3f/3f0c...`.

    Args:
        folder: exists.
        store: its rows name the blobs that are used.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder, self._store = folder, store
        self._prefix = f"{folder}/"

    def path(self, blob: str) -> Path:
        """Returns the file of a blob."""
        return self._folder / blob[:2] / blob

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """A new blob. When the block ends, its file is removed unless a row names it by then."""
        blob = _new_id()
        with self._created(blob) as file:
            try:
                yield Writer(blob, file)
            finally:
                self.remove_unused([blob])

    def create(self) -> str:
        """Makes an empty blob; returns its id."""
        blob = _new_id()
        self._created(blob).close()
        return blob

    def _created(self, blob: str) -> IO[bytes]:
        file = self.path(blob)
        try:
            return file.open("x+b", buffering=0)
        except FileNotFoundError:  # the first blob whose id begins with these two digits
            file.parent.mkdir(exist_ok=True)
            return file.open("x+b", buffering=0)

    def adopt(self, file: Path) -> str:
        """Makes a complete file a blob, without copying where the file system has hard links; returns the blob's id.

        `file` keeps its name. It must not be written to any more.
        """
        blob = _new_id()
        target = self.path(blob)
        target.parent.mkdir(exist_ok=True)
        disk_errors.link(file, target)
        return blob

    def remove_unused(self, blobs: Iterable[str | None]) -> None:
        """Removes the files of those blobs that no row names any more. Call it after the transaction."""
        for blob in blobs:
            if blob is not None and not self._is_used(blob):
                self.path(blob).unlink(missing_ok=True)

    def _is_used(self, blob: str) -> bool:
        query = (
            "SELECT 1 FROM storage_objects WHERE blob = ? UNION ALL SELECT 1 FROM storage_upload_blobs WHERE blob = ?"
        )
        return self._store.one(query, blob, blob) is not None

    def sweep(self) -> None:
        """Removes every file that no row names."""
        rows = self._store.all("SELECT blob FROM storage_objects UNION SELECT blob FROM storage_upload_blobs")
        used = {row["blob"] for row in rows}
        for file in self._folder.glob("??/*"):
            if file.name not in used:
                file.unlink()

    def part(self, blob: str, start: int, end: int) -> bytes | FilePart:
        """Returns the bytes of a blob from `start` up to `end` (exclusive); more than `SMALL` as a part of the file.

        The file is opened here, so an object that is deleted while it is being read is still read to its end.
        """
        # Without `path`: every read of an object comes here, and making a `Path` takes longer than reading a small one.
        descriptor = os.open(f"{self._prefix}{blob[:2]}/{blob}", os.O_RDONLY)
        if end - start > SMALL:
            return FilePart(file=os.fdopen(descriptor, "rb", buffering=0), start=start, end=end)
        try:
            return os.pread(descriptor, end - start, start)
        finally:
            os.close(descriptor)

    async def pieces(self, blob: str) -> AsyncIterator[bytes]:
        """Gives all bytes of a blob, in pieces."""
        with self.path(blob).open("rb") as file:
            async for piece in FilePart(file=file, start=0, end=length(file)).pieces():
                yield piece


def concatenate(sources: Iterable[IO[bytes]], target: Writer) -> None:
    """Appends all bytes of `sources` to `target`. Blocks: call it in a thread."""
    for source in sources:
        while piece := source.read(_PIECE):
            target.write(piece)


def length(file: IO[bytes]) -> int:
    """Returns the current size of an open file, in bytes."""
    return os.fstat(file.fileno()).st_size
