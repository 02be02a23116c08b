"""What a stack declares: the parts that all platforms share, and SavedModels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artifact_format import signatures
from artifact_format.manifest import Artifact
from gcp.settings import Settings
from resources.schema import secrets
from resources.storage import rules


@dataclass(kw_only=True)
class Stack:
    """What a stack on any platform declares; each platform has a subclass.

    Attributes:
        project: id of the project.
        settings: where the APIs are.
        google_setup: whether the stack sets up the project, as `resources.google_setup` does.
        bucket: inputs of its `storage.Bucket`.
        saved_models: logical name -> inputs of its `storage.SavedModel`s.
        warnings: about it, one per line.
    """

    project: str
    settings: Settings
    google_setup: bool = False
    bucket: dict[str, Any]
    saved_models: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def saved_model_inputs(
    artifact: Artifact, bucket: str, *, size_limit: int = rules.MOST_BYTES, source: str = "", folder: str = ""
) -> dict[str, Any]:
    """The inputs of `storage.SavedModel` for an artifact.

    Args:
        artifact: its facts.
        bucket: the stack's.
        size_limit: maximum bytes of an artifact on the machines that serve it.
        source: bucket that it may be copied from; empty for none.
        folder: subfolder of the artifact's folder for the files; empty for the folder itself.
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
        found.append(f"{name}: files left out, since they are not part of a SavedModel: {junk}")
    if signatures.default_key(artifact.signatures) not in names:
        several = f"it has {', '.join(names)}: a request must name one (signature_name)"
        found.append(f"{name}: has no signature {signatures.DEFAULT}; {several if names else 'it has no signatures'}")
    return found


def portable(path: str) -> str:
    """A path of a stack file for the state: relative if it is inside the project; else, if absolute, secret."""
    if not Path(path).is_absolute():
        return path
    relative = os.path.relpath(path)
    return secrets.Secret(path) if relative.startswith(os.pardir) else relative


def merged(saved: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Logical name -> inputs: versions with the same content share one SavedModel, with the lowest size limit."""
    merged: dict[str, dict[str, Any]] = {}
    for inputs in saved:
        limit = merged.get(logical_name(inputs), inputs)["sizeLimit"]
        merged[logical_name(inputs)] = {**inputs, "sizeLimit": min(limit, inputs["sizeLimit"])}
    return merged


def logical_name(saved_model: Mapping[str, Any]) -> str:
    """The logical name of a SavedModel. It contains the content digest, so new content is a new resource."""
    return str(saved_model["prefix"]).replace("/", "-")
