"""Predictions by output name: a sample and an answer may each have either form."""

from __future__ import annotations

from typing import Any

import pytest

from resources.gate import compare

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
    if found and not found[0][0]:
        [(path, *_)] = compare.differences(expected, got, outputs, compare.TOLERANCE)
        assert path == ""
    else:
        assert list(compare.differences(expected, got, outputs, compare.TOLERANCE)) == found
