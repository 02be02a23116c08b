"""Outputs as answers, without TensorFlow."""

from __future__ import annotations

import json
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.predictions import OUTPUTS, OutputStyle
from emulator.serving.codec import response
from emulator.serving.prediction_errors import InvalidOutputs


@pytest.mark.parametrize(
    ("outputs", "bare", "expected"),
    [
        pytest.param({"y": np.array([[0.1, 2]], np.float32)}, True, b"[[0.1,2.0]]", id="bare list"),
        pytest.param({"y": np.array([0.1, 2], np.float32)}, True, b"[0.1,2.0]", id="bare numbers"),
        pytest.param({"y": np.array([[0.1, 2]], np.float32)}, False, b'[{"y":[0.1,2.0]}]', id="objects on demand"),
        pytest.param(
            {"a": np.array([1, 2], np.int64), "b": np.array([[0.5], [0.1]], np.float32)},
            True,
            b'[{"a":1,"b":[0.5]},{"a":2,"b":[0.1]}]',
            id="several outputs are objects",
        ),
        pytest.param({"y": np.float32(0.1)}, True, b"[0.1]", id="scalar is one instance"),
        pytest.param({"y": np.array([True, False])}, True, b"[true,false]", id="booleans"),
        pytest.param({"t": np.array(["é".encode()], dtype=object)}, True, '["é"]'.encode(), id="text"),
        pytest.param({"t_bytes": np.array([b"\xff"], dtype=object)}, True, b'[{"b64":"/w=="}]', id="bytes"),
        pytest.param(
            {"t": np.array([[b"a", b"b"]], dtype=object), "n": np.array([7], np.int32)},
            True,
            b'[{"t":["a","b"],"n":7}]',
            id="text beside numbers",
        ),
        pytest.param({"y": np.array([[1, 2]], np.float32)[:, ::-1]}, True, b"[[2.0,1.0]]", id="not contiguous"),
        pytest.param({"y": np.zeros((1, 0), np.float32)}, True, b"[[]]", id="empty"),
        pytest.param(
            {"y": np.array([[0.1, np.nan]], np.float32)}, True, b"[[0.1,NaN]]", id="NaN as TensorFlow Serving writes it"
        ),
        pytest.param(
            {"y": np.array([np.inf], np.float32), "z": np.array([[0.1]], np.float32)},
            True,
            b'[{"y":Infinity,"z":[0.1]}]',
            id="infinity beside numbers",
        ),
        pytest.param(
            {"y": np.array([np.nan, -np.inf, 1.5], ml_dtypes.bfloat16)}, True, b"[NaN,-Infinity,1.5]", id="bfloat16"
        ),
        pytest.param({"y": np.array([-np.inf, 0.1], np.float64)}, True, b"[-Infinity,0.1]", id="minus infinity"),
    ],
)
def test_outputs_become_predictions(
    outputs: dict[str, Any], bare: bool, expected: bytes
) -> None:  # a column of the table
    """Each kind of output is written as the table says."""
    assert response.write(outputs, OutputStyle(single_output_bare=bare)) == expected


def test_non_finite_numbers_can_be_strings() -> None:
    """For clients whose JSON parser takes no bare words."""
    outputs = {"y": np.array([[0.1, np.nan], [np.inf, -np.inf]], np.float32), "z": np.array([1, 2])}

    written = response.write(outputs, OutputStyle(non_finite_quoted=True))

    assert written == b'[{"y":[0.1,"NaN"],"z":1},{"y":["Infinity","-Infinity"],"z":2}]'


@given(st.lists(st.floats(width=32), min_size=1))
def test_float32_round_trips(values: list[float]) -> None:
    """Reading an answer back as float32 gives the very values, with the shortest decimals."""
    array = np.array(values, dtype=np.float32)

    read = json.loads(response.write({"y": array}, OutputStyle(single_output_bare=True)))

    np.testing.assert_array_equal(np.array(read, dtype=np.float32), array)
    assert [str(np.float32(value)) for value in array] == [str(np.float32(value)) for value in read]


@pytest.mark.parametrize(
    ("outputs", "detail"),
    [
        ({"a": np.zeros(2), "b": np.zeros(3)}, "outputs had differing sizes in the batch (outer) dimension"),
        ({"t": np.array([b"\xff"], dtype=object)}, "output t holds bytes that are not UTF-8"),
        ({"c": np.zeros(1, np.complex64)}, "output c: JSON cannot carry complex64"),
    ],
)
def test_what_json_cannot_carry_is_refused(outputs: dict[str, Any], detail: str) -> None:
    """The error says which output and why."""
    with pytest.raises(InvalidOutputs) as caught:
        response.write(outputs, OutputStyle())

    assert detail in str(caught.value)
    assert caught.value.failed == OUTPUTS
