"""Reads the protocol-buffer wire format as far as SavedModels need it, so that preview needs no TensorFlow.

The generated messages are a part of the package `tensorflow`: an import of one imports TensorFlow.

https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MOST_VARINT_BYTES = 10


class WireError(ValueError):
    """The bytes are not a message, or are truncated."""


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The number and value of each field, in order: an unsigned int for varints, else the bytes.

    Raises:
        WireError: the bytes are not a message, or are truncated.
    """
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = varint(message, at)
            yield number, value
            continue
        if kind == BYTES:
            size, at = varint(message, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise WireError(f"wire type {kind} at byte {at}")
        if at + size > len(message):
            raise WireError(f"{at + size - len(message)} bytes are missing at its end")
        yield number, message[at : at + size]
        at += size


def messages(message: memoryview, number: int) -> Iterator[memoryview]:
    """The values of the fields with this number that are messages, strings or bytes."""
    for found, value in fields(message):
        if found == number and isinstance(value, memoryview):
            yield value


def integer(message: memoryview, number: int) -> int:
    """The last value of a field of type int64 or enum; 0 if it is missing."""
    value = 0
    for found, each in fields(message):
        if found == number and isinstance(each, int):
            value = each
    return value - (1 << 64) if value >= 1 << 63 else value


def text(message: memoryview, number: int) -> str:
    """The last value of a field of type string; empty if it is missing."""
    values = [bytes(value).decode("utf-8") for value in messages(message, number)]
    return values[-1] if values else ""


def varint(message: memoryview, at: int) -> tuple[int, int]:
    """The unsigned number at this position, and the position after it. Raises `WireError` if it has over 10 bytes."""
    value = 0
    for count in range(_MOST_VARINT_BYTES):
        if at + count >= len(message):
            raise WireError("it ends in the middle of a number")
        byte = message[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, at + count + 1
    raise WireError(f"a number of more than {_MOST_VARINT_BYTES} bytes at byte {at}")
