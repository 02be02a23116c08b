"""Predictions by output name: a sample and an answer may each have either form."""

from __future__ import annotations

from typing import Any

import pytest

from resources.gate import comparison

BYTES = {"b64": "AA=="}

FORMS = [
    pytest.param(2.0, 2.0, ["y"], [], id="bare, bare"),
    pytest.param({"y": 2.0}, 2.0, ["y"], [], id="named, bare"),
    pytest.param(2.0, {"y": 2.0}, ["y"], [], id="bare, named"),
    pytest.param({"y": 2.0}, {"y": 2.0}, ["y"], [], id="named, named"),
    pytest.param({"y": 2.0}, 3.0, ["y"], [("y", 2.0, 3.0)], id="named, bare, another"),
    pytest.param([1.0, 2.0], {"y": [1.0, 2.5]}, ["y"], [("y[1]", 2.0, 2.5)], id="a vector"),
    pytest.param({"y": 2.0}, 2.0, [], [], id="named, bare, no name known"),
    pytest.param(2.0, {"y": 2.0}, [], [], id="bare, named, no name known"),
    pytest.param(2.0, {"y": 3.0}, [], [("y", 2.0, 3.0)], id="bare, named, another, no name known"),
    pytest.param(2.0, 2.0, [], [], id="bare, bare, no name known"),
    pytest.param({"z": 2.0}, {"y": 2.0}, [], [("", {"z": 2.0}, {"y": 2.0})], id="two names"),
    pytest.param({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}, ["a", "b"], [], id="two outputs"),
    pytest.param({"a": 1.0, "b": 2.0}, 1.0, [], [("", {"a": 1.0, "b": 2.0}, 1.0)], id="two outputs, bare"),
    pytest.param(BYTES, {"y_bytes": BYTES}, ["y_bytes"], [], id="bytes are a value"),
    pytest.param(BYTES, {"y_bytes": BYTES}, [], [], id="bytes are a value, no name known"),
    pytest.param({"y_bytes": BYTES}, BYTES, [], [], id="bytes, named and bare, no name known"),
    pytest.param(BYTES, BYTES, [], [], id="bytes, bare"),
    pytest.param(BYTES, BYTES, ["b64"], [], id="an output of that name"),
    pytest.param("AA==", BYTES, ["b64"], [], id="an output of that name, bare"),
]


@pytest.mark.parametrize(("expected", "got", "outputs", "found"), FORMS)
def test_either_side_may_be_bare(expected: Any, got: Any, outputs: list[str], found: list[Any]) -> None:
    """A bare value stands under the only output's name; where that is not known, the only value is compared."""
    assert list(comparison.differences(expected, got, outputs, comparison.TOLERANCE)) == found


@pytest.mark.parametrize(
    ("predictions", "expected", "reason"),
    [
        ([2.0, 4.0], 2, ""),
        ([2.0], 2, "expected 2 predictions, got 1"),
        ([], 1, "expected 1 prediction, got 0"),
        (None, 2, "expected a list of 2 predictions, got none"),
        ({"y": 2.0}, 1, "expected a list of 1 prediction, got a mapping"),
    ],
)
def test_an_answer_holds_one_prediction_for_each_instance(predictions: Any, expected: int, reason: str) -> None:
    """Another number of them, or no list, is reported with both values."""
    assert comparison.count_failure(predictions, expected) == reason
