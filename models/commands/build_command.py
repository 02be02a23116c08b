"""`python -m models build`: its options and output."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from command_line import OK
from models.artifacts.cards import pin
from models.builder.build import Built, build
from models.builder.progress import Display, display
from models.commands.common_options import LOCAL, add_command, add_parameters, parameters_of
from models.commands.stack_file import Order, order_of, order_of_artifact, stack_config, stack_orders
from models.core.errors import ModelsError, UsageError
from models.core.paths import build_folder, card_path
from models.core.registry import load_recipe, parse, recipe_names

ALLOW_REBUILD = "tf2-models:allowRebuild"

BUILD_EXAMPLES = """\
examples:
  python -m models list
  python -m models build                                     all recipes, with their defaults
  python -m models build fashion_mnist --set width=256
  python -m models build fashion_mnist --set data=full --set epochs=10
  python -m models build --stack local                       what the versions in Pulumi.local.yaml use
  python -m models build heart_disease --recard              a second card, for a build on another processor

"""
_DESCRIPTION = """\
Trains the recipes and exports SavedModels to build/RECIPE/INPUT_DIGEST/. Existing builds are reused.
The first build of an input digest writes its card, models/cards/RECIPE/INPUT_DIGEST.json: commit it.

Floating point differs between processors, so a build on another processor may not have the bytes of the card; building
again does not help. --recard writes a second card for such a build,
models/cards/RECIPE/INPUT_DIGEST-CONTENT_DIGEST.json. Stack files name it RECIPE@INPUT_DIGEST-CONTENT_DIGEST; RECIPE and
RECIPE@INPUT_DIGEST still mean the first card.
"""


def add_build(commands: Any) -> None:
    """Adds the command to those of `python -m models`."""
    parser = add_command(
        commands, "build", _run, summary="train and export", description=_DESCRIPTION, examples=BUILD_EXAMPLES
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="a recipe, or RECIPE@INPUT_DIGEST (default: all recipes)")
    add_parameters(parser)
    add("--stack", metavar="STACK", help="build what Pulumi.STACK.yaml names, instead of NAMEs")
    add("--recard", action="store_true", help="write a second card if a build differs from its card")


def _run(options: argparse.Namespace, root: Path) -> int:
    with display() as shown:
        for order in _orders(options, root, shown):
            built = build(order, root, shown, recard=options.recard)
            _report(built, root, shown, allowed=_allows_rebuild(options.stack or LOCAL, root))
    return OK


def _orders(options: argparse.Namespace, root: Path, shown: Display) -> list[Order]:
    """The builds to make. All of them are checked before the first training starts."""
    texts = parameters_of(options)
    if options.stack:
        orders, notes = stack_orders(options.stack, root)
    else:
        found = [_order(name, texts, root) for name in dict.fromkeys(options.names or recipe_names(root))]
        orders = [each for each in found if isinstance(each, Order)]
        notes = [each for each in found if isinstance(each, str)]
    for note in notes:
        shown.line(note)
    return orders


def _order(name: str, texts: dict[str, str], root: Path) -> Order | str:
    if "@" not in name:
        return order_of(name, parse(name, load_recipe(name, root), texts), root)
    if texts:
        raise UsageError(f"--set: the card of {name} fixes its parameters; leave out --set")
    return order_of_artifact(name, None, root)


def _allows_rebuild(stack: str, root: Path) -> bool:
    """Whether a stack uses this machine's builds instead of their cards; False if its file cannot be read."""
    try:
        return stack_config(stack, root).get(ALLOW_REBUILD) in (True, "true")
    except ModelsError:
        return False


def _report(built: Built, root: Path, shown: Display, *, allowed: bool) -> None:
    facts = built.artifact
    folder = build_folder(root, str(facts.recipe), str(facts.input_digest)).relative_to(root)
    metrics = ", ".join(f"{name} {value}" for name, value in built.card.metrics.items())
    shown.line(
        f"{facts.recipe}: {'built' if built.trained else 'already built'}: {folder} "
        f"(content {facts.content_digest}; {metrics})"
    )
    for card in built.completed_cards:
        shown.line(f"  its card now lists the operations of the graph; commit {card.relative_to(root)}")
    for line in _card_lines(built, root, allowed=allowed):
        shown.line(f"  {line}")


def _card_lines(built: Built, root: Path, *, allowed: bool) -> list[str]:
    """Lines about a build's card: that it is new, or that it is from another processor, and what to do.

    Args:
        built: the build.
        root: the project's folder.
        allowed: whether the stack already deploys this build.
    """
    recipe, digest = str(built.artifact.recipe), str(built.artifact.input_digest)
    first, content = pin(recipe, digest), built.artifact.content_digest
    if built.card_written:
        return [f"its card is new; commit {card_path(root, recipe, digest).relative_to(root)}"]
    if built.card.content_digest == content:
        return []
    differs = f"the card of {first} has content {built.card.content_digest}, built on another processor"
    if built.second_card:
        card = built.second_card.relative_to(root)
        is_new = f"is new; commit {card}" if built.second_card_written else f"is {card}"
        entry = f"to use it in a stack file: artifact: {pin(recipe, digest, content)}"
        return [differs, f"its second card {is_new}", entry]
    push = f"python -m models push {first} --to gs://BUCKET, on the machine with that build"
    source = f"to deploy the card's build: set tf2-models:artifactSource to a bucket that has it ({push})"
    recard = f"write a second card (python -m models build {first} --recard)"
    if allowed:
        return [differs, f"{ALLOW_REBUILD} deploys this build on the local stack; elsewhere, {recard}", source]
    return [differs, source, f"to deploy this build: set {ALLOW_REBUILD} on a local stack, or {recard}"]
