"""The platforms that predict: the one place of this package that knows which there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gcp import errors
from prediction.targets.ml import MlTarget
from prediction.targets.target import Target
from prediction.targets.vertex import VertexTarget
from resources.config.stack_file import NAMESPACE

ML, VERTEX = "ml", "vertex"
KEY = f"{NAMESPACE}:platform"
_TARGETS: Mapping[str, type[Target]] = {ML: MlTarget, VERTEX: VertexTarget}


def of(name: str) -> type[Target]:
    """The target class of a platform. Raises `InvalidInput` for an unknown one."""
    if name not in _TARGETS:
        raise errors.InvalidInput([("platform", f"must be one of {', '.join(_TARGETS)}; it is {name!r}")])
    return _TARGETS[name]


def client_arguments(predict_url: str) -> dict[str, Any] | None:
    """The arguments of `Client` that belong to a `predictUrl` of a stack's output; None if it is no such URL."""
    for name, target in _TARGETS.items():
        if (found := target.client_arguments(predict_url)) is not None:
            return {**found, "platform": name}
    return None


def error_hints(method: str) -> Mapping[type[errors.ApiError], str]:
    """What to do about the errors of a method's platform; empty for a method of another API."""
    api = method.partition(".")[0]
    return next((target.ERROR_HINTS for target in _TARGETS.values() if api == target.API), {})
