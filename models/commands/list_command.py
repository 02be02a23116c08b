"""`python -m models list`: recipes with their cards and builds, and imported artifacts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from artifact_format.manifest import MANIFEST, facts_in
from command_line import FAILED, OK
from models.artifacts.cards import split
from models.artifacts.imported import carded, cards_of, content_of, imported_names, kept
from models.artifacts.input_digest import input_digest
from models.commands.common_options import add_command
from models.core.errors import ModelsError
from models.core.paths import card_path, facts_path, plain
from models.core.registry import complete, load_recipe, recipe_names

_DESCRIPTION = """\
Lists the recipes with their parameters, cards and local builds, then the imported artifacts. Of each card it shows the
TensorFlow that exported the artifact.
"""
_CURRENT = "  <- the defaults with the current code"

_Contents = Mapping[str, str | None]
"""Content digest, or None if it cannot be read, by input digest."""


def add_list(commands: Any) -> None:
    """Adds the command to those of `python -m models`."""
    summary = "recipes, their parameters, cards and builds; imported artifacts"
    add_command(commands, "list", _run, summary=summary, description=_DESCRIPTION)


def _run(_options: argparse.Namespace, root: Path) -> int:
    """Prints the list. A recipe that cannot be read is reported at the end."""
    failures = []
    for name in recipe_names(root):
        try:
            lines = _recipe_lines(name, root)
        except ModelsError as error:
            failures.append(plain(f"{name}: {error}", root))
            lines = [f"{name}: broken, see below"]
        print("\n".join(lines))
    for line in _imported_lines(root):
        print(line)
    for failure in failures:
        sys.stderr.write(f"models: {failure}\n")
    return FAILED if failures else OK


def _imported_lines(root: Path) -> Iterator[str]:
    for name in imported_names(root):
        yield f"{name}: imported"
        with_card, here = {*carded(root, name)}, {*kept(root, name)}
        for digest in sorted(with_card | here):
            card = _card(_exporter(card_path(root, name, digest))) if digest in with_card else "no card"
            yield f"  {digest}  {card}, {'' if digest in here else 'not '}kept here"


def _recipe_lines(name: str, root: Path) -> list[str]:
    """The lines about a recipe. Raises `ModelsError`."""
    recipe = load_recipe(name, root)
    lines = [f"{name}: {recipe.summary}"]
    for key, parameter in recipe.parameters.items():
        choices = f" ({', '.join(map(str, parameter.choices))})" if parameter.choices else ""
        lines.append(f"  --set {key}={parameter.default}  {parameter.help}{choices}")
    current = input_digest(name, recipe, complete(name, recipe, {}), root)
    cards = {card.stem: content_of(card) for card in cards_of(root, name)}
    exporters = {card.stem: _exporter(card) for card in cards_of(root, name)}
    builds = {path.parent.name: content_of(path) for path in (root / "build" / name).glob(f"[!.]*/{MANIFEST}")}
    facts = {digest: content_of(facts_path(root, name, digest)) for digest in {split(each)[0] for each in cards}}
    digests = sorted({*cards, *builds, current})
    for digest in digests:
        card = _card(f"content {cards[digest] or 'unreadable'}", exporters[digest]) if digest in cards else "no card"
        lines.append(f"  {digest}  {card}, {_state(digest, cards, builds, facts)}{_CURRENT * (digest == current)}")
    return lines


def _card(*facts: str) -> str:
    """`card (FACT, FACT)`, without the unknown facts, which are empty."""
    known = ", ".join(filter(None, facts))
    return f"card ({known})" if known else "card"


def _exporter(card: Path) -> str:
    """The TensorFlow that exported the artifact of a card, as `TensorFlow 2.21.0`; empty if it is not known."""
    found = facts_in(card).get("tensorflow")
    return f"TensorFlow {found}" if found and isinstance(found, str) else ""


def _state(digest: str, cards: _Contents, builds: _Contents, facts: _Contents) -> str:
    """Whether there is a local build, and its content if that is not the card's.

    If the build is gone, the kept facts of it are shown: a preview with `allowRebuild` uses them.
    """
    built = builds.get(split(digest)[0])
    kept_content = facts.get(split(digest)[0])
    if digest not in cards:
        return f"{'not ' if built is None else ''}built here"
    content = cards[digest]
    if built and built != content:
        return f"built here with different content ({built})"
    if not built and kept_content:
        which = "this" if kept_content == content else "different"
        return f"not built here now; .local/builds has the facts of a build with {which} content ({kept_content})"
    return f"{'' if built else 'not '}built here"
