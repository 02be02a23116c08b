"""A part of a file as the body of an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO

_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """Bytes of an open file, as the body of an answer; who writes the answer closes the file.

    A file that is removed meanwhile is still read to its end.

    Attributes:
        file: it is open.
        start: the first byte.
        end: the one after the last.
    """

    file: IO[bytes]
    start: int
    end: int

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes, for those who do not send them as they are."""
        self.file.seek(self.start)
        left = self.end - self.start
        while left and (piece := self.file.read(min(_PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
