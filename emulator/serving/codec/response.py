"""From a model's outputs to a JSON list of predictions. Needs no TensorFlow.

Numbers are written as the shortest decimals that read back as the same value *of their own type*: a float32 0.1 is
`0.1`. How NaN and the infinities are written, for which JSON has no words, is a matter of the `OutputStyle`.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeGuard

import numpy as np
import orjson

from emulator.core.predictions import OutputStyle
from emulator.serving.codec.tensors import Array
from emulator.serving.prediction_errors import InvalidOutputs

_WRITABLE = frozenset(
    ["float16", "float32", "float64", "bool"]
    + [sign + size for sign in ("int", "uint") for size in ("8", "16", "32", "64")]
)


def write(outputs: Mapping[str, Array], style: OutputStyle) -> bytes:
    """The predictions.

    Args:
        outputs: arrays by alias, the first dimension counting instances; a scalar counts as one instance.
        style: how to write them.

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
    if written := writer(arrays, style):
        return written(0, next(iter(sizes.values())))
    columns = {alias: column(alias, array) for alias, array in arrays.items()}
    if style.single_output_bare and len(columns) == 1:
        predictions: Any = next(iter(columns.values()))
    else:
        predictions = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    # Where a NaN is, `column` has left plain numbers, since orjson writes null for it.
    return _dump(predictions) if all(map(_finite, arrays.values())) else plain_json(predictions, style)


def writer(outputs: Mapping[str, Array], style: OutputStyle) -> Callable[[int, int], bytes] | None:
    """A function of `start` and `end` that writes the predictions of those instances, as `write` does for them alone.

    None if an output holds text, NaN or infinities.
    """
    arrays = {alias: np.ascontiguousarray(array) for alias, array in outputs.items()}
    if not all(array.dtype.name in _WRITABLE and _finite(array) for array in arrays.values()):
        return None
    if style.single_output_bare and len(arrays) == 1:
        return _bare_writer(next(iter(arrays.values())))
    if all(map(is_flat, arrays.values())):
        return _named_writer(arrays)
    return partial(_named, arrays)


def _bare_writer(array: Array) -> Callable[[int, int], bytes]:
    if not is_flat(array):
        return lambda start, end: _dump(array[start:end])
    texts = rows(array)
    return lambda start, end: b"[%b]" % b",".join(texts[start:end])


def _named_writer(arrays: Mapping[str, Array]) -> Callable[[int, int], bytes]:
    """For flat outputs: all rows of each are printed in one go, and none of them becomes an object."""
    keys = [orjson.dumps(alias) + b":" for alias in arrays]
    columns = [rows(array) for array in arrays.values()]
    if len(columns) == 1:
        texts, between = columns[0], b"},{" + keys[0]
    else:
        pairs = [[key + text for text in texts] for key, texts in zip(keys, columns, strict=True)]
        texts, between = list(map(b",".join, zip(*pairs, strict=True))), b"},{"
    begin = b"[" + between[2:]
    return lambda start, end: b"%b%b}]" % (begin, between.join(texts[start:end]))


def _named(arrays: Mapping[str, Array], start: int, end: int) -> bytes:
    parts = zip(*(array[start:end] for array in arrays.values()), strict=True)
    return _dump([dict(zip(arrays, row, strict=True)) for row in parts])


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


def plain_json(value: Any, style: OutputStyle) -> bytes:
    """Plain values, NaN and infinities among them, as JSON in the style; arrays beside them must be finite."""
    if style.non_finite_quoted:
        value = _quoted(value)
    return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False).encode()


def _quoted(value: Any) -> Any:
    """The same value with the name of each NaN or infinity in its place."""
    if isinstance(value, dict):
        return {key: _quoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_quoted, value))
    return json.dumps(value) if isinstance(value, float) and not math.isfinite(value) else value


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


def _dump(predictions: Any) -> bytes:
    return orjson.dumps(predictions, option=orjson.OPT_SERIALIZE_NUMPY)


def _plain(value: Any) -> Any:
    """A numpy value beside a NaN as what `json` writes; a float32 by its shortest decimal."""
    return json.loads(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))
