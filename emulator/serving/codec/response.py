"""From a model's outputs to the bytes of a predict answer. Needs no TensorFlow.

Numbers are written as the shortest decimals that read back as the same value *of their own type*: a float32 0.1 is
`0.1`. NaN and infinities are the bare words `NaN`, `Infinity` and `-Infinity`, as TensorFlow Serving and Python's
`json` write and read them, although JSON itself has no such words.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeGuard

import numpy as np
import orjson

from emulator.serving.codec.tensors import Array
from emulator.serving.prediction_errors import InvalidOutputs, PredictionError

_WRITABLE = frozenset(
    ["float16", "float32", "float64", "bool"]
    + [sign + size for sign in ("int", "uint") for size in ("8", "16", "32", "64")]
)


def write(outputs: Mapping[str, Array], *, bare: bool) -> bytes:
    """`{"predictions": [...]}`.

    Args:
        outputs: arrays by alias, the first dimension counting instances; a scalar counts as one instance.
        bare: a signature with one output gives its bare value per instance, as TensorFlow Serving does. Otherwise, and
            always with several outputs, each prediction is an object keyed by alias.

    Raises:
        InvalidOutputs: the outputs differ in their outer size, or JSON cannot carry them.
    """
    arrays = {alias: np.atleast_1d(array) for alias, array in outputs.items()}
    sizes = {alias: array.shape[0] for alias, array in arrays.items()}
    if len(set(sizes.values())) != 1:
        raise InvalidOutputs(
            "Bad output from running tensorflow session: outputs had differing sizes in the batch (outer) dimension. "
            f"See the outputs and their size: {sizes}."
        )
    if written := writer(arrays, bare=bare):
        return written(0, next(iter(sizes.values())))
    columns = {alias: column(alias, array) for alias, array in arrays.items()}
    # Where a NaN is, `column` has left plain numbers, since orjson writes null for it.
    words = not all(map(_finite, arrays.values()))
    if bare and len(columns) == 1:
        return _dump(next(iter(columns.values())), words=words)
    rows = zip(*columns.values(), strict=True)
    return _dump([dict(zip(columns, row, strict=True)) for row in rows], words=words)


def writer(outputs: Mapping[str, Array], *, bare: bool) -> Callable[[int, int], bytes] | None:
    """A function of `start` and `end` that writes the answer for those instances, as `write` does for them alone.

    None if an output holds text, NaN or infinities.
    """
    arrays = {alias: np.ascontiguousarray(array) for alias, array in outputs.items()}
    if not all(array.dtype.name in _WRITABLE and _finite(array) for array in arrays.values()):
        return None
    if bare and len(arrays) == 1:
        return _bare_writer(next(iter(arrays.values())))
    if all(map(is_flat, arrays.values())):
        return _named_writer(arrays)
    return partial(_named, arrays)


def _bare_writer(array: Array) -> Callable[[int, int], bytes]:
    if not is_flat(array):
        return lambda start, end: _dump(array[start:end], words=False)
    texts = rows(array)
    return lambda start, end: b'{"predictions":[%b]}' % b",".join(texts[start:end])


def _named_writer(arrays: Mapping[str, Array]) -> Callable[[int, int], bytes]:
    """For flat outputs: all rows of each are printed in one go, and none of them becomes an object."""
    keys = [orjson.dumps(alias) + b":" for alias in arrays]
    columns = [rows(array) for array in arrays.values()]
    if len(columns) == 1:
        texts, between = columns[0], b"},{" + keys[0]
    else:
        pairs = [[key + text for text in texts] for key, texts in zip(keys, columns, strict=True)]
        texts, between = list(map(b",".join, zip(*pairs, strict=True))), b"},{"
    begin = b'{"predictions":[' + between[2:]
    return lambda start, end: b"%b%b}]}" % (begin, between.join(texts[start:end]))


def _named(arrays: Mapping[str, Array], start: int, end: int) -> bytes:
    parts = zip(*(array[start:end] for array in arrays.values()), strict=True)
    return _dump([dict(zip(arrays, row, strict=True)) for row in parts], words=False)


def write_error(error: PredictionError) -> bytes:
    """`{"error": "Prediction failed: ..."}`, which the API answers with status 200."""
    return orjson.dumps({"error": f"Prediction failed: {error}"})


def column(alias: str, array: Array) -> Array | list[Any]:
    """An output as orjson writes it, one item per instance; lists of plain values where a NaN or text is in it.

    Raises:
        InvalidOutputs: JSON cannot carry it.
    """
    if array.dtype.kind in "OS":
        texts: list[Any] = _strings(alias, array.tolist())
        return texts
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.dtype.name not in _WRITABLE:
        raise InvalidOutputs(f"output {alias}: JSON cannot carry {array.dtype.name}")
    if not _finite(array):
        # Through text: the shortest decimal of a float32, not the double that it widens to.
        plain: list[Any] = array.astype("U32").astype(np.float64).tolist()
        return plain
    return np.ascontiguousarray(array)


def is_flat(values: Array | list[Any]) -> TypeGuard[Array]:
    """Whether `rows` takes what `column` gave."""
    return isinstance(values, np.ndarray) and values.ndim in (1, 2) and bool(values.size)


def rows(array: Array) -> list[bytes]:
    """Each row of a flat array as JSON, all of them printed in one go: 0.1 us for a number."""
    text = orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    return text.split(b",") if array.ndim == 1 else text.replace(b"],[", b"]\n[").split(b"\n")


def _finite(array: Array) -> bool:
    floats = array.dtype.kind == "f" or array.dtype.name == "bfloat16"  # whose kind numpy does not know
    return not floats or bool(np.isfinite(array).all())


def _strings(alias: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_strings(alias, item) for item in value]
    if alias.endswith("_bytes"):
        return {"b64": base64.b64encode(value).decode("ascii")}
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        raise InvalidOutputs(
            f"output {alias} holds bytes that are not UTF-8; an output whose name ends in _bytes is sent as base64"
        ) from None


def _dump(predictions: Any, *, words: bool) -> bytes:
    if words:
        return json.dumps({"predictions": predictions}, default=_plain, separators=(",", ":")).encode()
    return orjson.dumps({"predictions": predictions}, option=orjson.OPT_SERIALIZE_NUMPY)


def _plain(value: Any) -> Any:
    """A numpy value beside a NaN as what `json` writes; a float32 by its shortest decimal."""
    return json.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
