"""Finds the secret texts of a configuration in the stack file, since Pulumi only says which keys contain one.

`pulumi config set --secret --path 'tf2-models:models.m.description' TEXT` replaces the text by `{secure: CIPHERTEXT}`.
A program gets the key's decrypted value, and learns only that it contains a secret somewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resources.config import stack_file
from resources.schema.secrets import Secret

_MISSING = object()


class _OtherValue(Exception):
    """The file does not match the configuration."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a configuration comes from.

    Attributes:
        keys: the keys that contain a secret, with their namespace.
        file: the stack file.
    """

    keys: frozenset[str] = frozenset()
    file: Path = field(default_factory=Path)

    @classmethod
    def of(cls, stack: str, keys: Iterable[str]) -> Source:
        """The source of a stack's configuration, if the program runs in the project's folder."""
        return cls(keys=frozenset(keys), file=Path(f"Pulumi.{stack}.yaml"))

    def marked(self, key: str, value: Any) -> tuple[Any, str]:
        """The value of a key with its secret texts as `Secret`, and an error (empty if there is none).

        The file is used only if it matches the configuration: with `--config-file` it may be another file.
        """
        if key not in self.keys:
            return value, ""
        try:
            return _marked(self._written(key), value), ""
        except _OtherValue:
            reason = f"contains a secret, but {self.file.name} in this folder does not show where: set it there"
            return None, f"{reason} (without --config-file), with `pulumi config set --secret --path`"

    def _written(self, key: str) -> Any:
        try:
            return stack_file.read(self.file).config.get(key, _MISSING)
        except (FileNotFoundError, stack_file.UnreadableStackFile):
            raise _OtherValue from None


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
