"""Requests that are one regular array of numbers, read without a Python object for each. Needs no TensorFlow.

simdjson parses them and lays their numbers out one after the other. It would take ragged lists for regular ones, so the
*skeleton* is compared: a request without everything but its brackets, braces, quotes, commas and colons. For a
signature and a number of instances there is exactly one that fits, `{"":[[,],[,]]}`. Whatever it does not fit, or
simdjson refuses, is read by `question` as ever: what is taken here is taken there, with the same values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import simdjson

from emulator.serving.codec import tensors
from emulator.serving.codec.signature import Tensor
from emulator.serving.codec.tensors import Array

_KINDS = {"float32": "d", "float64": "d", "int8": "i", "int16": "i", "int32": "i", "int64": "i", "uint8": "i"}
"""Types of inputs, and how simdjson gives their numbers: as float64 or as int64."""

_BONES = b'[]{}",:'
_FLESH = bytes(set(range(256)) - set(_BONES))
_MARK = b"\xef"
"""How a byte order mark begins: simdjson takes it, and JSON may not have it."""


def skeleton(text: bytes) -> bytes:
    """A JSON text without everything but its brackets, braces, quotes, commas and colons."""
    return text.translate(None, _FLESH)


def reader(tensor: Tensor) -> Reader | None:
    """What reads requests for a signature with this input alone.

    None where no request can be read so: of another type than numbers, or of a shape that is open within an instance.
    """
    if tensor.dtype not in _KINDS or not tensor.shape or tensor.shape[0] is not None or None in tensor.shape[1:]:
        return None
    shape = [size for size in tensor.shape[1:] if size is not None]
    return None if 0 in shape else Reader(tensor.dtype, shape)


class Reader:
    """Reads requests for one type and shape of instances."""

    def __init__(self, dtype: str, shape: list[int]) -> None:
        self._dtype, self._kind, self._shape, self._size = dtype, _KINDS[dtype], shape, math.prod(shape)
        self._instance = b""
        for size in reversed(shape):
            self._instance = b"[" + b",".join([self._instance] * size) + b"]"
        self._parsed = np.dtype(np.float64 if self._kind == "d" else np.int64)
        self._fitting = (0, b"")  # a number of instances, the one that came last, and its skeleton
        self._parser = simdjson.Parser()
        self._most = float(np.finfo(dtype).max) if self._kind == "d" else 0.0

    def read(self, body: bytes) -> Array | None:
        """The instances of a request, or None for one that is not read here."""
        return self.read_all([body])[0]

    def read_all(self, bodies: Sequence[bytes]) -> list[Array | None]:
        """The same for each of several requests, whose numbers are checked and converted together."""
        blocks = [self._numbers(body) for body in bodies]
        regular = [block for block in blocks if block is not None]
        whole = self._converted(np.concatenate(regular) if len(regular) > 1 else regular[0]) if regular else None
        if whole is None:  # some number does not fit: of which request, each alone tells
            alone = len(regular) == 1
            return [None if block is None or alone else self._converted(block) for block in blocks]
        instances: list[Array | None] = []
        start = 0
        for block in blocks:
            end = start if block is None else start + len(block) // self._size
            instances.append(None if block is None else whole[start:end])
            start = end
        return instances

    def _numbers(self, body: bytes) -> Array | None:
        """The numbers of a request, one after the other, or None."""
        if body.startswith(_MARK):
            return None
        bones = skeleton(body)
        # Each instance but the last one is followed by a comma, and so the length tells how many there can be.
        count = (len(bones) - len(b'{"":[]}') + 1) // (len(self._instance) + 1)
        if count < 1 or bones != self._bones(count):
            return None
        try:
            document: Any = self._parser.parse(body)
            content = document["instances"].as_buffer(of_type=self._kind)
        except (ValueError, TypeError, KeyError, RuntimeError):  # the last for an integer of more than 64 bits
            return None
        numbers = np.frombuffer(content, self._parsed)
        return numbers if len(numbers) == count * self._size else None  # `[]` and `[1]` have one skeleton

    def _bones(self, count: int) -> bytes:
        """The skeleton of a request with so many instances."""
        if count != self._fitting[0]:
            self._fitting = count, b'{"":[' + b",".join([self._instance] * count) + b"]}"
        return self._fitting[1]

    def _converted(self, numbers: Array) -> Array | None:
        """Instances of the input's type, or None where a number does not fit it."""
        instances = numbers.reshape(-1, *self._shape)
        if self._kind == "i":
            return tensors.exact(instances, self._dtype)
        # JSON has no infinities; but a float64 may become one.
        fits = -self._most <= np.minimum.reduce(numbers) and np.maximum.reduce(numbers) <= self._most
        return instances.astype(self._dtype, copy=False) if fits else None
