"""Converts the result of training to what the exporter takes: named inputs and outputs, and matching samples.

It is not in the exporter, because the exporter's source is part of every input digest. A model that already has this
form is exported unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from artifact_format.sample_fit import mismatches
from models.core.errors import BuildError
from models.core.recipe import Sample, Trained

_NO_INPUTS = (
    "the model must have inputs with names and shapes: start a keras.Sequential with keras.Input(SHAPE, name=...); "
    "wrap a subclass of keras.Model: x = keras.Input(SHAPE, name='x'); keras.Model({'x': x}, {'y': model(x)})"
)


def exportable(trained: Trained) -> Trained:
    """The same model with dicts of named inputs and outputs, and its samples with bare values if it has one input.

    An input is named after its `keras.Input`, an output after its layer, unless a dict names it. If two have the name
    `y`, the second is `y_1`.

    Raises:
        BuildError: the model has no defined inputs, or a sample does not match them.
    """
    model = trained.model
    if not _has_inputs(model):
        raise BuildError(_NO_INPUTS)
    if not all(map(_is_flat, _sides(model))):
        model = _named(model)
    samples = [_bare(sample, model.input) for sample in trained.samples]
    _check(samples, model.input)
    return replace(trained, model=model, samples=samples)


def _has_inputs(model: Any) -> bool:
    try:
        return bool(model.inputs)
    except AttributeError:  # a subclass, or a Sequential that was not built
        return False


def _sides(model: Any) -> tuple[Any, Any]:
    """The inputs and outputs of a model in their own structure."""
    import keras

    if isinstance(model, keras.Sequential):  # it has no `input` if its first batch built it
        return model.inputs[0], model.outputs[0]
    return model.input, model.output


def _is_flat(tensors: Any) -> bool:
    return isinstance(tensors, dict) and all(hasattr(tensor, "dtype") for tensor in tensors.values())


def _named(model: Any) -> Any:
    """A model around this one, with the same variables, whose inputs and outputs are dicts."""
    import keras

    given, answered = _sides(model)
    inputs = {
        name: keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)
        for name, tensor in _names(given).items()
    }
    outputs = model(keras.tree.pack_sequence_as(given, list(inputs.values())))
    return keras.Model(inputs, dict(zip(_names(answered), keras.tree.flatten(outputs), strict=True)))


def _names(tensors: Any) -> dict[str, Any]:
    """Name -> tensor of any structure, in the order of `keras.tree.flatten`."""
    import keras

    flat = keras.tree.flatten(tensors)
    if _is_flat(tensors):
        places = keras.tree.pack_sequence_as(tensors, list(range(len(flat))))  # one tensor may have two names
        return {name: flat[place] for name, place in sorted(places.items(), key=lambda item: item[1])}
    found: dict[str, Any] = {}
    for tensor in flat:
        name = _unused(tensor._keras_history.operation.name, found)  # Keras has no public API for the layer of a tensor
        found[name] = tensor
    return found


def _unused(name: str, taken: Iterable[str]) -> str:
    taken, number, found = set(taken), 1, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def _bare(sample: Sample, inputs: Mapping[str, Any]) -> Sample:
    """The sample with the bare value if the model has one input."""
    instance = sample.instance
    if len(inputs) == 1 and isinstance(instance, Mapping) and set(instance) == set(inputs):
        return replace(sample, instance=instance[next(iter(inputs))])
    return sample


def _check(samples: Sequence[Sample], inputs: Mapping[str, Any]) -> None:
    """Raises `BuildError` for a sample that the model does not accept."""
    tensors = {name: {"dtype": tensor.dtype, "shape": list(tensor.shape)} for name, tensor in inputs.items()}
    for index, sample in enumerate(samples):
        for what, value in (("instance", sample.instance), ("label", sample.label)):
            if found := _not_json(value):
                raise BuildError(f"samples[{index}]: {what} must be JSON; call .tolist() on a NumPy value: {found}")
        for found in mismatches(sample.instance, tensors):
            raise BuildError(f"samples[{index}]: {found}")


def _not_json(value: Any) -> str:
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        return str(error)
    return ""
