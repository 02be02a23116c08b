"""Reads manifests and cards from files, and gives their text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from artifact_format import manifest
from artifact_format.manifest import FORMAT, Artifact, InvalidManifest
from models.core.errors import ModelsError

CARD_SAMPLES = 2
_REQUIRED = ("format", "recipe", "contentDigest", "tensorflow", "signatures", "size", "files", "samples")
"""What every manifest and card has, also those of imported SavedModels and of earlier releases."""
_SIMPLE_LIST = re.compile(r"\[\n\s+[^][{}\"]*?\n\s*\]")


def read(path: Path, folder: Path | None = None) -> Artifact:
    """The artifact that a manifest or card describes.

    Args:
        path: of the file.
        folder: where the artifact's bytes are, or will be. Default: unknown.

    Raises:
        ModelsError: the file cannot be read, or was written by another version of this project.
    """
    try:
        facts = manifest.facts(path.read_text(encoding="utf-8"))
        if facts.get("format", FORMAT) != FORMAT:
            raise ModelsError(
                f"{path}: must have format {FORMAT}, as this version of the project reads it; got {facts['format']}"
            )
        for key in _REQUIRED:
            if key not in facts:
                raise InvalidManifest(f"{key} is missing")
        return replace(Artifact.parse(facts), folder=folder)
    except OSError as error:
        raise ModelsError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ModelsError(f"{path}: not a valid manifest: {error}; restore it with git, or build again") from error


def manifest_text(artifact: Artifact) -> str:
    """The text of a manifest."""
    return json.dumps(artifact.to_json(), sort_keys=True) + "\n"


def card_text(artifact: Artifact) -> str:
    """The text of a card: the manifest with only the first samples, formatted for a review."""
    card = {**artifact.to_json(), "samples": list(artifact.samples[:CARD_SAMPLES])}
    return _SIMPLE_LIST.sub(_joined, json.dumps(card, indent=1, sort_keys=True)) + "\n"


def _joined(numbers: re.Match[str]) -> str:
    """A list of numbers on one line: an image is then 28 lines, not 784."""
    return " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]")
