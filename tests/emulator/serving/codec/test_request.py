"""Requests against signatures, without TensorFlow."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from emulator.core.predictions import INPUTS
from emulator.serving.codec import request as question
from emulator.serving.codec.signature import Signature, Tensor
from emulator.serving.prediction_errors import InvalidInputs

PAIR = {"serving_default": Signature({"x": Tensor("float32", (None, 2))})}
FEATURE = {"only": Signature({"age": Tensor("int64", (None, 1))})}
TEXT = {"s": Signature({"t": Tensor("string", (None,))})}
BOTH = {"s": Signature({"a": Tensor("float32", (None,)), "b": Tensor("int32", (None, 2))})}
MANY = {"serving_default": PAIR["serving_default"], "other": TEXT["s"]}
FLAG = {"s": Signature({"f": Tensor("bool", (None,))})}
NONE = {"s": Signature({})}
ONE = {"s": Signature({"n": Tensor("int32", ())})}
OPEN = {"s": Signature({"x": Tensor("float64", None)})}


def nested(depth: int) -> Any:
    """A number in so many lists."""
    return [nested(depth - 1)] if depth else 1.0


def _read(signatures: dict[str, Signature], instances: Any, **more: Any) -> question.Request:
    return question.read(json.dumps({"instances": instances, **more}).encode(), signatures)


@pytest.mark.parametrize(
    ("signatures", "instances", "expected"),
    [
        pytest.param(PAIR, [[1, 2.5]], {"x": [[1.0, 2.5]]}, id="bare value, integers as floats"),
        pytest.param(PAIR, [{"x": [1, 2]}, [3, 4]], {"x": [[1, 2], [3, 4]]}, id="named and bare mixed"),
        pytest.param(FEATURE, [{"age": [7]}], {"age": [[7]]}, id="feature of shape [None, 1]"),
        pytest.param(TEXT, ["é", {"t": "b"}], {"t": ["é".encode(), b"b"]}, id="strings as UTF-8"),
        pytest.param(
            TEXT, [{"b64": "/wA="}, {"t": {"b64": ""}}], {"t": [b"\xff\x00", b""]}, id="base64, bare and named"
        ),
        pytest.param(
            BOTH, [{"a": 1, "b": [1, 2]}, {"b": [3, 4], "a": 0.5}], {"a": [1, 0.5], "b": [[1, 2], [3, 4]]}, id="rows"
        ),
        pytest.param(FLAG, [True, False], {"f": [True, False]}, id="booleans"),
        pytest.param(OPEN, [[[1.0], [2.0]]], {"x": [[[1.0], [2.0]]]}, id="open rank"),
        pytest.param(OPEN, [nested(63)], {"x": [nested(63)]}, id="as deep as can be"),
        pytest.param(ONE, [7], {"n": 7}, id="scalar"),
        pytest.param(ONE, [{"n": 7}], {"n": 7}, id="scalar by name"),
        pytest.param(PAIR, [[float("nan"), float("-inf")]], {"x": [[float("nan"), float("-inf")]]}, id="bare NaN"),
    ],
)
def test_instances_become_arrays(signatures: dict[str, Signature], instances: Any, expected: dict[str, Any]) -> None:
    """Every way to write instances gives the arrays of the signature."""
    request = _read(signatures, instances)

    assert request.count == len(instances)
    assert set(request.inputs) == set(expected)
    for alias, array in request.inputs.items():
        np.testing.assert_array_equal(array, np.array(expected[alias], dtype=array.dtype))
        dtype = next(iter(signatures.values())).inputs[alias].dtype
        assert array.dtype == (object if dtype == "string" else dtype)


@pytest.mark.parametrize(
    ("signatures", "name", "expected"),
    [
        (FEATURE, None, "only"),
        (MANY, None, "serving_default"),
        (MANY, "", "serving_default"),
        (MANY, "serving_default", "serving_default"),
    ],
)
def test_signature_is_chosen(signatures: dict[str, Signature], name: str | None, expected: str) -> None:
    """The named signature counts; unnamed, the only one; else `serving_default`."""
    instances: Any = [[1]] if signatures is FEATURE else [[1, 2]]

    assert _read(signatures, instances, signature_name=name).signature == expected


@pytest.mark.parametrize(
    ("signatures", "body", "detail"),
    [
        (PAIR, {"instances": [[1, 2]], "signature_name": "z"}, "No signature found for signature key z."),
        (BOTH | TEXT | FLAG | OPEN | {"u": PAIR["serving_default"]}, {"instances": [1]}, "key serving_default."),
        (PAIR, {"instances": [[1, 2]], "signature_name": 3}, '"signature_name" must be a string.'),
        (PAIR, {}, 'Missing "instances" field in request body.'),
        (PAIR, {"instances": []}, '"instances" must be a list with at least one instance.'),
        (PAIR, {"instances": {"x": [1, 2]}}, '"instances" must be a list with at least one instance.'),
        (PAIR, [1], "must be a JSON object"),
        (PAIR, {"instances": [{"b": [1, 2]}]}, "Expected tensor name: x, got tensor name: ['b']."),
        (PAIR, {"instances": [{"x": [1, 2], "b": 1}]}, "Expected tensor name: x, got tensor name: ['x', 'b']."),
        (BOTH, {"instances": [{"a": 1, "b": [1, 2], "k": 0}]}, "Unexpected tensor name: k"),
        (BOTH, {"instances": [{"a": 1, "b": [1, 2]}, {"a": 1}]}, "Input b was missing in at least one input instance."),
        (BOTH, {"instances": [1]}, "instance 0 must be an object with the inputs a, b"),
        (NONE, {"instances": [{}, 1]}, "instance 1 must be an empty object: the signature has no inputs"),
        (PAIR, {"instances": [[1, 2], [1]]}, "instance 1, input x: expected shape [2], got [1]"),
        (PAIR, {"instances": [[1, 2], [[1], [2, 3]]]}, "instance 1, input x: lists of different lengths on one level"),
        (PAIR, {"instances": [3]}, "instance 0, input x: expected shape [2], got []"),
        (PAIR, {"instances": [nested(300)]}, "instance 0, input x: lists are nested 300 deep, where at most 63 can be"),
        (OPEN, {"instances": [nested(64)]}, "instance 0, input x: lists are nested 64 deep, where at most 63 can be"),
        (OPEN, {"instances": [1, nested(500)]}, "instance 1, input x: lists are nested 500 deep"),
        (OPEN, {"instances": [[1.5], [1.5, 2]]}, "instance 1, input x: has shape [2], but the instances before it"),
        (PAIR, {"instances": [[1, "2"]]}, 'instance 0, input x: expected float32, got "2"'),
        (PAIR, {"instances": [[1, 2], [1, True]]}, "instance 1, input x: expected float32, got true"),
        (PAIR, {"instances": [[1, None]]}, "instance 0, input x: expected float32, got null"),
        (PAIR, {"instances": [[1, {"y": 1}]]}, 'instance 0, input x: expected float32, got {"y":1}'),
        (PAIR, {"instances": [[1, {"b64": ""}]]}, "instance 0, input x: expected float32, got bytes"),
        (PAIR, {"instances": [[1, 1e39]]}, "instance 0, input x: 1e+39 does not fit float32"),
        (FEATURE, {"instances": [[1.0]]}, "instance 0, input age: expected int64, got 1.0"),
        (FEATURE, {"instances": [[1 << 63]]}, "9223372036854775808 does not fit int64"),
        (FLAG, {"instances": [1]}, "instance 0, input f: expected bool, got 1"),
        (TEXT, {"instances": ["a", 1]}, "instance 1, input t: expected string, got 1"),
        (TEXT, {"instances": ["a", {"b64": "%"}]}, 'instance 1: "b64" does not hold base64'),
        (TEXT, {"instances": [{"b64": 7}]}, 'instance 0: "b64" does not hold base64'),
        ({"s": Signature({"c": Tensor("complex64", (None,))})}, {"instances": [1]}, "JSON cannot carry complex64"),
        (
            {"s": Signature({"c": Tensor("float32", ())})},
            {"instances": [1, 2]},
            "input c is a scalar: send one instance",
        ),
        ({"s": Signature({"c": Tensor("float32", ())})}, {"instances": [[1]]}, "expected shape [], got [1]"),
        ({"s": Signature({"c": Tensor("float32", (1,))})}, {"instances": [1, 2]}, "takes exactly 1 instance, got 2"),
    ],
)
def test_what_does_not_fit_is_refused(signatures: dict[str, Signature], body: Any, detail: str) -> None:
    """The error has the API's own text, or the instance, the input and the reason."""
    with pytest.raises(InvalidInputs) as caught:
        question.read(json.dumps(body).encode(), signatures)

    assert detail in str(caught.value)
    assert caught.value.failed == INPUTS


