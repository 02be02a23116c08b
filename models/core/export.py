"""The exporter: trains a recipe and writes the SavedModel, in a process of its own. Input digests cover it.

The same inputs give the same bytes on one machine: one thread, seeded random numbers, deterministic operations, names
that count from one in a fresh process (started with PYTHONHASHSEED=0), and no fingerprint.pb, which holds a random
identifier and which no loader needs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.core.errors import BuildError
from models.core.recipe import Recipe, Report, Trained, Values

ENDPOINT = "serving_default"


def export(recipe: Recipe, parameters: Values, folder: Path, report: Report) -> dict[str, Any]:
    """Trains, and writes the SavedModel into a folder.

    Returns:
        `metrics`, `classes`, the `keras` that exported it, and `samples` with the exported model's answers.

    Raises:
        BuildError: the model's inputs or outputs have no names, or an answer or a metric is no finite number.
    """
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(parameters["seed"])
    trained = recipe.train(parameters, report)
    for name, value in trained.metrics.items():
        if not math.isfinite(value):
            raise BuildError(f"the metric {name} is {value}; the training went wrong")
    report(0, 2, "exporting the SavedModel")
    _write(trained, folder)
    report(1, 2, "asking it the sample instances")
    return {
        "metrics": {name: float(value) if value % 1 else int(value) for name, value in trained.metrics.items()},
        "samples": _answered(trained, folder),
        "classes": list(trained.classes),
        "keras": keras.__version__,
    }


def _write(trained: Trained, folder: Path) -> None:
    """Writes the model with `ExportArchive`: C++ and TF1 loaders refuse a Keras 3 model from `tf.saved_model.save`."""
    import keras
    import tensorflow as tf

    inputs, outputs = trained.model.input, trained.model.output
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        raise BuildError("the model's inputs and outputs must be dicts by name: keras.Model({'x': ...}, {'y': ...})")
    archive = keras.export.ExportArchive()
    for layer in trained.model._flatten_layers(include_self=False):
        # The archive finds the endpoint's variables by itself, but not lookup tables. Tracking a layer with variables
        # would write these a second time.
        if not layer.variables:
            archive.track(layer)
    specs = {name: tf.TensorSpec(tensor.shape, tensor.dtype, name=name) for name, tensor in inputs.items()}
    endpoint = archive.add_endpoint(ENDPOINT, lambda given: dict(trained.model(given)), input_signature=[specs])
    graph = endpoint.get_concrete_function().graph
    # TensorFlow collects the variables in a set that is ordered by their addresses in memory.
    places = {id(variable.value): place for place, variable in enumerate(trained.model.variables)}
    graph.variables = sorted(graph.variables, key=lambda variable: places.get(id(variable), len(places)))
    archive.write_out(str(folder), verbose=False)
    (folder / "fingerprint.pb").unlink(missing_ok=True)
    assets = folder / "assets"
    if assets.is_dir() and not any(assets.iterdir()):
        assets.rmdir()  # a bucket holds no empty folder: what is downloaded is then what was written


def _answered(trained: Trained, folder: Path) -> list[dict[str, Any]]:
    """The samples with what the exported signature answers, each in a batch of its own."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))  # keeps the variables alive while the signature is used
    signature = loaded.signatures[ENDPOINT]
    specs = signature.structured_input_signature[1]
    samples = []
    for sample in trained.samples:
        given = sample.instance if len(specs) > 1 else {next(iter(specs)): sample.instance}
        answer = signature(**{name: tf.constant([given[name]], spec.dtype) for name, spec in specs.items()})
        entry = {"instance": sample.instance, "prediction": _prediction(answer)}
        samples.append(entry if sample.label is None else {**entry, "label": sample.label})
    return samples


def _prediction(answer: Mapping[str, Any]) -> Any:
    """What the API's `predictions[i]` is: the bare value of a single output, a dict by name of several."""
    named = {name: _plain(tensor.numpy()[0]) for name, tensor in sorted(answer.items())}
    return named if len(named) > 1 else next(iter(named.values()))


def _plain(value: Any) -> Any:
    """An array or a number as JSON. A float is the shortest decimal that reads back as the same float of its width."""
    if getattr(value, "ndim", 0):
        return [_plain(part) for part in value]
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if getattr(value.dtype, "kind", "") == "f":
        number = float(str(value))
        if not math.isfinite(number):
            raise BuildError(f"the model answers {number} to a sample instance; the training went wrong")
        return number
    return value.item()
