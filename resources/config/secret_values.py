"""Which texts of a configuration are secret: told by the stack's file, where Pulumi tells no more than the key.

`pulumi config set --secret --path 'tf2-models:models.m.description' TEXT` writes `{secure: CIPHERTEXT}` in the place of
the text. A program is handed the key's value decrypted, and that there is a secret in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resources.schema.secrets import Secret

NAMESPACE = "tf2-models"
"""The project's name: Pulumi puts it before the keys of a stack file that have no namespace."""
_MISSING = object()


def qualified(key: str) -> str:
    """A key of a stack file's configuration with its namespace: `endpoint` is `tf2-models:endpoint`."""
    return key if ":" in key else f"{NAMESPACE}:{key}"


def configuration(document: Any) -> dict[str, Any]:
    """The configuration in the document of a stack file, its keys with their namespace; empty if there is none.

    Where a key is there in both forms, the last one counts, as in Pulumi.
    """
    config = document.get("config") if isinstance(document, Mapping) else None
    if not isinstance(config, Mapping):
        return {}
    return {qualified(key): value for key, value in config.items()}


class _OtherValue(Exception):
    """The file says something else than the configuration."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a configuration comes from.

    Attributes:
        keys: those that hold a secret, with their namespace.
        file: the stack's file.
    """

    keys: frozenset[str] = frozenset()
    file: Path = field(default_factory=Path)

    @classmethod
    def of(cls, stack: str, keys: Iterable[str]) -> Source:
        """The source of a stack's configuration, where the program runs in the project's folder."""
        return cls(keys=frozenset(keys), file=Path(f"Pulumi.{stack}.yaml"))

    def marked(self, key: str, value: Any) -> tuple[Any, str]:
        """The value of a key with its secret texts as `Secret`; and why that cannot be had, empty where it can.

        The file counts only where it holds the very configuration: with `--config-file` it may be another's.
        """
        if key not in self.keys:
            return value, ""
        try:
            return _marked(self._written(key), value), ""
        except _OtherValue:
            reason = f"holds a secret, and {self.file.name} in this folder does not say where: set it there"
            return None, f"{reason} (without --config-file), with `pulumi config set --secret --path`"

    def _written(self, key: str) -> Any:
        import yaml

        from resources.config import stack_yaml

        try:
            document = stack_yaml.load(self.file.read_text(encoding="utf-8")).value
        except (OSError, ValueError, yaml.YAMLError):
            raise _OtherValue from None
        return configuration(document).get(key, _MISSING)


def _marked(written: Any, value: Any) -> Any:
    """The value, with `Secret` where the file has ciphertext."""
    if _is_ciphertext(written) and isinstance(value, str):
        return Secret(value)
    if isinstance(written, Mapping) and isinstance(value, Mapping) and len(written) == len(value):
        return {key: _marked(written.get(key, _MISSING), item) for key, item in value.items()}
    if isinstance(written, list) and isinstance(value, list) and len(written) == len(value):
        return [_marked(*pair) for pair in zip(written, value, strict=True)]
    if json.dumps(written, default=str) != json.dumps(value):
        raise _OtherValue
    return value


def _is_ciphertext(written: Any) -> bool:
    return isinstance(written, Mapping) and list(written) == ["secure"] and isinstance(written["secure"], str)
