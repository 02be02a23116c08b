"""Chunks of JSON lines become arrays: the quick way takes only what the strict way takes, and gives the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from emulator.serving.chunks.chunk_reader import STEP, ChunkReader
from emulator.serving.codec import request
from emulator.serving.codec.fast_reader import ColumnReader
from emulator.serving.codec.signature import Signature, Tensor
from emulator.serving.codec.tensors import Array
from emulator.serving.prediction_errors import InvalidInputs

PATIENT = Signature(
    {
        "age": Tensor("float32", (None, 1)),
        "beats": Tensor("int32", (None,)),
        "rest": Tensor("float64", (None, 2)),
        "thal": Tensor("string", (None, 1)),
        "smokes": Tensor("bool", (None, 1)),
    }
)
GOOD = {"age": [63.5], "beats": 150, "rest": [0.5, 1], "thal": ["fixed"], "smokes": [True]}
NUMBER = Signature({"x": Tensor("float32", (None,))})
PAIR = Signature({"x": Tensor("float32", (None, 2))})
TEXT = Signature({"x": Tensor("string", (None, 1))})
IMAGE = Signature({"x": Tensor("float32", (None, 5, 4))})
PIXELS = [[0.5, 1, 2, 3]] * 5
CUT = "\n".join([f"{json.dumps(PIXELS)},{json.dumps(PIXELS)}", *json.dumps(PIXELS).split(", ", 1)])
SMALL = Signature({"x": Tensor("uint8", (None,))})


def slow(rows: list[Any], dtype: str) -> Array:
    """No quicker conversion of numbers."""
    raise TypeError(dtype, len(rows))


def strictly(signature: Signature, lines: list[bytes]) -> tuple[list[str], list[str]]:
    """What each line is on its own, and the errors of the others."""
    rows: list[str] = []
    refused: list[str] = []
    for line in lines:
        with suppressed(refused):
            arrays = request.arrays([request.parse(line)], signature, line)
            rows.append(repr({alias: array[0].tolist() for alias, array in arrays.items()}))
    return rows, sorted(refused)


@contextmanager
def suppressed(refused: list[str]) -> Iterator[None]:
    """Keeps the text of a refusal."""
    try:
        yield
    except InvalidInputs as exc:
        refused.append(str(exc))


def none(error: InvalidInputs, at: Sequence[int]) -> None:
    """Fails where a row is refused."""
    raise AssertionError(f"{error}: {at}")


def read(signature: Signature, lines: list[bytes]) -> tuple[list[str], list[str]]:
    """The same of the reader."""
    rows: list[str] = []
    refused: list[str] = []
    numbers: list[int] = []

    def refuse(error: InvalidInputs, at: Sequence[int]) -> None:
        refused.extend([str(error)] * len(at))
        numbers.extend(at)
        assert [strictly(signature, [lines[number]])[0] for number in at] == [[] for _ in at]

    for arrays, at in ChunkReader(signature, slow, row_format="JSON").read(b"\n".join(lines), refuse):
        numbers += at
        assert {array.dtype for array in arrays.values()} == {
            np.dtype(object if tensor.dtype == "string" else tensor.dtype) for tensor in signature.inputs.values()
        }
        rows += [repr({alias: array[row].tolist() for alias, array in arrays.items()}) for row in range(len(at))]
    assert sorted(numbers) == list(range(len(lines)))
    return rows, sorted(refused)


@pytest.mark.parametrize(
    ("signature", "line", "reason"),
    [
        (PATIENT, json.dumps({**GOOD, "age": [1]}), "a whole number is one of floats too"),
        (PATIENT, json.dumps({**GOOD, "beats": 1.5}), "a fraction is none of integers"),
        (PATIENT, json.dumps({**GOOD, "beats": 1 << 40}), "it does not fit 32 bits"),
        (PATIENT, json.dumps({**GOOD, "beats": 1 << 70}), "nor 64"),
        (PATIENT, json.dumps({**GOOD, "beats": True}), "true is no number"),
        (PATIENT, json.dumps({**GOOD, "age": [False]}), "nor is false"),
        (PATIENT, json.dumps({**GOOD, "age": 63.5}), "a number in the place of a list"),
        (PATIENT, json.dumps({**GOOD, "age": [[63.5]]}), "a list of lists"),
        (PATIENT, json.dumps({**GOOD, "age": ["63.5"]}), "a number as text"),
        (PATIENT, json.dumps({**GOOD, "age": [None]}), "null"),
        (PATIENT, json.dumps({**GOOD, "age": [1e39]}), "it would be infinite"),
        (PATIENT, json.dumps({**GOOD, "age": [float("nan")]}), "a bare NaN is a float"),
        (PATIENT, json.dumps({**GOOD, "rest": [1.0]}), "too short"),
        (PATIENT, json.dumps({**GOOD, "rest": {"a": 1, "b": 2}}), "an object in the place of a list"),
        (PATIENT, json.dumps({**GOOD, "thal": "f"}), "a text of one character in the place of a list of one text"),
        (PATIENT, json.dumps({**GOOD, "thal": {"f": 1}}), "an object with one key likewise"),
        (PATIENT, json.dumps({**GOOD, "thal": [1]}), "a number as a text"),
        (PATIENT, json.dumps({**GOOD, "thal": [{"b64": "AP8="}]}), "bytes"),
        (PATIENT, json.dumps({**GOOD, "thal": ["g\u00fcnstig"]}), "an escape"),
        (PATIENT, json.dumps({**GOOD, "smokes": [1]}), "1 is not true"),
        (PATIENT, json.dumps({**GOOD, "more": 1}), "an input too many"),
        (PATIENT, json.dumps({"age": [1]}), "inputs are missing"),
        (PATIENT, "[1]", "no object"),
        (PATIENT, "{oops", "no JSON"),
        (PATIENT, "", "an empty line"),
        (NUMBER, '{"x": 2}', "an only input may be named"),
        (NUMBER, '{"y": 2}', "by its own name"),
        (NUMBER, "[2]", "a list in the place of a number"),
        (PAIR, '"ab"', "a text of two characters is no pair"),
        (TEXT, '"b"', "a text is no list of one"),
        (IMAGE, json.dumps(PIXELS[:4]), "a row is missing"),
        (IMAGE, json.dumps([*PIXELS[:4], [1, 2, 3]]), "a row is too short"),
        (IMAGE, json.dumps([*PIXELS[:4], [1, 2, 3, True]]), "true is no number"),
        (IMAGE, json.dumps({"x": PIXELS}), "an only input may be named"),
        (IMAGE, f"{json.dumps(PIXELS)},{json.dumps(PIXELS)}", "two values in a line"),
        (IMAGE, "", "an empty line"),
        (IMAGE, CUT, "two values in a line, and one in two lines"),
        (SMALL, "256", "it does not fit a byte"),
        (SMALL, "-1", "nor does what is less than 0"),
    ],
)
def test_a_line_among_others_is_what_it_is_alone(signature: Signature, line: str, reason: str) -> None:
    """The quick way takes lines by the hundred; each is read, or refused, as the strict way says of it alone."""
    good: list[tuple[Signature, Any]] = [
        (PATIENT, GOOD),
        (NUMBER, 1.5),
        (PAIR, [1, 2.5]),
        (TEXT, ["a"]),
        (IMAGE, PIXELS),
        (SMALL, 7),
    ]
    [row] = [row for one, row in good if one is signature]
    lines = [json.dumps(row).encode()] * (STEP + 40)
    lines[STEP // 2 : STEP // 2 + 1] = line.encode().split(b"\n")

    assert read(signature, lines) == strictly(signature, lines), reason


@pytest.mark.parametrize(("signature", "row"), [(PATIENT, GOOD), (IMAGE, PIXELS)])
def test_rows_that_are_all_alike_come_in_one_piece(signature: Signature, row: Any) -> None:
    """So that the model is asked in batches as large as the job says."""
    lines = b"\n".join([json.dumps(row).encode()] * 1000)

    assert [list(at) for _, at in ChunkReader(signature, slow, row_format="JSON").read(lines, none)] == [
        list(range(1000))
    ]


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor("float32", None),
        Tensor("float32", (None, None)),
        Tensor("float32", (4, 1)),
        Tensor("float32", ()),
        Tensor("float32", (None, 28, 28)),
        Tensor("complex64", (None, 1)),
    ],
)
def test_what_is_left_to_the_strict_way(tensor: Tensor) -> None:
    """Open shapes, a fixed number of rows, long rows, other types."""
    assert ColumnReader.of(Signature({"x": tensor})) is None
