"""TFRecord files: a record's length (8 bytes, little-endian), its checksum, the record and its own checksum.

The checksums are CRC32C, rotated and shifted ("masked") as TensorFlow does. Needs no TensorFlow.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

import google_crc32c

from emulator.serving.chunks.malformed_input import MalformedInput

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
HEAD = _LENGTH.size + _CHECKSUM.size
"""Bytes before a record."""
TAIL = _CHECKSUM.size
"""Bytes behind it."""


def frame(record: bytes) -> bytes:
    """A record as it stands in a file."""
    length = _LENGTH.pack(len(record))
    return b"".join((length, _masked(length), record, _masked(record)))


def length(head: bytes, at: int) -> int:
    """The length of the record behind `head`, which is read at byte `at`. Raises `MalformedInput`."""
    if len(head) < HEAD or head[_LENGTH.size :] != _masked(head[: _LENGTH.size]):
        raise MalformedInput(f"at byte {at} is no TFRecord")
    found: int = _LENGTH.unpack_from(head)[0]
    return found


def frames(file: IO[bytes], at: int, most: int) -> Iterator[bytes]:
    """The framed records from here to the file's end, each checked.

    Args:
        file: stands at a record.
        at: the byte at which it stands, for the text of an error.
        most: bytes that a record may have.

    Raises:
        MalformedInput: a checksum is wrong, the file ends inside a record, or a record is too long.
    """
    while head := file.read(HEAD):
        size = length(head, at)
        if size > most:
            raise MalformedInput(f"the record at byte {at} has {size} bytes, and the most is {most}")
        rest = file.read(size + TAIL)
        if len(rest) < size + TAIL or rest[size:] != _masked(rest[:size]):
            raise MalformedInput(f"the record at byte {at} is damaged")
        yield head + rest
        at += HEAD + size + TAIL


def records(chunk: bytes) -> list[bytes]:
    """The records of whole frames that were checked before."""
    found, at = [], 0
    while at < len(chunk):
        start = at + HEAD
        end = start + int(_LENGTH.unpack_from(chunk, at)[0])
        found.append(chunk[start:end])
        at = end + TAIL
    return found


def _masked(content: bytes) -> bytes:
    crc = google_crc32c.value(content)
    return _CHECKSUM.pack(((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
