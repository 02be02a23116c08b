"""Messages over a stream socket: length (4 bytes), number (8 bytes), kind (1 byte), then that many bytes of content."""

from __future__ import annotations

import struct

from emulator.core.predictions import PREDICTIONS

_HEADER = struct.Struct(">IQB")
MOST = 64 << 20
"""Bytes of content that one message holds at most: a node that says more is not believed."""
CHUNK = 256 << 10
"""Bytes that one read of a socket takes at most."""


Message = tuple[int, int, bytes]
"""Number, kind and content."""


def pack(number: int, content: bytes, kind: int = PREDICTIONS) -> bytes:
    """One message, ready to be sent.

    Args:
        number: pairs an answer with its request.
        content: at most `MOST` bytes.
        kind: of an answer, see `predictions.Answer`; requests have none.
    """
    return head(number, len(content), kind) + content


def head(number: int, length: int, kind: int = PREDICTIONS) -> bytes:
    """The bytes before `length` bytes of content."""
    return _HEADER.pack(length, number, kind)


class TooLong(Exception):
    """A message that says it is longer than `MOST`."""


class Splitter:
    """Cuts a stream back into the messages that it is made of."""

    def __init__(self) -> None:
        self._rest = b""
        self._open: tuple[int, int] | None = None  # number and kind of a message that is not whole yet: its pieces
        self._pieces: list[bytes] = []
        self._missing = 0

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes, in order. Raises `TooLong`."""
        messages: list[Message] = []
        if self._open is not None:
            piece, data = data[: self._missing], data[self._missing :]
            self._pieces.append(piece)
            self._missing -= len(piece)
            if self._missing:
                return []
            messages.append((*self._open, b"".join(self._pieces)))
            self._open, self._pieces = None, []
        return messages + self._split(self._rest + data if self._rest else data)

    def _split(self, stream: bytes) -> list[Message]:
        """The messages that are whole in a stream which begins with one."""
        messages: list[Message] = []
        start, self._rest = 0, b""
        while len(stream) - start >= _HEADER.size:
            length, number, kind = _HEADER.unpack_from(stream, start)
            if length > MOST:
                raise TooLong(length)
            start += _HEADER.size
            if len(stream) - start < length:
                self._open, self._pieces = (number, kind), [stream[start:]]
                self._missing = length - (len(stream) - start)
                return messages
            messages.append((number, kind, stream[start : start + length]))
            start += length
        self._rest = stream[start:]
        return messages
