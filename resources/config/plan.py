"""What a stack declares, once its configuration is read: the parts that every platform shares, and SavedModels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artifact_format import signatures
from artifact_format.manifest import Artifact
from gcp import settings as _settings
from resources.schema import secrets
from resources.storage import rules


@dataclass(kw_only=True)
class Stack:
    """What a stack declares, whatever its platform; each platform adds its own.

    Attributes:
        project: id of the project.
        settings: where the APIs are.
        bucket: inputs of its `storage.Bucket`.
        saved_models: logical name -> inputs of its `storage.SavedModel`s.
    """

    project: str
    settings: _settings.Settings
    bucket: dict[str, Any]
    saved_models: dict[str, dict[str, Any]] = field(default_factory=dict)


def saved_model_inputs(
    artifact: Artifact, bucket: str, *, size_limit: int = rules.MOST_BYTES, source: str = "", folder: str = ""
) -> dict[str, Any]:
    """The inputs of `storage.SavedModel` for an artifact.

    Args:
        artifact: its facts.
        bucket: where it goes.
        size_limit: bytes of the largest artifact that what serves it takes.
        source: bucket that it may be copied from; empty for none.
        folder: below the artifact's own folder, where its files lie; empty for that folder itself.
    """
    facts = {
        "recipe": artifact.recipe,
        "parameters": dict(artifact.parameters),
        "inputDigest": artifact.input_digest,
        "contentDigest": artifact.content_digest,
        "tensorflow": artifact.tensorflow,
        "signatures": {name: signatures.displayed(parts) for name, parts in artifact.signatures.items()},
        "metrics": dict(artifact.metrics),
        "size": artifact.size,
        "files": dict(artifact.files),
        "source": os.path.relpath(artifact.folder) if artifact.folder else None,  # no path of this machine
        "leftOut": list(artifact.left_out) or None,
        "artifactSource": source or None,
        "sizeLimit": size_limit,
    }
    prefix = "/".join(part for part in (artifact.recipe or "saved_model", artifact.content_digest, folder) if part)
    place = {"bucket": bucket, "prefix": prefix}
    return {**place, **{name: value for name, value in facts.items() if value is not None}}


def notes(name: str, artifact: Artifact) -> list[str]:
    """Warnings about a valid artifact, one per line.

    Args:
        name: as the stack file has it.
        artifact: its facts.
    """
    found, names = [], sorted(artifact.signatures)
    if artifact.left_out:
        junk = ", ".join(artifact.left_out)
        found.append(f"{name}: left out, since files of these names are not part of a SavedModel: {junk}")
    if signatures.default_key(artifact.signatures) not in names:
        several = f"it has {', '.join(names)}: a request must name one (signature_name)"
        found.append(
            f"{name}: there is no signature {signatures.DEFAULT} in it; {several if names else 'it has no signatures'}"
        )
    return found


def portable(path: str) -> str:
    """A path of a stack file as the state may hold it: one outside the project that names this machine is secret."""
    if not Path(path).is_absolute():
        return path
    relative = os.path.relpath(path)
    return secrets.Secret(path) if relative.startswith(os.pardir) else relative


def merged(saved: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Logical name -> inputs: versions with the same content share one SavedModel, under the lowest size limit."""
    merged: dict[str, dict[str, Any]] = {}
    for inputs in saved:
        limit = merged.get(logical_name(inputs), inputs)["sizeLimit"]
        merged[logical_name(inputs)] = {**inputs, "sizeLimit": min(limit, inputs["sizeLimit"])}
    return merged


def logical_name(saved_model: Mapping[str, Any]) -> str:
    """The name of a SavedModel in the stack: it holds the content digest, so that new content is a new resource."""
    return str(saved_model["prefix"]).replace("/", "-")
