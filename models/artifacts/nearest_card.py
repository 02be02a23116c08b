"""Says what has changed in a recipe since its nearest card, for a build that has no card yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from models.artifacts import artifact as manifests
from models.artifacts.artifact import Artifact
from models.artifacts.cards import BETWEEN, pin
from models.artifacts.imported import carded, cards_of
from models.artifacts.input_digest import Inputs, digest_of, read_inputs
from models.core.errors import ModelsError
from models.core.recipe import Recipe, Values

_LISTED = 5
"""How many changes a message lists."""


class Nearest(NamedTuple):
    """The card that differs least from the recipe as it is now.

    Attributes:
        pin: how a stack file names it.
        changes: what has changed since, one text each: parameters, TensorFlow and Keras, data, sources.
    """

    pin: str
    changes: list[str]

    def __str__(self) -> str:
        """The changes as a message lists them: the first ones, and how many more."""
        more = len(self.changes) - _LISTED
        return ", ".join(self.changes[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def nearest(name: str, recipe: Recipe, values: Values, root: Path) -> Nearest | None:
    """The card that differs least from a recipe with these parameters; None if it has no card that can be read.

    Args:
        name: the recipe's name.
        recipe: the recipe.
        values: all of its parameters.
        root: the project's folder.

    Raises:
        ModelsError: a source, a checksum or a pinned version is missing.
    """
    today, found = _Today(name, recipe, values, root), []
    for path in cards_of(root, name):
        if BETWEEN in path.stem or path.stem in carded(root, name):
            continue
        try:
            card = manifests.read(path)
        except ModelsError:  # another card may do; naming this one reports the error
            continue
        found.append(Nearest(pin(name, path.stem), today.changes(card)))
    return min(found, key=lambda each: len(each.changes), default=None)


@dataclass(frozen=True)
class _Today:
    """A recipe as it is now, with all of its parameters."""

    name: str
    recipe: Recipe
    values: Values
    root: Path

    def changes(self, card: Artifact) -> list[str]:
        """What differs from the build of a card, each once."""
        # The data depend on the parameters. The card's parameters are used, so that a change of one is reported once.
        comparable = set(card.parameters) == set(self.recipe.parameters)
        inputs = read_inputs(self.name, self.recipe, card.parameters if comparable else self.values, self.root)
        found = _recorded(Inputs(**card.inputs), inputs) if card.inputs else self._deduced(card, inputs)
        return [*_parameters(card.parameters, self.values), *found]

    def _deduced(self, card: Artifact, inputs: Inputs) -> Iterator[str]:
        """The changes since a card of an earlier release, which does not record what its input digest covers."""
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
    yield from (f"data {name}" for name in _unlike(before.data, now.data))
    yield from _unlike(before.sources, now.sources)


def _unlike(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names whose checksum differs, or that only one of both has, sorted."""
    return sorted({name for name, _ in before.items() ^ now.items()})
