"""Preconditions: `ifGenerationMatch` and related parameters, and `If-Match` and `If-None-Match` of a read."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gcp import errors

_HEADERS = frozenset({"if-match", "if-none-match"})
_PARAMETERS = frozenset(
    {"ifGenerationMatch", "ifGenerationNotMatch", "ifMetagenerationMatch", "ifMetagenerationNotMatch"}
)
_TEXT = "At least one of the pre-conditions you specified did not hold."


@dataclass(frozen=True, slots=True, kw_only=True)
class Preconditions:
    """What must hold of the numbers of a bucket or an object. One that does not exist has generation 0.

    Attributes:
        generation, metageneration: the number must be this.
        not_generation, not_metageneration: the number must not be this.
    """

    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any], prefix: str = "if") -> Preconditions:
        """Returns the conditions among a method's parameters; `prefix` is `ifSource` for the source of a copy."""
        return cls(
            generation=params.get(f"{prefix}GenerationMatch"),
            not_generation=params.get(f"{prefix}GenerationNotMatch"),
            metageneration=params.get(f"{prefix}MetagenerationMatch"),
            not_metageneration=params.get(f"{prefix}MetagenerationNotMatch"),
        )

    def matches(self, generation: int, metageneration: int) -> bool:
        """Whether the positive conditions hold."""
        return self.generation in {None, generation} and self.metageneration in {None, metageneration}

    def unmodified(self, generation: int, metageneration: int) -> bool:
        """Whether a negative condition fails: on a read, the caller already has the current state (304)."""
        return generation == self.not_generation or metageneration == self.not_metageneration

    def require(self, row: sqlite3.Row | None) -> None:
        """Checks the conditions of a write against the row of a bucket or an object; None if it does not exist.

        Raises:
            errors.PreconditionFailed: a condition does not hold.
        """
        generation, metageneration = (0, 0) if row is None else (row["generation"], row["metageneration"])
        if not self.matches(generation, metageneration) or self.unmodified(generation, metageneration):
            raise errors.PreconditionFailed(_TEXT)


NO_CONDITIONS = Preconditions()


def is_known(params: Mapping[str, Any], headers: Mapping[str, str], row: sqlite3.Row, etag: str) -> bool:
    """Whether the caller of a read already has the current state, by a condition of the request: 304.

    Args:
        params: of the request, `if...` among them.
        headers: of the request: `If-Match` and `If-None-Match` are tags, with or without quotes, or `*`.
        row: of the bucket or the object.
        etag: its tag.

    Raises:
        errors.PreconditionFailed: a positive condition does not hold.
    """
    if _HEADERS.isdisjoint(headers) and _PARAMETERS.isdisjoint(params):
        return False
    conditions, state = Preconditions.of(params), (row["generation"], row["metageneration"])
    wanted, known = (_tags(headers.get(name)) for name in ("if-match", "if-none-match"))
    if not conditions.matches(*state) or (wanted and wanted.isdisjoint({etag, "*"})):
        raise errors.PreconditionFailed(_TEXT)
    return conditions.unmodified(*state) or not known.isdisjoint({etag, "*"})


def _tags(header: str | None) -> set[str]:
    parts = (part.strip().removeprefix("W/").strip('"') for part in (header or "").split(","))
    return {part for part in parts if part}
