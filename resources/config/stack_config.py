"""A stack's configuration: typed, checked as a whole, every failure under its key's full path.

It is read before the first resource is registered, so that a wrong key changes nothing, with `--skip-preview` too.
"""

from __future__ import annotations

from collections.abc import Mapping

from gcp import errors
from resources.config import unquoted_text
from resources.config.platform import Declared, Platform
from resources.config.secret_values import Source
from resources.config.shared_entries import Resolve, SharedReader
from resources.config.stack_file import NAMESPACE


def read(
    config: Mapping[str, str], resolve: Resolve, platform: Platform[Declared], source: Source | None = None
) -> Declared:
    """The stack that a configuration declares. Secret texts of the stack's file are `Secret`s in it.

    Args:
        config: every key of the stack with its namespace, values as Pulumi hands them over (JSON for collections).
        resolve: finds artifacts.
        platform: where the stack deploys to.
        source: which keys hold secrets, and the stack's file. Default: none does.

    Raises:
        InvalidInput: with everything that is wrong.
    """

    def read(source: Source) -> Declared:
        reader = SharedReader(config, resolve, source, platform.keys, platform.sections)
        found = platform.read(reader)
        if reader.failures:
            raise errors.InvalidInput(dict.fromkeys(reader.failures))
        return found

    return unquoted_text.explained(config, source or Source(), platform.keys, read)


def allows_rebuild(config: Mapping[str, str]) -> bool:
    """Whether a configuration, which may be wrong elsewhere, allows builds that differ from their cards."""
    return config.get(f"{NAMESPACE}:allowRebuild") == "true"
