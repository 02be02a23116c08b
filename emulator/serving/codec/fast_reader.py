"""The fast way from JSON to arrays, for instances that are regular. Needs no TensorFlow.

It takes instances that are exactly as the signature says, and judges nothing. What it does not take is read strictly,
by `request`, which gives the same arrays or says what is wrong. Whatever is done for each value is done in C:

- One input of numbers: simdjson lays them out one after the other, without a Python object for each. It would take
  ragged lists for regular ones, so the *skeleton* is compared: a text without everything but its brackets, braces,
  quotes, commas and colons. For a signature and a number of instances exactly one fits, `{"":[[,],[,]]}`.
- Inputs of few values, text among them, as objects: orjson parses them, and each input becomes one column.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import orjson
import simdjson

from emulator.serving.codec import tensors
from emulator.serving.codec.signature import Signature, Tensor
from emulator.serving.codec.tensors import Array

Arrays = dict[str, Array]
"""The arrays of instances, by the inputs' aliases."""

_STRUCTURAL_BYTES = b'[]{}",:'
_VALUE_BYTES = bytes(set(range(256)) - set(_STRUCTURAL_BYTES))
_BYTE_ORDER_MARK = b"\xef"
"""How a byte order mark begins: simdjson accepts it, and JSON must not have it."""
_MOST_COLUMN_VALUES = 16
"""Values that an input of columns has in an instance at most: TensorFlow itself converts longer lists faster."""
_CODES = {"f": "d", "i": "q", "u": "q"}
_TYPES = {"U": str, "b": bool}
_KINDS = {"string": "U", "bool": "b", "float16": "f", "float32": "f", "float64": "f"} | {
    f"{sign}int{size}": sign or "i" for sign in ("", "u") for size in (8, 16, 32, 64)
}
_LARGEST = {dtype: float(np.finfo(dtype).max) for dtype in ("float16", "float32", "float64")}
_NUMBERS = {"float32": "d", "float64": "d", "int8": "i", "int16": "i", "int32": "i", "int64": "i", "uint8": "i"}
"""Types that simdjson reads, and how it gives their numbers: as float64 or as int64."""


class FastReader:
    """Reads instances for one signature. Made by `of`."""

    def __init__(self, numbers: NumberReader | None, columns: ColumnReader | None) -> None:
        self._numbers, self._columns = numbers, columns

    @classmethod
    def of(cls, signature: Signature) -> FastReader | None:
        """For this signature; None where no instance could be read so."""
        numbers, columns = NumberReader.of(signature), ColumnReader.of(signature)
        return cls(numbers, columns) if numbers or columns else None

    def requests(self, bodies: Sequence[bytes]) -> list[Arrays | None]:
        """The instances of each request `{"instances": [...]}`; None for one that must be read strictly."""
        found: list[Arrays | None] = [None] * len(bodies)
        if self._numbers:
            found = self._numbers.requests(bodies)
        if self._columns is None:
            return found
        return [arrays or self._columns.request(body) for arrays, body in zip(found, bodies, strict=True)]

    def lines(self, lines: Sequence[bytes]) -> Arrays | None:
        """The instances of one or more lines of JSON, one of each; None where they must be read strictly."""
        if self._columns:  # faster for short lines, whose skeletons cost as much as their values
            return self._columns.lines(lines)
        return self._numbers.lines(lines) if self._numbers else None


class NumberReader:
    """Reads instances for one input of numbers, whose shape is known but for the number of instances. Made by `of`."""

    def __init__(self, alias: str, dtype: str, shape: list[int]) -> None:
        self._alias, self._dtype, self._shape, self._size = alias, dtype, shape, math.prod(shape)
        self._instance = b""
        for size in reversed(shape):
            self._instance = b"[" + b",".join([self._instance] * size) + b"]"
        self._kind = _NUMBERS[dtype]
        self._parsed = np.dtype(np.float64 if self._kind == "d" else np.int64)
        self._latest = (0, b"")  # a number of instances, the latest, and its skeleton
        self._parser = simdjson.Parser()

    @classmethod
    def of(cls, signature: Signature) -> NumberReader | None:
        """For this signature; None where it has another number of inputs, another type, or an open shape."""
        if len(signature.inputs) != 1:
            return None
        ((alias, tensor),) = signature.inputs.items()
        shape = _closed_shape(tensor)
        return cls(alias, tensor.dtype, shape) if tensor.dtype in _NUMBERS and shape is not None else None

    def requests(self, bodies: Sequence[bytes]) -> list[Arrays | None]:
        """See `FastReader.requests`. The numbers of all requests are checked and converted together."""
        blocks = [self._parse(body) for body in bodies]
        regular = [block for block in blocks if block is not None]
        whole = self._converted(np.concatenate(regular) if len(regular) > 1 else regular[0]) if regular else None
        if whole is None:  # some number does not fit: each request alone shows whose
            alone = len(regular) == 1
            return [None if block is None or alone else self._named(self._converted(block)) for block in blocks]
        instances: list[Arrays | None] = []
        start = 0
        for block in blocks:
            end = start if block is None else start + len(block) // self._size
            instances.append(None if block is None else {self._alias: whole[start:end]})
            start = end
        return instances

    def lines(self, lines: Sequence[bytes]) -> Arrays | None:
        """See `FastReader.lines`."""
        if len(set(map(_skeleton, lines))) > 1:
            return None
        (found,) = self.requests([b'{"instances":[' + b",".join(lines) + b"]}"])
        return found if found and len(found[self._alias]) == len(lines) else None  # not several values in each line

    def _named(self, array: Array | None) -> Arrays | None:
        return None if array is None else {self._alias: array}

    def _parse(self, body: bytes) -> Array | None:
        """The numbers of a request, one after the other, or None."""
        if body.startswith(_BYTE_ORDER_MARK):
            return None
        skeleton = _skeleton(body)
        # Each instance but the last one is followed by a comma, so the length gives how many there can be.
        count = (len(skeleton) - len(b'{"":[]}') + 1) // (len(self._instance) + 1)
        if count < 1 or skeleton != self._skeleton_of(count):
            return None
        try:
            document: Any = self._parser.parse(body)
            content = document["instances"].as_buffer(of_type=self._kind)
        except (ValueError, TypeError, KeyError, RuntimeError):  # the last for an integer of more than 64 bits
            return None
        numbers = np.frombuffer(content, self._parsed)
        return numbers if len(numbers) == count * self._size else None  # `[]` and `[1]` have one skeleton

    def _skeleton_of(self, count: int) -> bytes:
        """The skeleton of a request with this number of instances."""
        if count != self._latest[0]:
            self._latest = count, b'{"":[' + b",".join([self._instance] * count) + b"]}"
        return self._latest[1]

    def _converted(self, numbers: Array) -> Array | None:
        found = _fitting(numbers, self._dtype)
        return None if found is None else found.reshape(-1, *self._shape)


