"""Signatures in their two forms, and predictions by the names of a signature's outputs.

A signature has two forms. Structured, as cards and manifests hold it:
`{"inputs": {"x": {"dtype": "float32", "shape": [None, 5]}}, "outputs": {...}}`; and for display, as a stack's state and
diff show it: `{"inputs": {"x": "float32[?, 5]"}, "outputs": {...}}`. An unknown size is None or `?`, an unknown rank is
None or `[...]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

DEFAULT = "serving_default"
_TENSOR = re.compile(r"(?P<dtype>.+?)\[(?P<sizes>.*)\]")
LOADERS_OWN = "__"
"""How the names of signatures begin that belong to the loader."""

Tensors = Mapping[str, Mapping[str, Any]]
"""The inputs or the outputs of a structured signature: name -> `{"dtype": "float32", "shape": [None, 28, 28]}`."""
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


def default_key(keys: Iterable[str]) -> str:
    """The key of the default signature, for requests without `signature_name`: the only one, or `serving_default`.

    Args:
        keys: of all signatures; those of the loader are ignored.
    """
    offered = [key for key in keys if not key.startswith(LOADERS_OWN)]
    return offered[0] if len(offered) == 1 else DEFAULT


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


def named(samples: Iterable[Mapping[str, Any]], signatures: Mapping[str, Signature]) -> list[dict[str, Any]]:
    """Samples with predictions by output name.

    Args:
        samples: with or without a `prediction`, bare or by name.
        signatures: by key; the samples are of the default signature.
    """
    outputs = output_names(signatures)
    return [
        {**sample, **({"prediction": by_name(sample["prediction"], outputs)} if "prediction" in sample else {})}
        for sample in samples
    ]


def is_named(value: Any) -> bool:
    """Whether a prediction or instance looks like an object by name."""
    return isinstance(value, Mapping) and not is_bytes(value)


def is_bytes(value: Any) -> bool:
    """Whether a JSON value stands for bytes: `{"b64": ...}`."""
    return isinstance(value, Mapping) and set(value) == {"b64"}


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
