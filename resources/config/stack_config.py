"""A stack's configuration: typed, checked as a whole, each failure with the full path of its key.

It is read before the first resource is registered, so a wrong key changes nothing, even with `--skip-preview`.
"""

from __future__ import annotations

from collections.abc import Mapping

from gcp import errors
from resources.config import unquoted_text
from resources.config.platform import Declared, Platform
from resources.config.secret_values import Source
from resources.config.shared_entries import Resolve, SharedKeys, SharedReader
from resources.config.stack_file import NAMESPACE
from resources.schema import types
from resources.schema.types import Failure

PLATFORM = f"{NAMESPACE}:platform"


def read(
    config: Mapping[str, str], resolve: Resolve, platform: Platform[Declared], source: Source | None = None
) -> Declared:
    """The stack that a configuration declares. Secret texts of the stack's file are `Secret`s in it.

    Args:
        config: every key of the stack with its namespace, values as passed by Pulumi (JSON for collections).
        resolve: finds artifacts.
        platform: where the stack deploys to.
        source: which keys contain secrets, and the stack file. Default: no secrets.

    Raises:
        InvalidInput: lists everything that is wrong; an unknown platform alone, because it decides about other keys.
    """

    def read(source: Source) -> Declared:
        if unknown := _platform_failures(config, source):
            raise errors.InvalidInput(unknown)
        reader = SharedReader(config, resolve, source, platform.keys, platform.sections)
        found = platform.read(reader)
        if reader.failures:
            raise errors.InvalidInput(dict.fromkeys(reader.failures))
        return found

    return unquoted_text.explained(config, source or Source(), platform.keys, read)


def _platform_failures(config: Mapping[str, str], source: Source) -> list[Failure]:
    """Says that the name of the platform is unknown. A secret name is left to the reader: no message may show it."""
    name = config.get(PLATFORM)
    if not name or PLATFORM in source.keys:
        return []
    return list(types.failures(name, types.members(SharedKeys)["platform"], PLATFORM))


def allows_rebuild(config: Mapping[str, str]) -> bool:
    """Whether a configuration, valid or not, allows builds that differ from their cards."""
    return config.get(f"{NAMESPACE}:allowRebuild") == "true"
