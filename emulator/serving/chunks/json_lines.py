"""From a model's outputs to lines of JSON, one object per row, keyed by the outputs' aliases. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from emulator.core.predictions import OutputStyle
from emulator.serving.codec import response
from emulator.serving.codec.tensors import Array
from emulator.serving.prediction_errors import InvalidOutputs


class JsonLines:
    """Writes lines. `keys` is empty: each line has its own.

    Args:
        style: how values are written.
    """

    keys: tuple[str, ...] = ()

    def __init__(self, style: OutputStyle) -> None:
        self._style = style

    def write(self, outputs: Mapping[str, Array], count: int) -> bytes:
        """The lines of `count` rows. A batch's results are objects always, also those of a single output.

        Raises:
            InvalidOutputs: an output has another number of rows, or JSON cannot carry it.
        """
        arrays = checked(outputs, count)
        if len(arrays) == 1:
            (name,) = arrays
            return self._alone(_key(name), response.column(name, arrays[name]))
        columns = [self._column(_key(alias), response.column(alias, array)) for alias, array in arrays.items()]
        return b"{" + b"}\n{".join(map(b",".join, zip(*columns, strict=True))) + b"}\n"

    def _alone(self, key: bytes, column: Array | list[Any]) -> bytes:
        """The lines of an only output. Where its rows are flat, none of them becomes an object."""
        if not response.is_flat(column):
            return b"{" + b"}\n{".join(self._column(key, column)) + b"}\n"
        text = orjson.dumps(column, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
        end, begin = (b"]", b"[") if column.ndim == 2 else (b"", b"")
        return b"{" + key + text.replace(end + b"," + begin, end + b"}\n{" + key + begin) + b"}\n"

    def _column(self, key: bytes, column: Array | list[Any]) -> list[bytes]:
        """A key and a JSON value per row."""
        if response.is_flat(column):
            return [key + row for row in response.rows(column)]
        if isinstance(column, np.ndarray):
            return [key + orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) for row in column]
        return [key + response.plain_json(row, self._style) for row in column]


def checked(outputs: Mapping[str, Array], count: int) -> dict[str, Array]:
    """The outputs, a scalar as one row. Raises `InvalidOutputs` where one has another number of rows."""
    arrays = {alias: np.atleast_1d(array) for alias, array in outputs.items()}
    for alias, array in arrays.items():
        if len(array) != count:
            sizes = f"{len(array)} row{'s' * (len(array) != 1)} for {count} instance{'s' * (count != 1)}"
            raise InvalidOutputs(f"output {alias} has {sizes}")
    return arrays


def _key(alias: str) -> bytes:
    return orjson.dumps(alias) + b":"
