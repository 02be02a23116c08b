"""Reads stack files, for all parts of the project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from resources.config.stack_yaml import Unquoted

NAMESPACE = "tf2-models"
"""The project's name, which is the namespace of stack file keys without one."""


class StackFile(NamedTuple):
    """A stack file's configuration.

    Attributes:
        config: key with its namespace -> value; empty if the file has no configuration. If a key is there with and
            without namespace, the last one wins, as in Pulumi.
        unquoted: unquoted scalars that YAML does not read as text; paths start with the key with its namespace.
    """

    config: dict[str, Any]
    unquoted: list[Unquoted]


class UnreadableStackFile(Exception):
    """The file cannot be read, or is not valid YAML. The text is the reason, on one line."""


def read(path: Path) -> StackFile:
    """The configuration in a stack file, by Pulumi's rules for YAML.

    Raises:
        FileNotFoundError: it does not exist.
        UnreadableStackFile: it cannot be read, or is not valid YAML.
    """
    import yaml

    from resources.config import stack_yaml  # PyYAML is not needed where no stack file is read

    try:
        document, unquoted = stack_yaml.load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UnreadableStackFile(" ".join(str(error).split())) from None
    config = document.get("config") if isinstance(document, Mapping) else None
    values = {qualified(key): value for key, value in config.items()} if isinstance(config, Mapping) else {}
    inside = [each for each in unquoted if len(each.path) > 1 and each.path[0] == "config"]
    return StackFile(values, [each._replace(path=(qualified(each.path[1]), *each.path[2:])) for each in inside])


def qualified(key: str) -> str:
    """A key of a stack file's configuration with its namespace: `endpoint` is `tf2-models:endpoint`."""
    return key if ":" in key else f"{NAMESPACE}:{key}"
