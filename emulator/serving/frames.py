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
        self._pieces: list[bytes] = []
        self._missing = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The messages (number, content) that `data` completes, in order. Raises `TooLong`."""
        self._pieces.append(data)
        self._missing -= len(data)
        if self._missing > 0:  # of a message whose length is known
            return []
        stream = data if len(self._pieces) == 1 else b"".join(self._pieces)
        messages, start = [], 0
        end = _HEADER.size
        while end <= len(stream):
            length, number = _HEADER.unpack_from(stream, start)
            if length > MOST:
                raise TooLong(length)
            end += length
            if end > len(stream):
                break
            messages.append((number, stream[start + _HEADER.size : end]))
            start, end = end, end + _HEADER.size
        self._pieces = [stream[start:]] if start < len(stream) else []
        self._missing = end - len(stream) if self._pieces else 0
        return messages
