"""Finds what has changed in a recipe since its nearest card, for a build without a card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from artifact_format.manifest import Artifact
from models.artifacts import manifests
from models.artifacts.cards import SEPARATOR, pin
from models.artifacts.imported import carded, cards_of
from models.artifacts.input_digest import Inputs, digest_of, read_inputs
from models.core.errors import ModelsError
from models.core.recipe import Recipe, Values

_LISTED = 5
"""Number of changes that a message lists."""


class Nearest(NamedTuple):
    """The card that differs least from the current recipe.

    Attributes:
        pin: its name in stack files.
        changes: the changes since then, as text: parameters, TensorFlow and Keras, data, sources.
    """

    pin: str
    changes: list[str]

    def __str__(self) -> str:
        """The first changes, and the number of others."""
        more = len(self.changes) - _LISTED
        return ", ".join(self.changes[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def nearest(name: str, recipe: Recipe, values: Values, root: Path) -> Nearest | None:
    """The card that differs least from a recipe with these parameters; None if no card can be read.

    Args:
        name: the recipe's name.
        recipe: the recipe.
        values: all of its parameters.
        root: the project's folder.

    Raises:
        ModelsError: a source, a checksum or a pinned version is missing.
    """
    current, found = _Current(name, recipe, values, root), []
    for path in cards_of(root, name):
        if SEPARATOR in path.stem or path.stem in carded(root, name):
            continue
        try:
            card = manifests.read(path)
        except ModelsError:  # use another card; the error is reported when this one is named
            continue
        found.append(Nearest(pin(name, path.stem), current.changes(card)))
    return min(found, key=lambda each: len(each.changes), default=None)


@dataclass(frozen=True)
class _Current:
    """The current recipe, with all of its parameters."""

    name: str
    recipe: Recipe
    values: Values
    root: Path

    def changes(self, card: Artifact) -> list[str]:
        """The differences from the build of a card, each once."""
        # The data depend on the parameters: with those of the card, a changed parameter is only reported once.
        comparable = set(card.parameters) == set(self.recipe.parameters)
        inputs = read_inputs(self.name, self.recipe, card.parameters if comparable else self.values, self.root)
        found = _recorded(Inputs(**card.build_inputs), inputs) if card.build_inputs else self._deduced(card, inputs)
        return [*_parameters(card.parameters, self.values), *found]

    def _deduced(self, card: Artifact, inputs: Inputs) -> Iterator[str]:
        """The changes since a card of an earlier release, which has no record of what its input digest covers."""
        pinned = [line for line in inputs.packages if line.startswith("tensorflow==")]
        same = any(line.startswith(f"tensorflow=={card.tensorflow}") for line in pinned)
        if not same:
            yield f"TensorFlow {card.tensorflow} -> {', '.join(line.removeprefix('tensorflow==') for line in pinned)}"
            others = [line for line in inputs.packages if line not in pinned]
            inputs = inputs._replace(packages=sorted([*others, f"tensorflow=={card.tensorflow}"]))
        if digest_of(self.name, card.parameters, inputs) != card.input_digest:
            yield "code or data" if inputs.data else "code"


def _parameters(before: Values, now: Values) -> Iterator[str]:
    for key in dict.fromkeys([*now, *before]):
        old, new = (values.get(key, "none") for values in (before, now))
        if old != new:
            yield f"{key} {old} -> {new}"


def _recorded(before: Inputs, now: Inputs) -> Iterator[str]:
    gone = [line for line in before.packages if line not in now.packages]
    new = [line for line in now.packages if line not in before.packages]
    if gone or new:
        yield f"{', '.join(gone) or 'none'} -> {', '.join(new) or 'none'}"
    yield from (f"data {name}" for name in _changed(before.data, now.data))
    yield from _changed(before.sources, now.sources)


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names whose checksum differs, or that only one side has, sorted."""
    return sorted({name for name, _ in before.items() ^ now.items()})
