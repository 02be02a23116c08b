"""Whether a sample fits a signature: an instance its inputs, a prediction its outputs. As strict as an endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from artifact_format.signatures import Tensors, is_bytes, is_named

_MOST_CHARACTERS = 60
"""Longest value in an error."""
_NOT_IN_JSON = ("complex", "resource", "variant", "type ")


def mismatches(value: Any, tensors: Tensors, *, outputs: bool = False) -> Iterator[str]:
    """What is wrong with an instance or a prediction, in the order of the tensors; nothing if it fits.

    Args:
        value: JSON by name of the tensors; the bare value if there is only one.
        tensors: the inputs of a signature, or its outputs.
        outputs: whether they are outputs. Then 1.0 is a valid integer, since a gate accepts it, and a shape with a
            known first size is not checked, since that size may count something else than rows. Default: inputs.
    """
    if len(tensors) == 1 and not is_named(value):
        value = dict.fromkeys(tensors, value)
    if not is_named(value):
        yield f"must be an object with {', '.join(tensors)}; got {_shown(value)}"
        return
    for name in value:
        if name not in tensors:
            yield f"unknown {'output' if outputs else 'input'} {name}"
    for name, tensor in tensors.items():
        if name not in value:
            yield f"{name} is missing"
        elif found := _misfit(value[name], tensor, outputs=outputs):
            yield f"{name} must be {_describe(tensor, outputs=outputs)}; got {found}"


def describe_inputs(inputs: Tensors) -> str:
    """Inputs with type and shape of one instance: `image float32 [28, 28]`."""
    return ", ".join(f"{name} {_describe(tensor)}" for name, tensor in inputs.items())


def _misfit(value: Any, tensor: Mapping[str, Any], *, outputs: bool) -> str:
    """The part of a value that does not fit; empty if it fits."""
    shape, expected = _shape(value), _row(tensor, outputs=outputs)
    if shape is None:
        return "lists of different lengths"
    if expected is not None and not _is_same(shape, expected):
        return f"the shape {list(shape)}: {_shown(value)}" if shape else _shown(value)
    dtype = str(tensor.get("dtype"))
    return next((_shown(leaf) for leaf in _leaves(value) if not _has_dtype(leaf, dtype, exact=not outputs)), "")


def _row(tensor: Mapping[str, Any], *, outputs: bool) -> Sequence[int | None] | None:
    """The shape of one row's value; None if every shape is valid."""
    shape: Sequence[int | None] | None = tensor.get("shape")
    if shape is None or (outputs and not (shape and shape[0] is None)):
        return None
    return shape[1:]


def _shape(value: Any) -> tuple[int, ...] | None:
    """The sizes of nested lists; None if they are not the same everywhere."""
    if not isinstance(value, list):
        return ()
    inner = {_shape(item) for item in value}
    if len(inner) > 1 or None in inner:
        return None
    return (len(value), *(next(iter(inner), None) or ()))


def _is_same(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    if 0 in shape:  # the sizes inside an empty list are not known
        expected = expected[: len(shape)]
    if len(shape) != len(expected):
        return False
    return all(size is None or size == found for found, size in zip(shape, expected, strict=True))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _has_dtype(leaf: Any, dtype: str, *, exact: bool) -> bool:
    if dtype.startswith(_NOT_IN_JSON):
        return True
    if dtype == "string":
        return isinstance(leaf, str) or is_bytes(leaf)
    if dtype == "bool" or isinstance(leaf, bool):
        return isinstance(leaf, bool) and dtype == "bool"
    if isinstance(leaf, float) and "int" in dtype:
        return not exact and leaf.is_integer()
    return isinstance(leaf, int | float)


def _describe(tensor: Mapping[str, Any], *, outputs: bool = False) -> str:
    row = _row(tensor, outputs=outputs)
    if row is None:
        return f"{tensor.get('dtype')} of any shape"
    return f"{tensor.get('dtype')} [{', '.join('any' if size is None else str(size) for size in row)}]"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    text = text if text.isprintable() else json.dumps(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."
