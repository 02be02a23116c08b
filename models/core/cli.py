"""The command line: `python -m models build`, `import`, `push`, `list` and `where`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.core.build import Built, build
from models.core.content import MANIFEST
from models.core.digest import input_digest
from models.core.errors import ModelsError, UsageError
from models.core.import_cli import add_import, run_import
from models.core.imported import carded, imported_names, kept
from models.core.places import ROOT, build_folder, plain
from models.core.progress import Display, display
from models.core.registry import complete, load_recipe, parse, recipe_names
from models.core.stack import Order, stack_orders

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_EPILOG = """\
exit codes:
  0  done
  1  failed; one line on standard error says what to do
  2  wrong usage: an unknown recipe, parameter or option
"""
_EXAMPLES = """\
examples:
  python -m models list
  python -m models build                                     all recipes, with their defaults
  python -m models build fashion_mnist --set width=256
  python -m models build fashion_mnist --set data=full --set epochs=10
  python -m models build --stack local                       what the versions in Pulumi.local.yaml name

"""
_BUILD = """\
Trains the recipes and exports SavedModels to build/RECIPE/INPUT_DIGEST/. What is built already is not built again.
The first build of an input digest writes its card, models/cards/RECIPE/INPUT_DIGEST.json: commit it.
"""
_PUSH = """\
Puts builds into a bucket at gs://BUCKET/RECIPE/CONTENT_DIGEST/ (what was made elsewhere at
gs://BUCKET/saved_model/CONTENT_DIGEST/), where other machines and stacks find them: those whose own bucket it is, or
whose tf2-models:artifactSource names it. The bytes must be those of the card. Existing objects
are verified and not sent again; manifest.json comes last, so that nothing half-sent looks whole.
"""
_PUSHED = "RECIPE, RECIPE@INPUT_DIGEST, imported NAME or NAME@CONTENT_DIGEST, or a folder (default: all recipes)"
_PUSH_EXAMPLES = """\
examples:
  python -m models push fashion_mnist --to gs://my-models
  python -m models push fashion_mnist --set width=256 --to gs://my-models
  python -m models push --stack staging --to gs://my-models      what the versions in Pulumi.staging.yaml name
  python -m models push churn --to gs://my-models                what was imported under this name
  python -m models push ./exports/parity --to gs://my-models     a SavedModel made elsewhere
  python -m models push heart_disease --to gs://demo-tf2-models --endpoint http://127.0.0.1:8470

"""


def main(arguments: Sequence[str] | None = None, *, root: Path = ROOT) -> int:
    """Runs a command and gives its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "list":
            return _list(root)
        if options.command == "where":
            return _where(options, root)
        if options.command == "import":
            return _import(options, root)
        return _push(options, root) if options.command == "push" else _build(options, root)
    except ModelsError as error:
        sys.stderr.write(f"models: {plain(str(error), root)}\n")
        return USAGE if isinstance(error, UsageError) else FAILED
    except KeyboardInterrupt:
        sys.stderr.write("models: interrupted; nothing half-written is left\n")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m models",
        description="Builds the SavedModels that the stacks deploy.",
        epilog=_EXAMPLES + _EPILOG,
        formatter_class=shape,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    make = commands.add_parser(
        "build", help="train and export", description=_BUILD, epilog=_EXAMPLES + _EPILOG, formatter_class=shape
    )
    make.add_argument("names", nargs="*", metavar="NAME", help="a recipe (default: all recipes)")
    _add_settings(make)
    make.add_argument("--stack", metavar="STACK", help="build what Pulumi.STACK.yaml names, in place of NAMEs")
    add_import(commands, _EPILOG)
    _add_push(commands)
    commands.add_parser(
        "list",
        help="recipes, their parameters, cards and builds; what was imported",
        description="Shows the recipes, their parameters with defaults, their cards, and what is built here; then what "
        "was imported.",
        epilog=_EPILOG,
        formatter_class=shape,
    )
    _add_where(commands)
    return parser


def _add_where(commands: Any) -> None:
    place = commands.add_parser(
        "where",
        help="the folder of a version's SavedModel",
        description="Prints the folder on this machine that holds the SavedModel of a version of a stack file.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place.add_argument("model", metavar="MODEL", help="a model of the stack file")
    place.add_argument("--version", metavar="V", help="one of its versions (default: its default version)")
    place.add_argument("--stack", metavar="STACK", default="local", help="of Pulumi.STACK.yaml (default: local)")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a parameter of the recipes named; may be repeated",
    )