def test_the_field_of_the_signature_is_the_apis() -> None:
    """A field of another name is ignored."""
    body = json.dumps({"instances": ["a"], "signature": "other", "signature_name": "z"}).encode()

    assert question.read(body, MANY, signature_field="signature").signature == "other"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"instances": [NaN}', b"[" * 100_000, b"[NaN" * 100_000])
def test_damaged_json_is_refused(body: bytes) -> None:
    """What is not JSON is an error of the request, however it is broken."""
    with pytest.raises(InvalidInputs, match="is not valid JSON"):
        question.read(body, PAIR)


def test_escaped_b64_key_means_bytes() -> None:
    """A key counts by what it spells, not by how it is written."""
    request = question.read(rb'{"instances": [{"\u0062\u00364": "YQ=="}]}', TEXT)

    assert request.inputs["t"].tolist() == [b"a"]


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int64", "uint64"])
@pytest.mark.parametrize(
    "instances",
    [[[1, 2]], [[300, -1]], [[1.5, 1]], [[1 << 63, 1]], [[1, 1e39]], [[1, True]], [[1, 2, 3]], [[1], [1, 2]]],
)
def test_quick_conversion_changes_nothing(instances: Any, dtype: str) -> None:
    """With a quicker conversion that knows neither booleans nor overflow of floats, the same is taken and refused."""
    signatures = {"s": Signature({"x": Tensor(dtype, (None, 2))})}

    def lax(rows: list[Any], dtype: str) -> Any:
        with np.errstate(over="ignore"):
            array = np.array(rows)
            if array.dtype.kind == "f" and dtype == "int64":
                raise TypeError
            return array.astype(dtype)

    def outcome(fast: Any) -> Any:
        body = json.dumps({"instances": instances}).encode()
        try:
            return question.read(body, signatures, fast).inputs["x"].tolist()
        except InvalidInputs as exc:
            return str(exc)

    assert outcome(lax) == outcome(None)
