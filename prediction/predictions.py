"""Predictions, and which version gave each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from typing_extensions import Self

from artifact_format import signatures


class Predictions(list[Any]):
    """One prediction per instance: a list.

    Attributes:
        versions: the name of the version that gave each prediction; None where the platform does not say, as `ml` v1.
    """

    def __init__(self, predictions: Iterable[Any] = (), versions: Sequence[str | None] = ()) -> None:
        super().__init__(predictions)
        self.versions = list(versions) or [None] * len(self)

    @classmethod
    def joined(cls, parts: Iterable[Predictions]) -> Self:
        """Several answers as one."""
        parts = list(parts)
        return cls(
            (prediction for part in parts for prediction in part), [name for part in parts for name in part.versions]
        )

    def by_name(self, outputs: Callable[[], Sequence[str]]) -> Predictions:
        """Each prediction as an object by output name: a bare value gets the name of the signature's only output.

        Args:
            outputs: returns the names of the signature's outputs; empty if they are not known: then bare values stay
                bare. Called only if there are bare values.
        """
        if all(map(signatures.is_named, self)):
            return self
        names = outputs()
        return Predictions((signatures.by_name(prediction, names) for prediction in self), self.versions)

    @property
    def counts(self) -> dict[str, int]:
        """Name of a version -> how many of the predictions it gave, by name; empty where the platform does not say."""
        known = sorted(name for name in self.versions if name is not None)
        return {name: known.count(name) for name in dict.fromkeys(known)}
