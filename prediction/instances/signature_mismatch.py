"""Why instances do not fit a signature: which instance, which input, what it is and what the model takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gcp import errors
from prediction.instances.request_bodies import Body
from prediction.manifest import Inputs, Manifest

_NONE = object()


def explained(
    error: errors.PredictionFailed, body: Body, manifest: Manifest, signature_name: str | None
) -> errors.PredictionFailed:
    """The same failure, with what the model takes and, where that is why, the first instance that does not fit.

    Args:
        error: what the model answered.
        body: what it was sent.
        manifest: of the artifact; empty where it is not known.
        signature_name: key of the signature that was asked. Default: the only one, else "serving_default".
    """
    if manifest.lacks(signature_name):
        return _naming_signatures(error, list(manifest.signatures))
    inputs = manifest.inputs(signature_name)
    if not inputs:
        return error
    instances = json.loads(body.content)["instances"]
    found = next(((index, why) for index, each in enumerate(instances) for why in misfits(each, inputs)), None)
    first = f". Instance {body.first + found[0]} does not fit: {found[1]}" if found else ""
    told = errors.PredictionFailed(f"{str(error).rstrip('.')}{first}. It takes {takes(inputs)}")
    told.instance = body.first + found[0] if found else None
    return told


def _naming_signatures(error: errors.PredictionFailed, keys: list[str]) -> errors.PredictionFailed:
    """The same failure with the known signatures, unless its text lists them already."""
    text = str(error)
    if ", ".join(sorted(keys)) in text:
        return error
    return errors.PredictionFailed(
        f"{text.rstrip('.')}. Its signatures are {', '.join(sorted(keys))}: name one of them"
    )


def takes(inputs: Inputs) -> str:
    """Inputs with the type and shape of one instance: `image float32 [28, 28]`."""
    return ", ".join(f"{name} {_shown(spec)}" for name, spec in inputs.items())


def misfits(instance: Any, inputs: Inputs) -> Iterator[str]:
    """What is wrong with an instance, as JSON has it, in the order of the inputs; nothing where it fits."""
    named = _named(instance, inputs)
    if named is None:
        yield f"it is {_kind(instance)}, not an object with {', '.join(inputs)}"
        return
    for name in [name for name in named if name not in inputs]:
        yield f"there is no input {name}"
    for name, spec in inputs.items():
        if name not in named:
            yield f"{name} is missing"
        else:
            yield from (f"{name} {why}" for why in _wrong(named[name], spec))


def _named(instance: Any, inputs: Inputs) -> Mapping[str, Any] | None:
    """The instance by input; a model with one input takes the bare value too. None where it is neither."""
    is_object = isinstance(instance, dict) and set(instance) != {"b64"}
    if len(inputs) == 1 and not is_object:
        return {next(iter(inputs)): instance}
    return instance if is_object else None


def _wrong(value: Any, spec: Mapping[str, Any]) -> Iterator[str]:
    shape, expected = _shape(value), spec.get("shape")
    if shape is None:
        yield f"has lists of different lengths, where the model takes {_shown(spec)}"
    elif expected is not None and not _same(shape, expected[1:]):
        yield f"has the shape {list(shape)}, where the model takes {_shown(spec)}"
    else:
        leaf = next((leaf for leaf in _leaves(value) if not _is(leaf, str(spec.get("dtype")))), _NONE)
        if leaf is not _NONE:
            yield f"holds {errors.plain(json.dumps(leaf), 60)}, where the model takes {_shown(spec)}"


def _shape(value: Any) -> tuple[int, ...] | None:
    """The sizes of nested lists; None where they are not the same everywhere."""
    if not isinstance(value, list):
        return ()
    inner = {_shape(item) for item in value}
    if len(inner) > 1 or None in inner:
        return None
    return (len(value), *(next(iter(inner), None) or ()))


def _same(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    if len(shape) != len(expected):
        return False
    return all(size is None or size == found for found, size in zip(shape, expected, strict=True))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _is(leaf: Any, dtype: str) -> bool:
    if dtype == "string":
        return isinstance(leaf, str) or (isinstance(leaf, dict) and set(leaf) == {"b64"})
    if dtype == "bool" or isinstance(leaf, bool):
        return isinstance(leaf, bool) and dtype == "bool"
    return isinstance(leaf, int) or (isinstance(leaf, float) and "int" not in dtype)


def _shown(spec: Mapping[str, Any]) -> str:
    shape = spec.get("shape")
    if shape is None:
        return f"{spec.get('dtype')} of any shape"
    sizes = ", ".join("any" if size is None else str(size) for size in shape[1:])
    return f"{spec.get('dtype')} [{sizes}]"


def _kind(value: Any) -> str:
    names: dict[type, str] = {list: "a list", dict: "an object", str: "a text", bool: "a boolean"}
    return names.get(type(value), "null" if value is None else "a number")
