"""From a model's outputs to the bytes of a predict answer. Needs no TensorFlow.

Numbers are written as the shortest decimals that read back as the same value *of their own type*: a float32 0.1 is
`0.1`. NaN and infinities are the bare words `NaN`, `Infinity` and `-Infinity`, as TensorFlow Serving and Python's
`json` write and read them, although JSON itself has no such words.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import numpy as np
import orjson

from emulator.serving.failures import InvalidOutputs, PredictionError
from emulator.serving.tensors import Array

_WRITABLE = frozenset(
    ["float16", "float32", "float64", "bool"]
    + [sign + size for sign in ("int", "uint") for size in ("8", "16", "32", "64")]
)


def write(outputs: Mapping[str, Array], *, bare: bool) -> bytes:
    """`{"predictions": [...]}`.

    Args:
        outputs: arrays by alias, the first dimension counting instances; a scalar counts as one instance.
        bare: a signature with one output gives its bare value per instance, as the service came to do. Otherwise, and
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
    columns = {alias: column(alias, array) for alias, array in arrays.items()}
    # Where a NaN is, `column` has left plain numbers, since orjson writes null for it.
    words = not all(map(_finite, arrays.values()))
    if bare and len(columns) == 1:
        return _dump(next(iter(columns.values())), words=words)
    rows = zip(*columns.values(), strict=True)
    return _dump([dict(zip(columns, row, strict=True)) for row in rows], words=words)


def writer(outputs: Mapping[str, Array], *, bare: bool) -> Callable[[int, int], bytes] | None:
    """What gives the answer with the instances from one to before another: as `write` does for these alone.

    None for outputs that take more than to be written down: several, or with text, NaN or infinities.
    """
    if len(outputs) != 1 or not bare:
        return None
    array = np.ascontiguousarray(next(iter(outputs.values())))
    if array.dtype.name not in _WRITABLE or not _finite(array):
        return None
    texts = rows(array) if is_flat(array) else None

    def written(start: int, end: int) -> bytes:
        if texts is None:
            return _dump(array[start:end], words=False)
        return b'{"predictions":[%b]}' % b",".join(texts[start:end])

    return written


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
