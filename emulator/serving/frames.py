"""Messages over a stream socket: length (4 bytes), number (8 bytes), then that many bytes of content."""

from __future__ import annotations

import struct

_HEADER = struct.Struct(">IQ")
MOST = 64 << 20
"""Bytes of content that one message holds at most: a node that says more is not believed."""
CHUNK = 1 << 20
"""Bytes that one read of a socket takes at most."""


def pack(number: int, content: bytes) -> bytes:
    """One message, ready to be sent. `number` pairs an answer with its question."""
    return _HEADER.pack(len(content), number) + content


class TooLong(Exception):
    """A message that says it is longer than `MOST`."""


class Splitter:
    """Cuts a stream back into the messages that it is made of."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The messages (number, content) that `data` completes, in order. Raises `TooLong`."""
        self._buffer += data
        messages, start = [], 0
        while len(self._buffer) - start >= _HEADER.size:
            length, number = _HEADER.unpack_from(self._buffer, start)
            if length > MOST:
                raise TooLong(length)
            end = start + _HEADER.size + length
            if len(self._buffer) < end:
                break
            with memoryview(self._buffer) as view:
                messages.append((number, bytes(view[start + _HEADER.size : end])))
            start = end
        del self._buffer[:start]
        return messages
