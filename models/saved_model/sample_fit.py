"""Checks samples against the default signature: instances against its inputs, predictions against its outputs.

Used for samples that the model does not predict. It is as strict about instances as an endpoint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from models.core.errors import UsageError
from models.saved_model.signatures import default_signature

_BYTES = {"b64"}
_MOST_LETTERS = 60
"""Longest value in an error, in characters."""
_NOT_IN_JSON = ("complex", "resource", "variant", "type ")

Tensors = Mapping[str, Mapping[str, Any]]


class _Side(NamedTuple):
    """The inputs or the outputs of a signature.

    Attributes:
        key: the key of a sample to check: `instance` or `prediction`.
        tensors: by name.
        exact: whether 1.0 is not a valid integer. An endpoint rejects it in an instance, a gate accepts it in a
            prediction.
        rows: whether a known first size also counts rows. If not, a shape with a known first size is not checked.
    """

    key: str
    tensors: Tensors
    exact: bool
    rows: bool


def check(samples: Sequence[Mapping[str, Any]], signatures: Mapping[str, Any]) -> None:
    """Checks samples.

    Args:
        samples: with bare or named predictions.
        signatures: by key. If there is no default signature, nothing is checked.

    Raises:
        UsageError: a sample does not match. The error has its index, the expected and the actual value.
    """
    signature = signatures.get(default_signature(signatures))
    if not signature:
        return
    sides = (
        _Side("instance", signature["inputs"], exact=True, rows=True),
        _Side("prediction", signature["outputs"], exact=False, rows=False),
    )
    for index, sample in enumerate(samples):
        for side in sides:
            if side.key in sample and (found := _misfit(sample[side.key], side)):
                raise UsageError(f"--samples: [{index}].{side.key}: {found}")


def misfit(instance: Any, inputs: Tensors) -> str:
    """What is wrong with an instance, for inputs by name (`dtype`, `shape`); empty if it matches."""
    return _misfit(instance, _Side("instance", inputs, exact=True, rows=True))


def _misfit(value: Any, side: _Side) -> str:
    """What is wrong with an instance or prediction; empty if it matches."""
    tensors = side.tensors
    if len(tensors) == 1 and not (isinstance(value, Mapping) and set(value) == set(tensors)):
        value = {next(iter(tensors)): value}
    if not isinstance(value, Mapping) or set(value) != set(tensors):
        found = f"an object with {', '.join(value) or 'no keys'}" if isinstance(value, Mapping) else _shown(value)
        return f"expected an object with {', '.join(tensors)}, found {found}"
    for name, tensor in tensors.items():
        if found := _wrong(value[name], tensor, side):
            wanted = f"{name} {_takes(tensor, side)}"
            if len(tensors) == 1:
                wanted = f'{{"{name}": {_takes(tensor, side)}}} or the bare value'
            return f"expected {wanted}, found {found}"
    return ""


def _wrong(value: Any, tensor: Mapping[str, Any], side: _Side) -> str:
    shape, expected = _shape(value), _row(tensor, side)
    if shape is None:
        return "lists of different lengths"
    if expected is not None and not _same(shape, expected):
        return f"the shape [{', '.join(map(str, shape))}]: {_shown(value)}" if shape else _shown(value)
    leaf = next((leaf for leaf in _leaves(value) if not _is(leaf, str(tensor["dtype"]), exact=side.exact)), ())
    return "" if leaf == () else _shown(leaf)


def _row(tensor: Mapping[str, Any], side: _Side) -> list[int | None] | None:
    """The shape of one instance's value; None if every shape is valid."""
    shape: list[int | None] | None = tensor["shape"]
    if shape is None or not (side.rows or (shape and shape[0] is None)):
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


def _same(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    if 0 in shape:  # the sizes inside an empty list are not known
        expected = expected[: len(shape)]
    if len(shape) != len(expected):
        return False
    return all(size is None or size == found for found, size in zip(shape, expected, strict=True))


def _leaves(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list) else [value]


def _is(leaf: Any, dtype: str, *, exact: bool) -> bool:
    if dtype.startswith(_NOT_IN_JSON):
        return True
    if dtype == "string":
        return isinstance(leaf, str) or (isinstance(leaf, dict) and set(leaf) == _BYTES)
    if dtype == "bool" or isinstance(leaf, bool):
        return isinstance(leaf, bool) and dtype == "bool"
    if isinstance(leaf, float) and "int" in dtype:
        return not exact and leaf.is_integer()
    return isinstance(leaf, int | float)


def _takes(tensor: Mapping[str, Any], side: _Side) -> str:
    row = _row(tensor, side)
    if row is None:
        return f"{tensor['dtype']} of any shape"
    return f"{tensor['dtype']} [{', '.join('any' if size is None else str(size) for size in row)}]"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}..."
