"""The quick way from lines of JSON to the arrays of a signature, for rows of few values. Needs no TensorFlow.

It takes what is exactly as the signature says, and judges nothing: of lines that it does not take, the strict way
(`question.arrays`) tells what is wrong with which. Whatever is done for each value is done in C: a row of 13
values takes a third of the strict way's time, and most of that is the parser's.
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

from emulator.serving.codec.signature import Signature, Tensor
from emulator.serving.codec.tensors import Array

STEP = 256
"""Lines that are taken, or not, together: what they are parsed to fits the processor's cache."""
_FEW = 16
"""Values that an input has in a row at most: TensorFlow itself converts longer lists quicker."""
_CODES = {"f": "d", "i": "q", "u": "q"}
_TYPES = {"U": str, "b": bool}
_KINDS = {"string": "U", "bool": "b", "float16": "f", "float32": "f", "float64": "f"} | {
    f"{sign}int{size}": sign or "i" for sign in ("", "u") for size in (8, 16, 32, 64)
}


class _Other(Exception):
    """Some value is not exactly what its input takes."""


class Columns:
    """Gathers lines in columns. Made by `of`.

    Args:
        inputs: the signature's inputs, by alias.
    """

    def __init__(self, inputs: Mapping[str, Tensor]) -> None:
        self._columns = {alias: _Column(tensor) for alias, tensor in inputs.items()}
        self._get = itemgetter(*inputs)

    @classmethod
    def of(cls, signature: Signature) -> Columns | None:
        """For this signature; None where one of its inputs is better converted the other way, or must be."""
        inputs = signature.inputs
        return cls(inputs) if inputs and all(map(_is_quick, inputs.values())) else None

    def add(self, lines: Sequence[bytes], *, words: bool) -> bool:
        """Takes all of the lines, or none of them; whether it did.

        Args:
            lines: a JSON text each.
            words: whether `true` or `false` may be in them.
        """
        columns = self._columns.values()
        try:
            cells = self._cells(lines)
            found = [column.flat(each, words=words) for column, each in zip(columns, cells, strict=True)]
        except (_Other, orjson.JSONDecodeError, KeyError, TypeError, OverflowError):
            return False
        for column, more in zip(columns, found, strict=True):
            column.values += more
        return True

    def take(self, count: int) -> dict[str, Array] | None:
        """The arrays of all lines that were added since it was last called; None where a number does not fit its type.

        Args:
            count: how many lines that were.
        """
        found = {alias: column.take(count) for alias, column in self._columns.items()}
        whole = {alias: values for alias, values in found.items() if values is not None}
        return whole if len(whole) == len(found) else None

    def _cells(self, lines: Sequence[bytes]) -> Iterable[Sequence[Any]]:
        """For each input, one value of each row."""
        rows = list(map(orjson.loads, lines))
        kinds, only = set(map(type, rows)), len(self._columns) == 1
        if kinds == {dict} and set(map(len, rows)) == {len(self._columns)}:
            cells = map(self._get, rows)
            return [list(cells)] if only else zip(*cells, strict=True)
        if only and dict not in kinds:
            return [rows]
        raise _Other


class _Column:
    """The values of one input, in one line.

    Attributes:
        values: of the rows so far.
    """

    def __init__(self, tensor: Tensor) -> None:
        assert tensor.shape is not None
        self._dtype, self._sizes = tensor.dtype, [int(size or 0) for size in tensor.shape[1:]]
        self._code = _CODES.get(_KINDS[tensor.dtype])
        self._type = _TYPES.get(_KINDS[tensor.dtype])
        self.values = self._none()

    def _none(self) -> Any:
        return array(self._code) if self._code else []

    def flat(self, cells: Sequence[Any], *, words: bool) -> Any:
        """The values of further rows.

        Args:
            cells: one for each row.
            words: whether `true` or `false` may be among them.

        Raises:
            _Other, TypeError, OverflowError: they are not exactly what the input takes.
        """
        for size in self._sizes:
            if set(map(len, cells)) != {size} or (self._type and set(map(type, cells)) != {list}):
                raise _Other
            cells = list(chain.from_iterable(cells))
        if self._code is None:
            return self._checked(cells)
        if words and bool in set(map(type, cells)):
            raise _Other
        return array(self._code, cells)  # takes no text, no list, no null, and no fraction for an integer

    def _checked(self, cells: Sequence[Any]) -> Sequence[Any]:
        if set(map(type, cells)) != {self._type}:
            raise _Other
        return [cell.encode() for cell in cells] if self._type is str else cells

    def take(self, count: int) -> Array | None:
        """The array of all rows so far, which are forgotten; None where a number does not fit."""
        values, self.values = self.values, self._none()
        found = (
            _fitting(np.frombuffer(values, np.dtype(self._code)), self._dtype) if self._code else self._objects(values)
        )
        return None if found is None else found.reshape((count, *self._sizes))

    def _objects(self, values: list[Any]) -> Array:
        return np.array(values, dtype=object if self._type is str else self._dtype)


def _fitting(values: Array, dtype: str) -> Array | None:
    """Doubles or 64-bit integers as another type; None where one would become another number, or infinite."""
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            floats = values.astype(dtype)
        return floats if np.isfinite(floats).all() else None
    limits = np.iinfo(dtype)
    fits = not values.size or (limits.min <= values.min() and values.max() <= limits.max)
    return values.astype(dtype) if fits else None


def _is_quick(tensor: Tensor) -> bool:
    """Whether its dtype and shape are known, but for the number of rows, and it has few values in a row."""
    if tensor.dtype not in _KINDS or not tensor.shape or tensor.shape[0] is not None:
        return False
    sizes = [size for size in tensor.shape[1:] if size]
    return len(sizes) == len(tensor.shape) - 1 and math.prod(sizes) <= _FEW
