"""Mismatches of samples and signatures."""

from __future__ import annotations

from typing import Any

import pytest

from artifact_format.sample_fit import mismatches

IMAGE = {"image": {"dtype": "float32", "shape": [None, 2, 3]}}
PATIENT = {"age": {"dtype": "int64", "shape": [None, 1]}, "thal": {"dtype": "string", "shape": [None, 1]}}
OPEN = {"words": {"dtype": "string", "shape": [None, None]}, "any": {"dtype": "bool", "shape": None}}
GOOD = [[0, 1, 2.5], [0.5, float("nan"), 9]]


@pytest.mark.parametrize(
    ("instance", "inputs"),
    [
        (GOOD, IMAGE),
        ({"image": GOOD}, IMAGE),
        ({"age": [1], "thal": ["x"]}, PATIENT),
        ({"age": [1], "thal": [{"b64": "eA=="}]}, PATIENT),
        ({"words": [], "any": [[True]]}, OPEN),
        ({"b64": "eA=="}, {"text": {"dtype": "string", "shape": [None]}}),
    ],
)
def test_match(instance: Any, inputs: Any) -> None:
    """Bare values and objects, texts and bytes, unknown sizes and ranks match."""
    assert list(mismatches(instance, inputs)) == []


@pytest.mark.parametrize(
    ("instance", "inputs", "said"),
    [
        ([[1, 2, 3]], IMAGE, "image must be float32 [2, 3]; got the shape [1, 3]"),
        ([[1, 2, 3], [4]], IMAGE, "image must be float32 [2, 3]; got lists of different lengths"),
        ([[1, 2, 3], [4, 5, "6"]], IMAGE, 'image must be float32 [2, 3]; got "6"'),
        ([[1, 2, 3], [4, 5, None]], IMAGE, "image must be float32 [2, 3]; got null"),
        ([[1, 2, 3], [4, 5, True]], IMAGE, "image must be float32 [2, 3]; got true"),
        ({"picture": GOOD}, IMAGE, "unknown input picture"),
        ({"age": [1]}, PATIENT, "thal is missing"),
        ({"age": [1.5], "thal": ["x"]}, PATIENT, "age must be int64 [1]; got 1.5"),
        ({"age": [1], "thal": [5]}, PATIENT, "thal must be string [1]; got 5"),
        ({"age": 1, "thal": ["x"]}, PATIENT, "age must be int64 [1]; got 1"),
        ([1, 2], PATIENT, "must be an object with age, thal; got [1, 2]"),
        ({"words": ["a"], "any": 1}, OPEN, "any must be bool of any shape; got 1"),
    ],
)
def test_mismatch(instance: Any, inputs: Any, said: str) -> None:
    """A mismatch names the input, the expected type and the actual value."""
    assert next(mismatches(instance, inputs)).startswith(said)
