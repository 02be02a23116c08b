"""Regular arrays of numbers, read the quick way: what it takes, and that it takes nothing else, or otherwise."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.serving.codec import request
from emulator.serving.codec.regular_arrays import reader
from emulator.serving.codec.signature import Signature, Tensor
from emulator.serving.prediction_errors import InvalidInputs

PAIRS = Tensor("float32", (None, 2))
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(width=32, allow_nan=False),
    st.integers(-(2**70), 2**70),
    st.integers(-300, 300),
)
SCRAPS = st.one_of(NUMBERS, st.booleans(), st.none(), st.just("1"), st.just([]), st.lists(NUMBERS, max_size=3))


def _sent(instances: Any, **more: Any) -> bytes:
    return json.dumps({"instances": instances, **more}).encode()


@pytest.mark.parametrize(
    ("tensor", "instances"),
    [
        (PAIRS, [[1, 2.5]]),
        (PAIRS, [[1, 2], [3, -4e-7]]),
        (Tensor("float64", (None,)), [0.1, 1e300]),
        (Tensor("int64", (None, 1)), [[2**62], [-3]]),
        (Tensor("uint8", (None, 2, 3)), [[[0, 1, 2], [253, 254, 255]]]),
    ],
)
def test_regular_numbers_are_taken(tensor: Tensor, instances: Any) -> None:
    """With any white space, as the array that they are."""
    regular = reader(tensor)
    assert regular is not None

    for body in (_sent(instances), json.dumps({"instances": instances}, indent=2).encode()):
        array = regular.read(body)

        assert array is not None
        assert array.dtype == tensor.dtype
        np.testing.assert_array_equal(array, np.array(instances, tensor.dtype))


@pytest.mark.parametrize(
    "body",
    [
        _sent([[1, 2], [3]]),
        _sent([[1, 2], [3, 4, 5], [6]]),
        _sent([[1], [2, 3, 4]]),
        _sent([[1, 2], []]),
        _sent([[1, [2]]]),
        _sent([[1, []]]),
        _sent([]),
        _sent([[1, True]]),
        _sent([[1, None]]),
        _sent([[1, "2"]]),
        _sent([[1, 1e39]]),
        _sent([[1, float("nan")]]),
        _sent([[1, 2]], signature_name="serving_default"),
        _sent([{"x": [1, 2]}]),
        b'{"instances": [[1, 2]], "instances": [[3, 4]]}',
        b'{"instanses": [[1, 2]]}',
        b'{"instances": [[1, 2]]',
        b'{"instances": [[1, 2]]} x',
        b'\xef\xbb\xbf{"instances": [[1, 2]]}',
        b"[[1, 2]]",
        b"",
    ],
)
def test_anything_else_is_left_alone(body: bytes) -> None:
    """Ragged lists, other values than numbers, overflows, other keys, keys that come twice, what is no JSON."""
    regular = reader(PAIRS)

    assert regular is not None
    assert regular.read(body) is None


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor("string", (None,)),
        Tensor("bool", (None,)),
        Tensor("uint64", (None,)),
        Tensor("float32", (None, None)),
        Tensor("float32", (3, 2)),
        Tensor("float32", (None, 0)),
        Tensor("float32", ()),
        Tensor("float32", None),
    ],
)
def test_other_inputs_have_no_quick_way(tensor: Tensor) -> None:
    """Types that are no numbers or do not fit 64 bits with a sign, shapes that are open or fixed in number."""
    assert reader(tensor) is None


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int8", "uint8"])
@given(
    instances=st.one_of(
        st.lists(st.lists(NUMBERS, min_size=2, max_size=2), max_size=4),
        st.lists(st.one_of(st.lists(SCRAPS, max_size=3), SCRAPS), max_size=4),
    )
)
def test_the_quick_way_changes_nothing(dtype: str, instances: Any) -> None:
    """Whatever it takes, the strict way takes, as the very same array."""
    tensor = Tensor(dtype, (None, 2))
    regular = reader(tensor)
    assert regular is not None
    array = regular.read(_sent(instances))
    if array is None:
        return

    strict = request.read(_sent(instances), {"s": Signature({"x": tensor})}).inputs["x"]

    assert array.dtype == strict.dtype
    np.testing.assert_array_equal(array.view(np.uint8), strict.view(np.uint8))


@given(
    st.lists(st.one_of(st.binary(max_size=3), st.sampled_from([b"[", b"]", b",", b"1", b'"', b"{", b"}"])), max_size=9)
)
def test_damaged_requests_are_refused_as_ever(pieces: list[bytes]) -> None:
    """What is not taken is not taken because of what it is: the strict way refuses the same bytes, or takes them."""
    regular = reader(PAIRS)
    assert regular is not None
    body = b'{"instances": [[1, 2]' + b"".join(pieces) + b"]}"
    array = regular.read(body)

    try:
        strict = request.read(body, {"s": Signature({"x": PAIRS})}).inputs["x"]
    except InvalidInputs:
        assert array is None
    else:
        assert array is None or array.tolist() == strict.tolist()


@given(groups=st.lists(st.lists(st.lists(NUMBERS, min_size=2, max_size=3), min_size=1, max_size=3), max_size=5))
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int64"])
def test_what_is_read_together_is_read_as_if_alone(dtype: str, groups: list[Any]) -> None:
    """A request that is ragged, or holds a number that does not fit, changes nothing for those beside it."""
    regular = reader(Tensor(dtype, (None, 2)))
    assert regular is not None
    bodies = [_sent(instances) for instances in groups]

    together = regular.read_all(bodies)

    assert len(together) == len(bodies)
    for found, alone in zip(together, map(regular.read, bodies), strict=True):
        assert (found is None) == (alone is None)
        if found is not None and alone is not None:
            assert found.dtype == alone.dtype
            np.testing.assert_array_equal(found, alone)
