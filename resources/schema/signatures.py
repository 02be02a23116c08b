"""Signatures in their two forms, and predictions by the names of a signature's outputs. Pure.

A signature has two forms. Structured, as cards and manifests hold it:
`{"inputs": {"x": {"dtype": "float32", "shape": [None, 5]}}, "outputs": {...}}`; and for display, as a stack's state and
diff show it: `{"inputs": {"x": "float32[?, 5]"}, "outputs": {...}}`. An unknown size is None or `?`, an unknown rank is
None or `[...]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

DEFAULT = "serving_default"
_TENSOR = re.compile(r"(?P<dtype>.+?)\[(?P<sizes>.*)\]")
_BYTES = {"b64"}

Signature = Mapping[str, Mapping[str, Any]]
"""One signature: `inputs` and `outputs`, each by name."""


def displayed(signature: Signature) -> dict[str, dict[str, str]]:
    """A signature for display: `{"inputs": {"image": "float32[?, 28, 28]"}, "outputs": ...}`; either form is taken."""
    return {side: {name: _display(tensor) for name, tensor in tensors.items()} for side, tensors in signature.items()}


def structured(signature: Signature) -> dict[str, dict[str, dict[str, Any]]]:
    """A signature by dtype and shape; either form is taken.

    Raises:
        ValueError: a tensor is in neither form.
    """
    return {side: {name: _parse(tensor) for name, tensor in tensors.items()} for side, tensors in signature.items()}


def default_key(signatures: Mapping[str, Any]) -> str:
    """The key of the default signature, for requests without `signature_name`: the only one, or `serving_default`."""
    return next(iter(signatures)) if len(signatures) == 1 else DEFAULT


def output_names(signatures: Mapping[str, Signature], key: str | None = None) -> list[str]:
    """The names of a signature's outputs; empty if the signature is unknown.

    Args:
        signatures: by key, in either form.
        key: of the signature. Default: the default signature's.
    """
    return list((signatures.get(key or default_key(signatures)) or {}).get("outputs") or ())


def by_name(prediction: Any, outputs: Sequence[str]) -> Any:
    """A prediction keyed by output name: the bare value of a signature with one output stands under its name.

    Args:
        prediction: as a card, a manifest or an endpoint has it.
        outputs: the names of the signature's outputs; empty if unknown: then the prediction is returned unchanged.
    """
    if len(outputs) != 1 or (isinstance(prediction, Mapping) and set(prediction) == set(outputs)):
        return prediction
    return {outputs[0]: prediction}


def is_named(prediction: Any) -> bool:
    """Whether a prediction looks like an object by output name: `{"b64": ...}` is a value."""
    return isinstance(prediction, Mapping) and set(prediction) != _BYTES


def _display(tensor: Any) -> str:
    if isinstance(tensor, str):
        return tensor
    shape = tensor["shape"]
    if shape is None:
        return f"{tensor['dtype']}[...]"
    return f"{tensor['dtype']}[{', '.join('?' if size is None else str(size) for size in shape)}]"


def _parse(tensor: Any) -> dict[str, Any]:
    if isinstance(tensor, Mapping):
        return dict(tensor)
    found = _TENSOR.fullmatch(tensor) if isinstance(tensor, str) else None
    if not found:
        raise ValueError(f"expected a tensor such as float32[?, 5], got {tensor!r}")
    sizes = found["sizes"]
    if sizes == "...":
        return {"dtype": found["dtype"], "shape": None}
    return {"dtype": found["dtype"], "shape": [_size(text, tensor) for text in sizes.split(", ") if text]}


def _size(text: str, tensor: str) -> int | None:
    if text != "?" and not text.isdecimal():
        raise ValueError(f"expected a tensor such as float32[?, 5], got {tensor!r}")
    return None if text == "?" else int(text)
