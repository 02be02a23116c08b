"""Explains why instances do not match a signature: which instance, which input, expected and actual value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gcp import errors
from prediction.errors import PredictionFailed
from prediction.instances.request_bodies import Body
from prediction.manifest import Inputs, Manifest

_NO_VALUE = object()


def explained(error: PredictionFailed, body: Body, manifest: Manifest, signature_name: str | None) -> PredictionFailed:
    """The same error with the signature's inputs and the first instance that does not match them, if one does not.

    Args:
        error: the model's error.
        body: the request.
        manifest: of the artifact; empty if it is not known.
        signature_name: key of the signature. Default: the only one, else "serving_default".
    """
    if manifest.lacks(signature_name):
        return _with_signatures(error, sorted(manifest.signatures))
    inputs = manifest.inputs(signature_name)
    if not inputs:
        return error
    instances = json.loads(body.content)["instances"]
    found = next(((index, why) for index, each in enumerate(instances) for why in mismatches(each, inputs)), None)
    first = f". Instance {body.first + found[0]}: {found[1]}" if found else ""
    result = PredictionFailed(f"{str(error).rstrip('.')}{first}. The model takes {describe_inputs(inputs)}")
    result.instance = body.first + found[0] if found else None
    return result


def _with_signatures(error: PredictionFailed, keys: Sequence[str]) -> PredictionFailed:
    """The same error with the names of the signatures, unless its text already lists them."""
    text, names = str(error), ", ".join(keys)
    return error if names in text else PredictionFailed(f"{text.rstrip('.')}. The model's signatures are {names}")


def describe_inputs(inputs: Inputs) -> str:
    """Inputs with type and shape of one instance: `image float32 [28, 28]`."""
    return ", ".join(f"{name} {_describe(spec)}" for name, spec in inputs.items())


def mismatches(instance: Any, inputs: Inputs) -> Iterator[str]:
    """What is wrong with an instance of JSON values, in the order of the inputs; nothing if it matches."""
    values = _by_input(instance, inputs)
    if values is None:
        yield f"must be an object with {', '.join(inputs)}; got {_kind(instance)}"
        return
    for name in [name for name in values if name not in inputs]:
        yield f"unknown input {name}"
    for name, spec in inputs.items():
        if name not in values:
            yield f"{name} is missing"
        else:
            yield from (f"{name} {reason}" for reason in _value_mismatches(values[name], spec))


def _by_input(instance: Any, inputs: Inputs) -> Mapping[str, Any] | None:
    """The values by input, also for the bare value that a model with one input takes; None if it is neither."""
    is_object = isinstance(instance, dict) and set(instance) != {"b64"}
    if len(inputs) == 1 and not is_object:
        return {next(iter(inputs)): instance}
    return instance if is_object else None


def _value_mismatches(value: Any, spec: Mapping[str, Any]) -> Iterator[str]:
    shape, expected = _shape(value), spec.get("shape")
    if shape is None:
        yield f"must be {_describe(spec)}; got lists of different lengths"
    elif expected is not None and not _is_same(shape, expected[1:]):
        yield f"must be {_describe(spec)}; got the shape {list(shape)}"
    else:
        leaf = next((leaf for leaf in _leaves(value) if not _has_dtype(leaf, str(spec.get("dtype")))), _NO_VALUE)
        if leaf is not _NO_VALUE:
            yield f"must be {_describe(spec)}; got {errors.plain(json.dumps(leaf), 60)}"


def _shape(value: Any) -> tuple[int, ...] | None:
    """The sizes of nested lists; None if they are not the same everywhere."""
    if not isinstance(value, list):
        return ()
    inner = {_shape(item) for item in value}
    if len(inner) > 1 or None in inner:
        return None
    return (len(value), *(next(iter(inner), None) or ()))


def _is_same(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    if len(shape) != len(expected):
        return False
    return all(size is None or size == found for found, size in zip(shape, expected, strict=True))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _has_dtype(leaf: Any, dtype: str) -> bool:
    if dtype == "string":
        return isinstance(leaf, str) or (isinstance(leaf, dict) and set(leaf) == {"b64"})
    if dtype == "bool" or isinstance(leaf, bool):
        return isinstance(leaf, bool) and dtype == "bool"
    return isinstance(leaf, int) or (isinstance(leaf, float) and "int" not in dtype)


def _describe(spec: Mapping[str, Any]) -> str:
    shape = spec.get("shape")
    if shape is None:
        return f"{spec.get('dtype')} of any shape"
    sizes = ", ".join("any" if size is None else str(size) for size in shape[1:])
    return f"{spec.get('dtype')} [{sizes}]"


def _kind(value: Any) -> str:
    names: dict[type, str] = {list: "a list", dict: "an object", str: "a string", bool: "a boolean"}
    return names.get(type(value), "null" if value is None else "a number")
