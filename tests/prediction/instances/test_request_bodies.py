"""Instances are packed into request bodies within the API's limit."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcp import errors
from prediction.instances import arrays_and_frames, request_bodies
from prediction.targets.ml import MlTarget
from resources.ml import quotas


def pack(instances: Any, signature_name: str | None = None) -> list[request_bodies.Body]:
    """The request bodies of instances, for `ml` v1."""
    return request_bodies.pack(instances, MlTarget.envelope(signature_name))


def _instances(bodies: list[request_bodies.Body]) -> list[Any]:
    return [instance for body in bodies for instance in json.loads(body.content)["instances"]]


def _filler(size: int) -> str:
    """An instance of exactly `size` bytes of JSON."""
    return "x" * (size - 2)


@pytest.mark.parametrize(
    ("instance", "said", "reason"),
    [
        (1.5, 1.5, "a number"),
        ({"a": [1, "é", None]}, {"a": [1, "é", None]}, "plain JSON"),
        ((1, 2), [1, 2], "a tuple is a list"),
        ({1: 2}, {"1": 2}, "a key that is a number, as Python's json says it"),
        (2**70, 2**70, "an integer over 64 bits"),
        (np.arange(4, dtype=np.int64).reshape(2, 2), [[0, 1], [2, 3]], "an array"),
        (np.arange(6)[::2], [0, 2, 4], "a view of an array"),
        ({"age": np.array([63.0])}, {"age": [63.0]}, "an array inside a dict"),
        (np.float32(0.1), pytest.approx(0.1), "a numpy scalar"),
        (np.array([0.1], np.float32), [0.1], "a float32 by its shortest decimal"),
        (np.array([0.5], np.longdouble), [0.5], "an element with more bits than JSON's numbers have"),
        (b"\x00\xff", {"b64": "AP8="}, "bytes"),
        (np.array([b"fixed"]), [{"b64": "Zml4ZWQ="}], "an array of bytes"),
        (np.array(["fixed"]), ["fixed"], "an array of texts"),
        ([math.inf, np.array([-math.inf])], [math.inf, [-math.inf]], "infinities are words that the API takes"),
    ],
)
def test_values(instance: Any, said: Any, reason: str) -> None:
    """All values of NumPy and JSON are written as JSON."""
    assert _instances(pack([instance])) == [said], reason


@pytest.mark.parametrize("value", [math.nan, np.array([math.nan], np.float32), [None, np.float64("nan")]])
def test_nan_is_not_null(value: Any) -> None:
    """A NaN stays a NaN: null would be a missing value."""
    assert b"NaN" in pack([value])[0].content


def test_array_of_instances() -> None:
    """An array of shape (n, ...) is n instances."""
    assert _instances(pack(np.zeros((3, 2, 2)))) == [[[0.0, 0.0], [0.0, 0.0]]] * 3


@pytest.mark.parametrize("instances", [[], np.zeros((0, 4)), iter(())])
def test_none(instances: Any) -> None:
    """An empty list is rejected before anything is sent."""
    with pytest.raises(errors.InvalidInput):
        pack(instances)


@pytest.mark.parametrize("instances", ["text", b"bytes", {"instances": [1]}, 5, None, np.float32(1), np.array(1)])
def test_not_a_list(instances: Any) -> None:
    """Anything but a list of instances is rejected, even if Python can iterate over it."""
    with pytest.raises(errors.InvalidInput):
        pack(instances)


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, {(1, 2): 3}])
def test_not_json(value: Any) -> None:
    """A value that cannot be written as JSON is rejected with its index."""
    with pytest.raises(errors.InvalidInput) as caught:
        pack([1, value])

    assert caught.value.failures[0][0] == "instances[1]"


def test_input_that_is_not_json_is_named() -> None:
    """In columns, the error has row and column of a value such as pandas.NA."""
    with pytest.raises(errors.InvalidInput) as caught:
        pack(arrays_and_frames.rows({"age": [63, 41], "oldpeak": [2.3, object()]}, {}))

    assert caught.value.failures == (
        ("instances[1].oldpeak", "cannot be written as JSON: it contains a value of type object"),
    )


def test_circular() -> None:
    """A list that contains itself is rejected, too."""
    value: list[Any] = []
    value.append(value)

    with pytest.raises(errors.InvalidInput):
        pack([value])


def test_exactly_the_limit() -> None:
    """An instance that fills a request exactly is sent; one byte more is rejected with index and size."""
    room = quotas.PREDICT_BYTES - len('{"instances":[]}')
    (body,) = pack([_filler(room)])

    assert len(body.content) == quotas.PREDICT_BYTES

    with pytest.raises(errors.InvalidInput) as caught:
        pack([1, _filler(room + 1)])

    ((path, reason),) = caught.value.failures

    assert path == "instances[1]"
    assert f"{room + 1:,}" in reason


def test_signature_counts() -> None:
    """The signature's name is part of every body, and of its size."""
    bodies = pack([_filler(700_000)] * 3, "other")

    assert [json.loads(body.content)["signature_name"] for body in bodies] == ["other", "other"]
    with pytest.raises(errors.InvalidInput):
        pack([_filler(quotas.PREDICT_BYTES - len('{"instances":[]}'))], "other")


@given(st.lists(st.integers(min_value=2, max_value=1_000_000), min_size=1, max_size=12))
def test_split(sizes: list[int]) -> None:
    """Bodies have all instances in order, each within the limit, and no two neighbours fit into one."""
    instances = [_filler(size) for size in sizes]
    bodies = pack(instances)

    assert _instances(bodies) == instances
    assert all(len(body.content) <= quotas.PREDICT_BYTES for body in bodies)
    for body, following in itertools.pairwise(bodies):
        first = len(json.dumps(json.loads(following.content)["instances"][0]))
        assert len(body.content) + 1 + first > quotas.PREDICT_BYTES
