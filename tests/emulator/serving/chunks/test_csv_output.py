"""Outputs as comma-separated rows, read back by Python's own reader."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest

from emulator.serving.chunks.csv_output import CsvOutput
from emulator.serving.chunks.csv_rows import header
from emulator.serving.prediction_errors import InvalidOutputs


def read(outputs: dict[str, Any], count: int) -> list[list[str]]:
    """The keys, then the rows."""
    writer = CsvOutput()
    rows = writer.write({alias: np.asarray(value) for alias, value in outputs.items()}, count)
    return list(csv.reader(io.StringIO((header(writer.keys) + rows).decode(), newline="")))


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({"y": np.array([0.1, 2], "float32")}, [["y"], ["0.1"], ["2.0"]]),
        ({"y": np.array([[0.1], [2]], "float32")}, [["y"], ["0.1"], ["2.0"]]),
        ({"y": [[[1, 2], [3, 4]]] * 2}, [["y_0", "y_1", "y_2", "y_3"], ["1", "2", "3", "4"], ["1", "2", "3", "4"]]),
        ({"b": [1, 2], "a": [[True], [False]]}, [["a", "b"], ["true", "1"], ["false", "2"]]),
        ({"y": [float("nan"), 1.5]}, [["y"], ["NaN"], ["1.5"]]),
        ({"y": np.array([b'say "a, b"', b"line\nbreak"], object)}, [["y"], ['say "a, b"'], ["line\nbreak"]]),
        ({"y_bytes": np.array([b"\xff", b""], object), "z": [0, 1]}, [["y_bytes", "z"], ["/w==", "0"], ["", "1"]]),
        ({"odd,name": [1, 2]}, [["odd,name"], ["1"], ["2"]]),
    ],
)
def test_rows(outputs: dict[str, Any], expected: list[list[str]]) -> None:
    """Outputs in the order of their names, values as JSON writes them, text quoted where it must be."""
    assert read(outputs, 2) == expected


@pytest.mark.parametrize(("first", "second"), [([[1, 2]], [[1]]), ([1], [[1, 2]])])
def test_rows_of_another_length_are_refused(first: Any, second: Any) -> None:
    """Their values would stand under other keys."""
    writer = CsvOutput()
    writer.write({"y": np.array(first)}, 1)

    with pytest.raises(InvalidOutputs, match="same number of values"):
        writer.write({"y": np.array(second)}, 1)


def test_no_rows_have_no_keys() -> None:
    """Then the file is empty."""
    assert header(CsvOutput().keys) == b""
