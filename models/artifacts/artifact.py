"""The facts of an artifact, and the JSON form that a manifest and a card share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from models.core.errors import ModelsError
from models.saved_model.signatures import default_signature

FORMAT = 1
CARD_SAMPLES = 2
_KEYS = {
    "recipe": "recipe",
    "parameters": "parameters",
    "input_digest": "inputDigest",
    "content_digest": "contentDigest",
    "tensorflow": "tensorflow",
    "keras": "keras",
    "signatures": "signatures",
    "metrics": "metrics",
    "size": "size",
    "files": "files",
    "samples": "samples",
    "classes": "classes",
    "inputs": "inputs",
}
_OPTIONAL: dict[str, Any] = {
    "parameters": {},
    "inputDigest": None,
    "keras": None,
    "metrics": {},
    "classes": [],
    "inputs": {},
}
"""Facts that a manifest may leave out, with defaults: those of imported SavedModels and of earlier releases do."""
_SIMPLE_LIST = re.compile(r"\[\n\s+[^][{}\"]*?\n\s*\]")


@dataclass(frozen=True)
class Artifact:
    """The facts about a SavedModel that are known without loading it.

    Attributes:
        recipe: the recipe that built it; None for an imported SavedModel.
        parameters: all parameters of the recipe.
        input_digest: of the build; None for an imported SavedModel.
        content_digest: of the files.
        tensorflow: version of TensorFlow that exported it, such as "2.21.0".
        keras: version of Keras that exported it; None if it is not known.
        signatures: by name, `{"inputs": {name: {"dtype": ..., "shape": [...]}}, "outputs": {...}}`; an unknown size is
            None.
        metrics: numbers by name.
        size: of all files except for the manifest, in bytes.
        files: by POSIX path, `size` in bytes and `crc32c` in the form of Cloud Storage.
        samples: `{"instance": ..., "prediction": ..., "label": ...}`; the prediction is an object by output name, the
            label is left out if it is not known.
        classes: names of the classes in the order of the output; empty if there are none.
        inputs: what its input digest covers, as `input_digest.Inputs` by field; empty if it is not known.
        folder: where the bytes are on this machine, or will be after the build.
        name: of an imported artifact; None for a build and a folder.
        left_out: POSIX paths of the folder's files that are not part of it because of their names.
    """

    recipe: str | None
    parameters: Mapping[str, Any]
    input_digest: str | None
    content_digest: str
    tensorflow: str
    signatures: Mapping[str, Any]
    size: int
    files: Mapping[str, Mapping[str, Any]]
    keras: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    samples: Sequence[Mapping[str, Any]] = ()
    classes: Sequence[str] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    name: str | None = None
    left_out: Sequence[str] = ()


def to_json(artifact: Artifact) -> dict[str, Any]:
    """The manifest of an artifact."""
    facts = {key: getattr(artifact, name) for name, key in _KEYS.items()}
    facts["metrics"] = {name: round(value, 4) for name, value in artifact.metrics.items()}
    if not artifact.inputs:
        del facts["inputs"]  # cards and manifests without it look the same as in earlier releases
    return {"format": FORMAT, **facts}


def read(path: Path, folder: Path | None = None) -> Artifact:
    """The artifact that a manifest or card describes. Predictions of samples are converted to objects by output name.

    Raises:
        ModelsError: the file cannot be read, or was written by another version of this project.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise ModelsError(
                f"{path}: must have format {FORMAT}, as this version of the project reads it; got {facts['format']}"
            )
        known = {**_OPTIONAL, **facts}
        read = Artifact(**{name: known[key] for name, key in _KEYS.items()}, folder=folder)
        return replace(read, samples=named(read.samples, read.signatures))
    except OSError as error:
        raise ModelsError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelsError(
            f"{path}: not a valid manifest: {type(error).__name__}: {error}; restore it with git, or build again"
        ) from error


def named(samples: Sequence[Mapping[str, Any]], signatures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Samples with predictions by output name. The bare value of a signature with one output gets its name.

    `resources.schema.signatures.by_name` has the same rule; this package must not import it.

    Args:
        samples: with or without a `prediction`, in either form.
        signatures: by name; the samples are of the default signature.
    """
    outputs = (signatures.get(default_signature(signatures)) or {}).get("outputs") or {}
    return [
        {**sample, **({"prediction": _by_name(sample["prediction"], [*outputs])} if "prediction" in sample else {})}
        for sample in samples
    ]


def _by_name(prediction: Any, outputs: Sequence[str]) -> Any:
    if len(outputs) != 1 or (isinstance(prediction, Mapping) and set(prediction) == set(outputs)):
        return prediction
    return {outputs[0]: prediction}


def manifest_text(artifact: Artifact) -> str:
    """The text of a manifest."""
    return json.dumps(to_json(artifact), sort_keys=True) + "\n"


def card_text(artifact: Artifact) -> str:
    """The text of a card: the manifest with only the first samples, formatted for a review."""
    card = {**to_json(artifact), "samples": list(artifact.samples[:CARD_SAMPLES])}
    return _SIMPLE_LIST.sub(_joined, json.dumps(card, indent=1, sort_keys=True)) + "\n"


def _joined(numbers: re.Match[str]) -> str:
    """A list of numbers on one line: an image is then 28 lines, not 784."""
    return " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]")
