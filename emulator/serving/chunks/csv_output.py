"""From a model's outputs to rows of comma-separated values, whose keys stand in a file of their own. No TensorFlow.

Google says no more of this format than that. Here a row has a value of each output, the outputs by their aliases; one
with several values in a row has a column for each, `ALIAS_0`, `ALIAS_1`, in the order in which JSON lists them. Numbers
are written as in JSON; text is quoted where it must be (RFC 4180), rows end with a line feed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from emulator.serving.chunks.csv_rows import row_of
from emulator.serving.chunks.json_lines import checked
from emulator.serving.codec import response
from emulator.serving.codec.tensors import Array
from emulator.serving.prediction_errors import InvalidOutputs


class CsvOutput:
    """Writes rows.

    Attributes:
        keys: of the columns; empty until a row was written.
    """

    def __init__(self) -> None:
        self.keys: list[str] = []

    def write(self, outputs: Mapping[str, Array], count: int) -> bytes:
        """The rows of `count` predictions.

        Raises:
            InvalidOutputs: an output has another number of rows, or of values in a row than before, or no text.
        """
        arrays = dict(sorted(checked(outputs, count).items()))
        flat = {alias: array.reshape(count, -1) for alias, array in arrays.items()}
        keys = [key for alias, array in arrays.items() for key in _keys(alias, array.ndim, flat[alias].shape[1])]
        if self.keys and keys != self.keys:
            raise InvalidOutputs("CSV takes rows that all have the same number of values")
        columns = [_texts(response.column(alias, array)) for alias, array in flat.items()]
        self.keys = keys
        rows = columns[0] if len(columns) == 1 else list(map(b",".join, zip(*columns, strict=True)))
        return b"\n".join(rows) + b"\n"


def _keys(alias: str, dimensions: int, size: int) -> list[str]:
    return [alias] if dimensions == 1 or size == 1 else [f"{alias}_{number}" for number in range(size)]


def _texts(column: Array | list[Any]) -> list[bytes]:
    """One text per row, of all its values."""
    if isinstance(column, np.ndarray):
        text = orjson.dumps(column, option=orjson.OPT_SERIALIZE_NUMPY)
        return text[2:-2].split(b"],[")
    return [row_of([_plain(value) for value in row]) for row in column]


def _plain(value: Any) -> Any:
    """A value as `csv` is to write it: bytes by their base64, NaN and the infinities as in the lines of JSON."""
    if isinstance(value, dict):
        return value["b64"]
    return value if isinstance(value, str) else json.dumps(value)
