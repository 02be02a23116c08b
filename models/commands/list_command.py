"""`python -m models list`: recipes with their cards and builds, and imported artifacts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from artifact_format.manifest import MANIFEST
from command_line import FAILED, OK
from models.artifacts.cards import split
from models.artifacts.imported import carded, cards_of, content_of, imported_names, kept
from models.artifacts.input_digest import input_digest
from models.commands.common_options import add_command
from models.core.errors import ModelsError
from models.core.paths import facts_path, plain
from models.core.registry import complete, load_recipe, recipe_names

_DESCRIPTION = "Lists the recipes with their parameters, cards and local builds, then the imported artifacts."
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
            card = "card" if digest in with_card else "no card"
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
    builds = {path.parent.name: content_of(path) for path in (root / "build" / name).glob(f"[!.]*/{MANIFEST}")}
    facts = {digest: content_of(facts_path(root, name, digest)) for digest in {split(each)[0] for each in cards}}
    digests = sorted({*cards, *builds, current})
    states = (_state(digest, cards, builds, facts) + _CURRENT * (digest == current) for digest in digests)
    return [*lines, *(f"  {state}" for state in states)]


def _state(digest: str, cards: _Contents, builds: _Contents, facts: _Contents) -> str:
    """Whether there is a card and a local build, and the content of each if they differ.

    If the build is gone, the kept facts of it are shown: a preview with `allowRebuild` uses them.
    """
    built = builds.get(split(digest)[0])
    kept_content = facts.get(split(digest)[0])
    if digest not in cards:
        return f"{digest}  no card, {'not ' if built is None else ''}built here"
    content = cards[digest]
    if built and built != content:
        state = f"built here with different content ({built})"
    elif not built and kept_content:
        which = "this" if kept_content == content else "different"
        state = f"not built here now; .local/builds has the facts of a build with {which} content ({kept_content})"
    else:
        state = f"{'' if built else 'not '}built here"
    return f"{digest}  card (content {content or 'unreadable'}), {state}"
