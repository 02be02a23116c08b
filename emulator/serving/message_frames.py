"""Messages over a stream socket: length (4 bytes), number (8 bytes), then that many bytes of content."""

from __future__ import annotations

import struct

_HEADER = struct.Struct(">IQ")
MOST = 64 << 20
"""Bytes of content that one message holds at most: a node that says more is not believed."""
CHUNK = 256 << 10
"""Bytes that one read of a socket takes at most."""


def pack(number: int, content: bytes) -> bytes:
    """One message, ready to be sent. `number` pairs an answer with its question."""
    return head(number, len(content)) + content


def head(number: int, length: int) -> bytes:
    """What stands before so many bytes of content."""
    return _HEADER.pack(length, number)


class TooLong(Exception):
    """A message that says it is longer than `MOST`."""


class Splitter:
    """Cuts a stream back into the messages that it is made of."""

    def __init__(self) -> None:
        self._rest = b""
        self._open: int | None = None  # number of a message of which only the beginning is there: the pieces
        self._pieces: list[bytes] = []
        self._missing = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The messages (number, content) that `data` completes, in order. Raises `TooLong`."""
        messages: list[tuple[int, bytes]] = []
        if self._open is not None:
            piece, data = data[: self._missing], data[self._missing :]
            self._pieces.append(piece)
            self._missing -= len(piece)
            if self._missing:
                return []
            messages.append((self._open, b"".join(self._pieces)))
            self._open, self._pieces = None, []
        return messages + self._split(self._rest + data if self._rest else data)

    def _split(self, stream: bytes) -> list[tuple[int, bytes]]:
        """The messages that are whole in a stream which begins with one."""
        messages: list[tuple[int, bytes]] = []
        start, self._rest = 0, b""
        while len(stream) - start >= _HEADER.size:
            length, number = _HEADER.unpack_from(stream, start)
            if length > MOST:
                raise TooLong(length)
            start += _HEADER.size
            if len(stream) - start < length:
                self._open, self._pieces = number, [stream[start:]]
                self._missing = length - (len(stream) - start)
                return messages
            messages.append((number, stream[start : start + length]))
            start += length
        self._rest = stream[start:]
        return messages
