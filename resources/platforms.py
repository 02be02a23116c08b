"""The platform that a stack deploys to: the one place that knows which platforms there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resources.config import stack_config
from resources.config.platform import Platform
from resources.config.secret_values import Source
from resources.config.shared_entries import Resolve
from resources.ml.config.plan import Stack
from resources.ml.platform import MlPlatform


def chosen() -> Platform[Any]:
    """The platform of the stack that runs: `ml` v1."""
    return MlPlatform()


def read(config: Mapping[str, str], resolve: Resolve, source: Source | None = None) -> Stack:
    """The stack that a configuration declares on its platform. Arguments and errors: see `stack_config.read`."""
    found: Stack = stack_config.read(config, resolve, chosen(), source)
    return found
