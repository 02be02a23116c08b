"""Regular instances, read the fast way: what it takes, and that it takes nothing else, or otherwise."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.serving.codec import request
from emulator.serving.codec.fast_reader import ColumnReader, FastReader, NumberReader
from emulator.serving.codec.signature import Signature, Tensor
from emulator.serving.codec.tensors import Array
from emulator.serving.prediction_errors import InvalidInputs

PAIRS = Tensor("float32", (None, 2))
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(width=32, allow_nan=False),
    st.integers(-(2**70), 2**70),
    st.integers(-300, 300),
)
SCRAPS = st.one_of(NUMBERS, st.booleans(), st.none(), st.just("1"), st.just([]), st.lists(NUMBERS, max_size=3))


def numbers(tensor: Tensor) -> NumberReader:
    """The reader for one input `x`."""
    found = NumberReader.of(Signature({"x": tensor}))
    assert found is not None
    return found


def read(reader: NumberReader | ColumnReader | FastReader, body: bytes) -> Array | None:
    """The array of the input `x` of a request."""
    found = reader.request(body) if isinstance(reader, ColumnReader) else reader.requests([body])[0]
    return found["x"] if found else None


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
    regular = numbers(tensor)

    for body in (_sent(instances), json.dumps({"instances": instances}, indent=2).encode()):
        array = read(regular, body)

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
    assert read(numbers(PAIRS), body) is None


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
def test_other_inputs_are_no_arrays_of_numbers(tensor: Tensor) -> None:
    """Types that are no numbers or do not fit 64 bits with a sign, shapes that are open or fixed in number."""
    assert NumberReader.of(Signature({"x": tensor})) is None


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int8", "uint8"])
@given(
    instances=st.one_of(
        st.lists(st.lists(NUMBERS, min_size=2, max_size=2), max_size=4),
        st.lists(st.one_of(st.lists(SCRAPS, max_size=3), SCRAPS), max_size=4),
    )
)
def test_the_quick_way_changes_nothing(dtype: str, instances: Any) -> None:
    """Whatever it takes, the strict way takes, as the very same array."""
    signature = Signature({"x": Tensor(dtype, (None, 2))})
    for reader in (NumberReader.of(signature), ColumnReader.of(signature), FastReader.of(signature)):
        assert reader is not None
        array = read(reader, _sent(instances))
        if array is not None:
            strict = request.read(_sent(instances), {"s": signature}).inputs["x"]

            assert array.dtype == strict.dtype
            np.testing.assert_array_equal(array.view(np.uint8), strict.view(np.uint8))


@given(
    st.lists(st.one_of(st.binary(max_size=3), st.sampled_from([b"[", b"]", b",", b"1", b'"', b"{", b"}"])), max_size=9)
)
def test_damaged_requests_are_refused_as_ever(pieces: list[bytes]) -> None:
    """What is not taken is not taken because of what it is: the strict way refuses the same bytes, or takes them."""
    reader = FastReader.of(Signature({"x": PAIRS}))
    assert reader is not None
    body = b'{"instances": [[1, 2]' + b"".join(pieces) + b"]}"
    array = read(reader, body)

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
    regular = numbers(Tensor(dtype, (None, 2)))
    bodies = [_sent(instances) for instances in groups]

    together = regular.requests(bodies)

    assert len(together) == len(bodies)
    for found, body in zip(together, bodies, strict=True):
        alone = read(regular, body)
        assert (found is None) == (alone is None)
        if found is not None and alone is not None:
            assert found["x"].dtype == alone.dtype
            np.testing.assert_array_equal(found["x"], alone)


PATIENT = Signature(
    {
        "age": Tensor("float32", (None, 1)),
        "beats": Tensor("int32", (None,)),
        "thal": Tensor("string", (None, 1)),
        "smokes": Tensor("bool", (None, 1)),
    }
)
CELLS = st.one_of(SCRAPS, st.text(max_size=2), st.lists(st.one_of(st.booleans(), st.text(max_size=2)), max_size=2))
GOOD = st.fixed_dictionaries(
    {
        "age": st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=1),
        "beats": st.integers(-(2**31), 2**31 - 1),
        "thal": st.lists(st.text(max_size=2), min_size=1, max_size=1),
        "smokes": st.lists(st.booleans(), min_size=1, max_size=1),
    }
)
CHANGED = st.builds(lambda row, key, cell: {**row, key: cell}, GOOD, st.sampled_from([*PATIENT.inputs, "more"]), CELLS)


@given(rows=st.lists(st.one_of(GOOD, GOOD, CHANGED), min_size=1, max_size=4))
def test_columns_change_nothing(rows: Any) -> None:
    """Objects with several inputs that are taken fast are the arrays that the strict way reads."""
    reader = FastReader.of(PATIENT)
    assert reader is not None
    (found,) = reader.requests([_sent(rows)])
    if found is None:
        return

    strict = request.read(_sent(rows), {"s": PATIENT}).inputs

    assert found.keys() == strict.keys()
    for alias, array in found.items():
        assert array.dtype == strict[alias].dtype
        np.testing.assert_array_equal(array, strict[alias])


def test_regular_objects_are_taken() -> None:
    """A request of rows with every input."""
    reader = FastReader.of(PATIENT)
    assert reader is not None
    rows = [{"age": [63.5], "beats": 150, "thal": ["fixed"], "smokes": [True]}] * 2

    (found,) = reader.requests([_sent(rows)])

    assert found is not None
    assert {alias: array.tolist() for alias, array in found.items()} == {
        "age": [[63.5], [63.5]],
        "beats": [150, 150],
        "thal": [[b"fixed"], [b"fixed"]],
        "smokes": [[True], [True]],
    }


@pytest.mark.parametrize("body", [_sent([]), _sent([{}]), b'{"instances": 1}', b"[]", b"1", b"", _sent([1], more=2)])
def test_other_requests_are_no_columns(body: bytes) -> None:
    """No instance, none that is an object, further fields, no JSON."""
    reader = ColumnReader.of(PATIENT)

    assert reader is not None
    assert reader.request(body) is None


@pytest.mark.parametrize("value", [3.4028235e38, 3.4028235677973366e38, 3.4028234663852886e38])
def test_what_would_be_rounded_down_to_the_largest_number_is_read_strictly(value: float) -> None:
    """Both ways refuse a double above the largest float32, and take that one."""
    signature = Signature({"x": Tensor("float32", (None, 2))})
    for reader in (NumberReader.of(signature), ColumnReader.of(signature)):
        assert reader is not None
        assert (read(reader, _sent([[1, value]])) is None) == (value > float(np.finfo(np.float32).max))
