"""Samples for the gate, in a user's own file or a manifest: a JSON list of `{"instance": ..., "prediction": ...}`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from resources.deploy_errors import ArtifactError

MOST_CHARACTERS = 100 * 2**20
_KEYS = {"instance", "prediction"}
_EACH = '{"instance": ..., "prediction": ...}'


def read(file: str) -> Sequence[Mapping[str, Any]]:
    """The samples in a file. Raises `ArtifactError` with what is wrong with it."""
    try:
        if not os.path.isfile(file):  # noqa: PTH113 - a Path would read a secret text as `[secret]`
            raise ArtifactError("file not found")
        with open(file, encoding="utf-8") as stream:  # noqa: PTH123 - as above
            text = stream.read(MOST_CHARACTERS + 1)
        if len(text) > MOST_CHARACTERS:
            raise ArtifactError(f"has more than {MOST_CHARACTERS} characters: a few samples will do")
        samples = json.loads(text)
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"is not valid JSON in UTF-8: {error}") from None
    return checked(samples)


def checked(samples: Any) -> Sequence[Mapping[str, Any]]:
    """A JSON value as samples. Raises `ArtifactError` with what is wrong with it."""
    if not isinstance(samples, list) or not samples:
        raise ArtifactError(f"must be a list of {_EACH}; it is not a list, or is empty")
    for index, sample in enumerate(samples):
        if not isinstance(sample, dict) or not sample.keys() >= _KEYS:
            raise ArtifactError(f"must be a list of {_EACH}; [{index}] is not")
    found: Sequence[Mapping[str, Any]] = samples
    return found


def failure(file: str) -> str:
    """Why this is not a valid file of samples; empty if it is."""
    try:
        read(file)
    except ArtifactError as error:
        return str(error)
    return ""
