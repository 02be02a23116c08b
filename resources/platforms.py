"""Chooses a stack's platform. The only module that knows all platforms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resources.config import stack_config
from resources.config.plan import Stack
from resources.config.platform import Platform
from resources.config.secret_values import Source
from resources.config.shared_entries import Resolve
from resources.ml.platform import MlPlatform
from resources.vertex.platform import VertexPlatform

ML, VERTEX = "ml", "vertex"
_PLATFORMS: dict[str, type[Platform[Any]]] = {ML: MlPlatform, VERTEX: VertexPlatform}
KEY = stack_config.PLATFORM


def chosen(config: Mapping[str, str]) -> Platform[Any]:
    """The platform that a configuration names. Default: `ml` v1, also for an unknown name, which `read` reports."""
    return _PLATFORMS.get(config.get(KEY) or ML, MlPlatform)()


def read(config: Mapping[str, str], resolve: Resolve, source: Source | None = None) -> Any:
    """The stack that a configuration declares on its platform. Arguments and errors: see `stack_config.read`."""
    found: Stack = stack_config.read(config, resolve, chosen(config), source)
    return found
