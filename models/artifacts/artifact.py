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
"""Facts that a manifest may leave out, as those of SavedModels made elsewhere and of earlier releases do, and their
defaults."""
_SIMPLE_LIST = re.compile(r"\[\n\s+[^][{}\"]*?\n\s*\]")


@dataclass(frozen=True)
class Artifact:
    """What is known of a SavedModel without loading it.

    Attributes:
        recipe: the recipe that made it; None for a SavedModel made elsewhere.
        parameters: those of the recipe, all of them.
        input_digest: what decided the build; None for a SavedModel made elsewhere.
        content_digest: what the files are.
        tensorflow: the TensorFlow that exported it, such as "2.21.0".
        keras: the Keras that exported it; None where that is not known.
        signatures: by name, `{"inputs": {name: {"dtype": ..., "shape": [...]}}, "outputs": {...}}`; unknown is None.
        metrics: flat numbers.
        size: bytes of all files but the manifest.
        files: by POSIX path, `size` in bytes and `crc32c` as Cloud Storage prints it.
        samples: `{"instance": ..., "prediction": ..., "label": ...}`; the prediction is an object by output name, the
            label is left out where it is not known.
        classes: the names of the classes in the order of the output, where there are such.
        inputs: what its input digest covers, as `digest.Inputs` by field; empty where it is not known.
        folder: where the bytes are on this machine, or will be once they are built.
        name: under which it was imported; None for a build and a folder.
        left_out: POSIX paths of the folder's files that are not part of it, because their names say that they are junk.
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
        del facts["inputs"]  # without it, cards and manifests are written as in earlier releases
    return {"format": FORMAT, **facts}


def read(path: Path, folder: Path | None = None) -> Artifact:
    """The artifact that a manifest or a card describes; its samples are by output name, whichever form they have there.

    Raises:
        ModelsError: the file cannot be read, or was written by another version of this project.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise ModelsError(f"{path}: format {facts['format']}, but this version of the project reads {FORMAT}")
        known = {**_OPTIONAL, **facts}
        read = Artifact(**{name: known[key] for name, key in _KEYS.items()}, folder=folder)
        return replace(read, samples=named(read.samples, read.signatures))
    except OSError as error:
        raise ModelsError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelsError(
            f"{path}: this is no manifest: {type(error).__name__}: {error}; git checkout it, or build again"
        ) from error


def named(samples: Sequence[Mapping[str, Any]], signatures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Samples with their predictions by output name: a bare value of a signature with one output stands under its name.

    `resources.schema.signatures.by_name` is the same rule; this package imports nothing of that one.

    Args:
        samples: each with a `prediction`, if it has one, in either form.
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
    """The text of a card: the manifest with its first samples only, made to be read in a review."""
    card = {**to_json(artifact), "samples": list(artifact.samples[:CARD_SAMPLES])}
    return _SIMPLE_LIST.sub(_joined, json.dumps(card, indent=1, sort_keys=True)) + "\n"


def _joined(numbers: re.Match[str]) -> str:
    """A list of numbers on one line: an image is then 28 lines, not 784."""
    return " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]")
