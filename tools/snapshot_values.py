"""What the values in a snapshot of the engine are: providers of this project, and encrypted ones."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import dill

from resources.engine.kind import Kind

_PROVIDER = "__provider"
_MARK = "4dabf18193072939515e22adb298388d"
"""The key by which the engine marks special values."""


def kind_of(inputs: Mapping[str, Any]) -> Kind | None:
    """The provider of a resource with these inputs; None if it is not one of this project's."""
    if _PROVIDER not in inputs:
        return None
    kind: Kind = dill.loads(base64.b64decode(inputs[_PROVIDER]))  # noqa: S301 - pickled by the program
    return kind


def is_special(value: Any) -> bool:
    """Whether a value is encrypted, or another one that has no plain form."""
    return isinstance(value, Mapping) and _MARK in value
