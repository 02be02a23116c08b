"""A part of a file as the body of a response."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO

_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """Bytes of an open file, as the body of a response. The writer of the response closes the file.

    A file that is removed in the meantime is still read to its end.

    Attributes:
        file: the open file.
        start: offset of the first byte.
        end: offset after the last byte.
    """

    file: IO[bytes]
    start: int
    end: int

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes, for callers that change them before sending."""
        self.file.seek(self.start)
        left = self.end - self.start
        while left and (piece := self.file.read(min(_PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
