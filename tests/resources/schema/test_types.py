"""Values and their types."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

import pulumi
import pytest
from pulumi.runtime import rpc
from typing_extensions import Required

from resources.schema import types
from resources.schema.types import Int64


class Inner(TypedDict, total=False):
    """A nested object."""

    min_nodes: int
    big: Int64


class Outer(TypedDict, total=False):
    """All kinds of types."""

    name: Required[str]
    on: bool
    share: float
    inner: Inner
    items: list[Inner]
    labels: dict[str, str]
    mode: Literal["A", "B"]
    free: Any


WRONG = [
    ({"name": 5}, "name", "must be a string; it is the number 5: put it in quotes"),
    ({}, "name", "is missing"),
    ({"name": "n", "on": 1}, "on", "must be true or false; it is 1"),
    ({"name": "n", "share": "x"}, "share", "must be a number; it is 'x'"),
    ({"name": "n", "share": True}, "share", "must be a number; it is true"),
    ({"name": "n", "inner": 3}, "inner", "must be a mapping; it is 3"),
    ({"name": "n", "inner": {"minNodes": 1.5}}, "inner.minNodes", "must be a whole number; it is 1.5"),
    ({"name": "n", "inner": {"minNodes": None}}, "inner.minNodes", "must be a whole number; it is empty"),
    ({"name": "n", "items": {}}, "items", "must be a list; it is a mapping"),
    ({"name": "n", "items": [{}, {"big": "x"}]}, "items[1].big", "must be a whole number; it is 'x'"),
    ({"name": "n", "labels": {"a": 1}}, "labels.a", "must be a string; it is the number 1: put it in quotes"),
    ({"name": "n", "labels": {1.5: "a"}}, "labels", "has the key 1.5, which is not a string"),
    ({"name": "n", "mode": "C"}, "mode", "must be one of A, B; it is 'C'"),
]


@pytest.mark.parametrize(("value", "path", "reason"), WRONG, ids=[f"{path}-{reason}" for _, path, reason in WRONG])
def test_a_wrong_value_is_named_by_its_full_path(value: dict[str, Any], path: str, reason: str) -> None:
    """One failure, at the key that is wrong."""
    assert [(f"top.{path}", reason)] == list(types.failures(value, Outer, "top"))


def test_a_key_that_is_not_known_is_named_with_those_that_are() -> None:
    """A typing error shows what could have been meant."""
    [(path, reason)] = types.failures({"name": "n", "nmae": 1}, Outer, "")

    assert path == "nmae"
    assert reason.startswith("is not a key here; did you mean name? The keys are ")


def test_all_failures_are_told_at_once() -> None:
    """Nobody has to run again to see the next mistake."""
    found = types.failures({"on": "yes", "share": "x", "inner": {"big": []}}, Outer, "")

    assert sorted(path for path, _ in found) == ["inner.big", "name", "on", "share"]


@pytest.mark.parametrize("later", [pulumi.Output.from_input(1), rpc.UNKNOWN], ids=["an Output", "unknown at preview"])
def test_what_is_only_known_later_is_not_judged(later: Any) -> None:
    """A value that another resource will give is accepted wherever a plain one is."""
    assert list(types.failures({"name": later, "inner": {"minNodes": later}}, Outer, "")) == []


def test_python_names_become_the_apis_but_a_users_own_keys_do_not() -> None:
    """`min_nodes` is `minNodes`; a label called `my_label` stays what it is."""
    written = {"name": "n", "inner": {"min_nodes": 1}, "items": [{"min_nodes": 2}], "labels": {"my_label": "x"}}

    wire = types.to_wire(written, Outer)

    assert wire == {"name": "n", "inner": {"minNodes": 1}, "items": [{"minNodes": 2}], "labels": {"my_label": "x"}}


def test_a_value_survives_the_way_to_the_api_and_back() -> None:
    """Floats of the engine become integers, int64 strings, and integers again."""
    inputs = {"name": "n", "inner": {"minNodes": 2.0, "big": 3.0}, "share": 0.5, "free": {"deep": 1.0}}

    sent = types.to_api(inputs, Outer)

    assert sent == {"name": "n", "inner": {"minNodes": 2, "big": "3"}, "share": 0.5, "free": {"deep": 1.0}}
    assert inputs == types.from_api(sent, Outer)


def test_the_mark_of_an_unknown_value_is_the_engines() -> None:
    """Schemas know it without importing Pulumi."""
    assert rpc.UNKNOWN == types.UNKNOWN
