"""From JSON values to arrays: strict about types and shapes, and exact about what does not fit. Needs no TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from emulator.serving.codec.signature import Tensor
from emulator.serving.prediction_errors import InvalidInputs

Array = npt.NDArray[Any]
MOST_DIMENSIONS = 64
"""Of an array of NumPy's, the instances' among them. TensorFlow ends its process at a list of more than 254."""
Fast = Callable[[list[Any], str], Array]
"""A faster conversion of rows to float types and int64. May refuse by raising anything; must take only numbers."""


class _Misfit(Exception):
    """One value that its input cannot take; the text says why."""


def convert(name: str, tensor: Tensor, rows: list[Any], fast: Fast | None = None) -> Array:
    """One array of all instances' values of one input.

    Numbers stay numbers: no strings, no `true` for a float, no 1.5 or 1.0 for an integer, no null, nothing that
    overflows. NaN and the infinities are taken for floats, as TensorFlow Serving does.

    Args:
        name: the input's alias, for the error's text.
        tensor: what the signature takes. A scalar without a dimension for instances takes the value of the only one.
        rows: one value per instance.
        fast: tried first; must not take booleans for numbers.

    Raises:
        InvalidInputs: names the first instance that does not fit, the input, and why.
    """
    _check_batch(name, tensor, len(rows))
    if tensor.shape == ():
        return _walk_all(name, Tensor(tensor.dtype, (None,)), rows).reshape(())
    array = _try(fast, tensor, rows) if fast else None
    return _walk_all(name, tensor, rows) if array is None else array


def _try(fast: Fast, tensor: Tensor, rows: list[Any]) -> Array | None:
    """None if only the strict walk can decide whether all values fit."""
    if tensor.dtype in ("string", "bool") or _depth(rows) > MOST_DIMENSIONS:
        return None
    whole = "int" in tensor.dtype
    try:
        # What does not fit a narrow integer would be wrapped around; int64 refuses it.
        array = fast(rows, "int64" if whole else tensor.dtype)
    except Exception:  # noqa: BLE001  # the strict walk says exactly what is wrong
        return None
    return exact(array, tensor.dtype) if _fits(tensor, array.shape[1:]) else None


def _depth(value: Any) -> int:
    """How deep lists are nested, by the first item of each: a converter refuses what is deeper elsewhere as ragged."""
    depth = 0
    while isinstance(value, list):
        depth += 1
        value = value[0] if value else None
    return depth


def exact(array: Array, dtype: str) -> Array | None:
    """Numbers as a type of the same kind; None where one does not fit, or may not have."""
    if array.dtype.kind == "i":
        limits = np.iinfo(dtype)
        if array.size and not limits.min <= array.min() <= array.max() <= limits.max:
            return None
        return array.astype(dtype)
    if array.dtype.name != dtype:
        with np.errstate(over="ignore"):
            array = array.astype(dtype)
    # A value that overflowed is infinite now, and only the strict walk knows it from a literal Infinity.
    return array if np.isfinite(array).all() else None


def _walk_all(name: str, tensor: Tensor, rows: list[Any]) -> Array:
    leaves: list[Any] = []
    first: tuple[int, ...] | None = None
    shape: tuple[int, ...] = ()
    index = 0
    try:
        take = _reader(tensor.dtype)
        for index, row in enumerate(rows):  # noqa: B007  # the error's text below names it
            shape = _walk(row, take, leaves)
            _check_shape(tensor, shape, first)
            first = shape
    except _Misfit as exc:
        raise InvalidInputs(f"instance {index}, input {name}: {exc}") from None
    except RecursionError:
        raise InvalidInputs(f"instance {index}, input {name}: lists are nested too deep") from None
    dtype = np.dtype(object if tensor.dtype == "string" else tensor.dtype)
    return np.array(leaves, dtype=dtype).reshape((len(rows), *shape))


def _walk(value: Any, take: Callable[[Any], Any], leaves: list[Any]) -> tuple[int, ...]:
    """Appends the leaves of one row in order; returns its shape."""
    if not isinstance(value, list):
        leaves.append(take(value))
        return ()
    inner: tuple[int, ...] | None = None
    for item in value:
        shape = _walk(item, take, leaves)
        if inner is not None and shape != inner:
            raise _Misfit("lists of different lengths on one level")
        inner = shape
    return (len(value), *(inner or ()))


def _reader(dtype: str) -> Callable[[Any], Any]:
    """What turns one JSON value into one element, or raises `_Misfit`."""
    if dtype == "string":
        return _string
    if dtype == "bool":
        return _boolean
    kind = np.dtype(dtype).kind if dtype.isidentifier() and hasattr(np, dtype) else "V"
    if kind in "iu":
        limits = np.iinfo(dtype)
        return lambda value: _integer(value, dtype, int(limits.min), int(limits.max))
    if kind == "f" or dtype == "bfloat16":
        largest = 3.3895313892515355e38 if dtype == "bfloat16" else float(np.finfo(dtype).max)
        return lambda value: _float(value, dtype, largest)
    raise _Misfit(f"JSON cannot carry {dtype}")


def _string(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise _Misfit(_refusal("string", value))


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise _Misfit(_refusal("bool", value))


def _integer(value: Any, dtype: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Misfit(_refusal(dtype, value))
    if not least <= value <= most:
        raise _Misfit(f"{value} does not fit {dtype}")
    return value


def _float(value: Any, dtype: str, largest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Misfit(_refusal(dtype, value))
    if math.isfinite(value) and abs(value) > largest:
        raise _Misfit(f"{value} does not fit {dtype}")
    return float(value)


def _refusal(dtype: str, value: Any) -> str:
    if isinstance(value, bytes):
        return f"expected {dtype}, got bytes"
    shown = orjson.dumps(value, default=str).decode()
    return f"expected {dtype}, got {shown if len(shown) <= 40 else shown[:40] + '...'}"


def _check_batch(name: str, tensor: Tensor, count: int) -> None:
    if tensor.shape is None:
        return
    if not tensor.shape:
        if count != 1:
            raise InvalidInputs(f"input {name} is a scalar: send one instance in a request, got {count}")
    elif tensor.shape[0] not in (None, count):
        noun = "instance" if tensor.shape[0] == 1 else "instances"
        raise InvalidInputs(f"input {name}: the model takes exactly {tensor.shape[0]} {noun}, got {count}")


def _check_shape(tensor: Tensor, shape: tuple[int, ...], first: tuple[int, ...] | None) -> None:
    if len(shape) >= MOST_DIMENSIONS:
        raise _Misfit(f"lists are nested {len(shape)} deep, where at most {MOST_DIMENSIONS - 1} can be")
    if not _fits(tensor, shape):
        assert tensor.shape is not None
        expected = [-1 if size is None else size for size in tensor.shape[1:]]
        raise _Misfit(f"expected shape {expected}, got {list(shape)}")
    if first is not None and shape != first:
        raise _Misfit(f"has shape {list(shape)}, but the instances before it have {list(first)}")


def _fits(tensor: Tensor, shape: tuple[int, ...]) -> bool:
    if tensor.shape is None:
        return True
    expected = tensor.shape[1:]
    return len(expected) == len(shape) and all(e is None or e == g for e, g in zip(expected, shape, strict=True))
