"""Whether samples with predictions fit the default signature: instances its inputs, predictions its outputs.

For samples that the model itself is not asked about. It is as strict about instances as an endpoint is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from models.core.errors import UsageError
from models.saved_model.signatures import default_signature

_BYTES = {"b64"}
_MOST = 60
"""Characters of a value that an error shows."""
_NOT_IN_JSON = ("complex", "resource", "variant", "type ")

Tensors = Mapping[str, Mapping[str, Any]]


class _Side(NamedTuple):
    """Half of a signature.

    Attributes:
        key: of the samples that is checked.
        tensors: by name.
        exact: whether 1.0 is no integer. An endpoint refuses it in an instance, and a gate compares it as a number.
        rows: whether a shape without an open first size still says what one instance is.
    """

    key: str
    tensors: Tensors
    exact: bool
    rows: bool


def check(samples: Sequence[Mapping[str, Any]], signatures: Mapping[str, Any]) -> None:
    """Refuses samples that do not fit.

    Args:
        samples: with bare predictions or named ones.
        signatures: by key; nothing is checked where there is no default one.

    Raises:
        UsageError: it names the first sample's index, what is expected, and what was found.
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
    """What is wrong with an instance, given the model's inputs by name (`dtype`, `shape`); empty if it fits."""
    return _misfit(instance, _Side("instance", inputs, exact=True, rows=True))


def _misfit(value: Any, side: _Side) -> str:
    """What is wrong with an instance or a prediction; empty if it fits."""
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
    """The shape of one instance's value; None if any may be right."""
    shape: list[int | None] | None = tensor["shape"]
    if shape is None or not (side.rows or (shape and shape[0] is None)):
        return None
    return shape[1:]


def _shape(value: Any) -> tuple[int, ...] | None:
    """The sizes of nested lists; None where they are not the same everywhere."""
    if not isinstance(value, list):
        return ()
    inner = {_shape(item) for item in value}
    if len(inner) > 1 or None in inner:
        return None
    return (len(value), *(next(iter(inner), None) or ()))


def _same(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    if 0 in shape:  # what an empty list would hold is not known
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
    return text if len(text) <= _MOST else f"{text[:_MOST]}..."
