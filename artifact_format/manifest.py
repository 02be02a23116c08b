"""The manifest of an artifact, which a card shortens: the JSON form that every version of this project can read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artifact_format.signatures import Tensors, default_key, named, output_names, structured

if TYPE_CHECKING:
    from typing_extensions import Self

MANIFEST = "manifest.json"
"""The name of its file, in the folder of the SavedModel."""
FORMAT = 1


class InvalidManifest(ValueError):
    """The content is not a manifest; the text is the reason."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The facts about a SavedModel that are known without loading it. What a manifest leaves out has its default.

    Attributes:
        recipe: the recipe that built it; None for an imported SavedModel.
        parameters: all parameters of the recipe.
        input_digest: of the build; None for an imported SavedModel.
        content_digest: of the files.
        tensorflow: version of TensorFlow that exported it, such as "2.21.0".
        keras: version of Keras that exported it; None if it is not known.
        signatures: by name, structured: see `artifact_format.signatures`.
        metrics: numbers by name.
        size: of all files except for the manifest, in bytes.
        files: by POSIX path, `size` in bytes and `crc32c` in the form of Cloud Storage.
        samples: `{"instance": ..., "prediction": ..., "label": ...}`, for the default signature; the prediction is an
            object by output name, the label is left out if it is not known.
        classes: names of the classes in the order of the output; empty if there are none.
        operations: of the graph: name -> the attributes whose value is not their default; empty if they are not known,
            as in cards of earlier releases.
        build_inputs: what the input digest covers, as `models.artifacts.input_digest.Inputs` by field; empty if it is
            not known.
    """

    recipe: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    input_digest: str | None = None
    content_digest: str = ""
    tensorflow: str = ""
    keras: str | None = None
    signatures: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    size: int = 0
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    samples: Sequence[Mapping[str, Any]] = ()
    classes: Sequence[str] = ()
    operations: Mapping[str, Sequence[str]] = field(default_factory=dict)
    build_inputs: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, facts: Mapping[str, Any]) -> Self:
        """The manifest in a JSON object. Predictions of samples are converted to objects by output name.

        Raises:
            InvalidManifest: its signatures, samples, classes or operations are not valid.
        """
        known = {name: facts[key] for name, key in _KEYS.items() if facts.get(key) is not None}
        try:
            signatures = {name: structured(each) for name, each in known.get("signatures", {}).items()}
            samples = [{**each, "instance": each["instance"]} for each in known.get("samples", ())]
            classes = [str(each) for each in known.get("classes", ())]
            operations = {name: [str(each) for each in names] for name, names in known.get("operations", {}).items()}
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InvalidManifest(f"{type(error).__name__}: {error}") from None
        read = {"signatures": signatures, "samples": named(samples, signatures), "classes": classes}
        return cls(**{**known, **read, "operations": operations})

    def to_json(self) -> dict[str, Any]:
        """The JSON object of a manifest."""
        facts = {key: getattr(self, name) for name, key in _KEYS.items()}
        facts["metrics"] = {name: round(value, 4) for name, value in self.metrics.items()}
        facts["operations"] = dict(self.operations)
        for key in ("inputs", "operations"):
            if not facts[key]:
                del facts[key]  # cards and manifests without it look the same as in earlier releases
        return {"format": FORMAT, **facts}

    def inputs(self, signature_name: str | None = None) -> Tensors:
        """A signature's inputs; empty if they are not known."""
        signature = self.signatures.get(signature_name or default_key(self.signatures)) or {}
        return signature.get("inputs") or {}

    def outputs(self, signature_name: str | None = None) -> list[str]:
        """The names of a signature's outputs; empty if they are not known."""
        return output_names(self.signatures, signature_name)

    def output(self, signature_name: str | None = None) -> str | None:
        """The name of a signature's only output; None if it has several, or they are not known."""
        names = self.outputs(signature_name)
        return names[0] if len(names) == 1 else None

    def lacks(self, signature_name: str | None) -> bool:
        """Whether the signatures are known and do not include this one."""
        return bool(self.signatures) and (signature_name or default_key(self.signatures)) not in self.signatures

    def takes_one(self, signature_name: str | None) -> bool:
        """Whether a request of this signature takes only one instance, as far as known.

        It does if an input has the shape [], without a dimension for instances, or a first size of 1.
        """
        shapes = [spec.get("shape") for spec in self.inputs(signature_name).values()]
        return any(shape is not None and (not shape or shape[0] == 1) for shape in shapes)


_KEYS = {each.name: re.sub("_(.)", lambda found: found[1].upper(), each.name) for each in fields(Manifest)}
_KEYS["build_inputs"] = "inputs"
"""Attribute -> key of the JSON object."""


@dataclass(frozen=True, kw_only=True)
class Artifact(Manifest):
    """A SavedModel on this machine, or one that a card describes.

    Attributes:
        folder: where the bytes are on this machine, or will be after the build.
        name: of an imported artifact; None for a build and a folder.
        left_out: POSIX paths of the folder's files that are not part of it because of their names.
    """

    folder: Path | None = None
    name: str | None = None
    left_out: Sequence[str] = ()


def facts_in(file: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if it cannot be read or is not one, where that is reported elsewhere."""
    try:
        return facts(file.read_bytes())
    except (OSError, InvalidManifest):
        return {}


def facts(content: bytes | str) -> dict[str, Any]:
    """The JSON object in a manifest's or card's bytes or text. Raises `InvalidManifest`."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidManifest(f"invalid JSON: {error}") from None
    if not isinstance(found, dict):
        raise InvalidManifest("not a JSON object")
    return found