def _add_push(commands: Any) -> None:
    send = commands.add_parser(
        "push",
        help="put builds where others find them",
        description=_PUSH,
        epilog=_PUSH_EXAMPLES + _EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = send.add_argument
    add("names", nargs="*", metavar="NAME", help=_PUSHED)
    add("--to", required=True, metavar="gs://BUCKET", help="the bucket; it must be there")
    _add_settings(send)
    add("--stack", metavar="STACK", help="push what Pulumi.STACK.yaml names, in place of NAMEs, to its endpoint")
    add("--endpoint", metavar="URL", help="of Cloud Storage; global is Google's (default: TF2_MODELS_ENDPOINT, global)")


def _push(options: argparse.Namespace, root: Path) -> int:
    from models.core.push import push

    texts = _texts(options)
    with display() as shown:
        push(options, texts, root, shown)
    return OK


def _import(options: argparse.Namespace, root: Path) -> int:
    run_import(options, root)
    return OK


def _texts(options: argparse.Namespace) -> dict[str, str]:
    """The parameters that the command line says. Raises `UsageError`."""
    if options.stack and (options.names or options.settings):
        raise UsageError("--stack takes recipes and parameters from the stack file: leave out NAME and --set")
    return dict(_pair(setting) for setting in options.settings)


def _build(options: argparse.Namespace, root: Path) -> int:
    with display() as shown:
        for order in _orders(options, root, shown):
            _report(build(order.recipe, order.parameters, root, shown), root, shown)
    return OK


def _orders(options: argparse.Namespace, root: Path, shown: Display) -> list[Order]:
    """What to build. All of it is checked before the first training starts."""
    texts = _texts(options)
    if not options.stack:
        names = dict.fromkeys(options.names or recipe_names(root))
        return [Order(name, parse(name, load_recipe(name, root), texts)) for name in names]
    orders, notes = stack_orders(options.stack, root)
    for note in notes:
        shown.line(note)
    return orders


def _pair(setting: str) -> tuple[str, str]:
    key, equals, value = setting.partition("=")
    if not key or not equals:
        raise UsageError(f"--set {setting}: this is no KEY=VALUE")
    return key, value


def _report(built: Built, root: Path, shown: Display) -> None:
    facts = built.artifact
    folder = build_folder(root, str(facts.recipe), str(facts.input_digest)).relative_to(root)
    metrics = ", ".join(f"{name} {value}" for name, value in built.card.metrics.items())
    shown.line(
        f"{facts.recipe}: {'built' if built.trained else 'is built'}: {folder} "
        f"(content {facts.content_digest}; {metrics})"
    )
    if built.card_written:
        shown.line(f"  its card is new; commit models/cards/{facts.recipe}/{facts.input_digest}.json")
    elif built.card.content_digest != facts.content_digest:
        shown.line(
            f"  its card has content {built.card.content_digest}, from a machine whose floating point differs; "
            f"a stack takes this build only with allowRebuild: true"
        )


def _where(options: argparse.Namespace, root: Path) -> int:
    from models.core.where import folder_of

    print(folder_of(options.model, options.version, options.stack, root))
    return OK


def _list(root: Path) -> int:
    for name in recipe_names(root):
        recipe = load_recipe(name, root)
        print(f"{name}: {recipe.summary}")
        for key, parameter in recipe.parameters.items():
            choices = f" ({', '.join(map(str, parameter.choices))})" if parameter.choices else ""
            print(f"  --set {key}={parameter.default}  {parameter.help}{choices}")
        today = input_digest(name, recipe, complete(name, recipe, {}), root)
        cards = {path.stem for path in (root / "models" / "cards" / name).glob("*.json")}
        builds = {path.parent.name for path in (root / "build" / name).glob(f"[!.]*/{MANIFEST}")}
        for digest in sorted(cards | builds | {today}):
            print(f"  {_state(digest, today, cards, builds)}")
    for name in imported_names(root):
        print(f"{name}: imported")
        cards, here = {*carded(root, name)}, {*kept(root, name)}
        for digest in sorted(cards | here):
            print(
                f"  {digest}  {'card' if digest in cards else 'no card'}, {'' if digest in here else 'not '}kept here"
            )
    return OK


def _state(digest: str, today: str, cards: set[str], builds: set[str]) -> str:
    card = "card" if digest in cards else "no card"
    built = "built here" if digest in builds else "not built here"
    return f"{digest}  {card}, {built}{'  <- the defaults, as the code is now' if digest == today else ''}"
