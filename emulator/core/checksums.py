"""Checksums of bytes as Cloud Storage writes them: CRC32C and MD5 in base64."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import IO

import google_crc32c

_PIECE_BYTES = 1024 * 1024


class Digest:
    """The checksums of bytes that arrive in pieces.

    Attributes:
        size: number of bytes so far.
    """

    def __init__(self) -> None:
        self.size = 0
        self._crc32c = google_crc32c.Checksum()  # type: ignore[no-untyped-call]  # the package has no annotations
        self._md5 = hashlib.md5(usedforsecurity=False)

    def update(self, piece: bytes) -> None:
        """Adds the next bytes."""
        self._crc32c.update(piece)  # type: ignore[no-untyped-call]  # the package has no annotations
        self._md5.update(piece)
        self.size += len(piece)

    @property
    def crc32c(self) -> str:
        """CRC32C, big-endian, in base64."""
        return base64.b64encode(self._crc32c.digest()).decode()  # type: ignore[no-untyped-call]  # as above

    @property
    def md5(self) -> str:
        """MD5 in base64."""
        return base64.b64encode(self._md5.digest()).decode()


def of_file(path: Path) -> Digest:
    """Returns the checksums of a whole file. Blocks: call it in a thread."""
    digest = Digest()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest


def write_all(file: IO[bytes], piece: bytes) -> None:
    """Writes all of `piece` to an unbuffered file, whose `write` may take less than it is given."""
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]