class ColumnReader:
    """Reads instances for inputs of few values each, whose shapes are known but for their number. Made by `of`."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._get = itemgetter(*columns)

    @classmethod
    def of(cls, signature: Signature) -> ColumnReader | None:
        """For this signature; None where an input has another type, an open shape or too many values."""
        columns: dict[str, Column] = {}
        for alias, tensor in signature.inputs.items():
            shape = _closed_shape(tensor)
            if tensor.dtype not in _KINDS or shape is None or math.prod(shape) > _MOST_COLUMN_VALUES:
                return None
            columns[alias] = Column(tensor.dtype, shape)
        # An instance `{"b64": TEXT}` means bytes, whatever the input's name.
        return cls(columns) if columns and "b64" not in columns else None

    def request(self, body: bytes) -> Arrays | None:
        """The instances of a request `{"instances": [...]}`, or None."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(document, dict) or document.keys() != {"instances"}:
            return None
        rows = document["instances"]
        return self._arrays(rows, body) if isinstance(rows, list) else None

    def lines(self, lines: Sequence[bytes]) -> Arrays | None:
        """See `FastReader.lines`."""
        try:
            rows = list(map(orjson.loads, lines))
        except orjson.JSONDecodeError:
            return None
        return self._arrays(rows, b"\n".join(lines))

    def _arrays(self, rows: list[Any], text: bytes) -> Arrays | None:
        """The arrays of what was parsed from a text."""
        words = b"true" in text or b"false" in text
        found: Arrays = {}
        try:
            cells = self._cells(rows)
            for (alias, column), each in zip(self._columns.items(), cells, strict=True):
                found[alias] = column.read(each, words=words)
        except (_Irregular, KeyError, TypeError, OverflowError):
            return None
        return found

    def _cells(self, rows: list[Any]) -> Iterable[Sequence[Any]]:
        """For each input, one value of each row."""
        types, only = set(map(type, rows)), len(self._columns) == 1
        if types == {dict} and set(map(len, rows)) == {len(self._columns)}:
            cells = map(self._get, rows)
            return [list(cells)] if only else zip(*cells, strict=True)
        if only and rows and dict not in types:
            return [rows]
        raise _Irregular


class Column:
    """The values of one input."""

    def __init__(self, dtype: str, sizes: list[int]) -> None:
        self._dtype, self._sizes = dtype, sizes
        self._code, self._type = _CODES.get(_KINDS[dtype]), _TYPES.get(_KINDS[dtype])

    def read(self, cells: Sequence[Any], *, words: bool) -> Array:
        """The array of one cell for each instance.

        Args:
            cells: of parsed JSON.
            words: whether `true` or `false` may be among them.

        Raises:
            _Irregular, TypeError, OverflowError: they are not exactly what the input takes.
        """
        count = len(cells)
        for size in self._sizes:
            if set(map(len, cells)) != {size} or (self._type and set(map(type, cells)) != {list}):
                raise _Irregular
            cells = list(chain.from_iterable(cells))
        return self._flat(cells, words=words).reshape((count, *self._sizes))

    def _flat(self, cells: Sequence[Any], *, words: bool) -> Array:
        if self._code is None:
            if set(map(type, cells)) != {self._type}:
                raise _Irregular
            return np.array([cell.encode() for cell in cells], object) if self._type is str else np.array(cells, bool)
        if words and bool in set(map(type, cells)):
            raise _Irregular
        values = array(self._code, cells)  # takes no text, no list, no null, and no fraction for an integer
        found = _fitting(np.frombuffer(values, np.dtype(self._code)), self._dtype)
        if found is None:
            raise _Irregular
        return found


class _Irregular(Exception):
    """Some value is not exactly what its input takes."""


def _skeleton(text: bytes) -> bytes:
    return text.translate(None, _VALUE_BYTES)


def _closed_shape(tensor: Tensor) -> list[int] | None:
    """The shape of an instance; None where a dimension is open or 0, or the number of instances is fixed."""
    if not tensor.shape or tensor.shape[0] is not None:
        return None
    sizes = [size for size in tensor.shape[1:] if size]
    return sizes if len(sizes) == len(tensor.shape) - 1 else None


def _fitting(numbers: Array, dtype: str) -> Array | None:
    """Finite doubles or 64-bit integers converted to another type of their kind; None if a value is out of range."""
    if numbers.dtype.kind == "i":
        return tensors.exact(numbers, dtype)
    largest = _LARGEST[dtype]
    fits = not numbers.size or (-largest <= np.minimum.reduce(numbers) and np.maximum.reduce(numbers) <= largest)
    return numbers.astype(dtype, copy=False) if fits else None
