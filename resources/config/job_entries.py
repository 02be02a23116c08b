"""What the platforms share of the batch prediction jobs of a stack file: their key, and which version predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from resources.schema.types import Failure, join

KEY = "batchPredictionJobs"
"""The key of these entries."""


def version_of(entry: Mapping[str, Any], models: Mapping[str, Sequence[str]], where: str) -> tuple[str, list[Failure]]:
    """The version that predicts, and what is wrong with the keys `model` and `version`.

    It is the one that the entry names, else the model's default; empty if it is not known.

    Args:
        entry: of the job. What is not a text is reported elsewhere.
        models: name of a model of the stack file -> its versions, the default first.
        where: the path of the entry.
    """
    model, version = entry.get("model"), entry.get("version")
    if not isinstance(model, str):
        return "", []
    if model not in models:
        return "", [(join(where, "model"), f"{model!r} is not a model of this file: {_listed(models)}")]
    names = models[model]
    if not names or not isinstance(version, str):
        return (names[0] if names else ""), []
    if version in names:
        return version, []
    return version, [(join(where, "version"), f"{version!r} is not a version of {model}: {_listed(names)}")]


def _listed(names: Sequence[str] | Mapping[str, Any]) -> str:
    return ", ".join(names) or "it has none"
