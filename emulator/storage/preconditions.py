"""`ifGenerationMatch` and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resources import errors

_TEXT = "At least one of the pre-conditions you specified did not hold."


@dataclass(frozen=True, slots=True, kw_only=True)
class Preconditions:
    """What must hold of a bucket's or an object's numbers. A thing that does not exist has generation 0.

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
        """The conditions among a method's parameters; `prefix` is `ifSource` for the source of a copy."""
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
        """Whether a negative condition fails: on a read, the caller already has what is there (304)."""
        return generation == self.not_generation or metageneration == self.not_metageneration

    def require(self, generation: int, metageneration: int) -> None:
        """Lets a write pass.

        Raises:
            errors.PreconditionFailed: a condition does not hold.
        """
        if not self.matches(generation, metageneration) or self.unmodified(generation, metageneration):
            raise errors.PreconditionFailed(_TEXT)

    def require_match(self, generation: int, metageneration: int) -> None:
        """Lets a read pass as far as the positive conditions go.

        Raises:
            errors.PreconditionFailed: one does not hold.
        """
        if not self.matches(generation, metageneration):
            raise errors.PreconditionFailed(_TEXT)
