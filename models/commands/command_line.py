"""The command line: `python -m models build`, `import`, `push`, `list` and `where`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.artifacts.cards import split
from models.artifacts.imported import carded, cards_of, content_of, imported_names, kept
from models.artifacts.input_digest import input_digest
from models.builder.progress import display
from models.commands.build_command import BUILD_EXAMPLES, add_build, add_settings, run_build, settings_of
from models.commands.import_command import add_import, run_import
from models.core.errors import ModelsError, UsageError
from models.core.paths import ROOT, facts_path, plain
from models.core.registry import complete, load_recipe, recipe_names
from models.saved_model.folder_content import MANIFEST

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_EPILOG = """\
exit codes:
  0  done
  1  failed; one line on standard error says what to do
  2  wrong usage: an unknown recipe, parameter or option
"""
_PUSH = """\
Puts builds into a bucket at gs://BUCKET/RECIPE/CONTENT_DIGEST/ (what was made elsewhere at
gs://BUCKET/saved_model/CONTENT_DIGEST/), where other machines and stacks find them: those whose own bucket it is, or
whose tf2-models:artifactSource names it. The bytes must be those of the card. Existing objects
are verified and not sent again; manifest.json comes last, so that nothing half-sent looks whole.
"""
_PUSHED = "RECIPE, RECIPE@DIGEST, imported NAME or NAME@CONTENT_DIGEST, or a folder (default: all recipes)"
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
        epilog=BUILD_EXAMPLES + _EPILOG,
        formatter_class=shape,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_build(commands, _EPILOG)
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
    add_settings(send)
    add("--stack", metavar="STACK", help="push what Pulumi.STACK.yaml names, in place of NAMEs, to its endpoint")
    add("--endpoint", metavar="URL", help="of Cloud Storage; global is Google's (default: TF2_MODELS_ENDPOINT, global)")


def _push(options: argparse.Namespace, root: Path) -> int:
    from models.commands.push_command import push

    texts = settings_of(options)
    with display() as shown:
        push(options, texts, root, shown)
    return OK


def _import(options: argparse.Namespace, root: Path) -> int:
    run_import(options, root)
    return OK


def _build(options: argparse.Namespace, root: Path) -> int:
    run_build(options, root)
    return OK


def _where(options: argparse.Namespace, root: Path) -> int:
    from models.commands.where_command import folder_of

    print(folder_of(options.model, options.version, options.stack, root))
    return OK


def _list(root: Path) -> int:
    broken = []
    for name in recipe_names(root):
        try:
            lines = _recipe_lines(name, root)
        except ModelsError as error:
            broken.append(plain(f"{name}: {error}", root))
            lines = [f"{name}: broken, see below"]
        print("\n".join(lines))
    for name in imported_names(root):
        print(f"{name}: imported")
        known, here = {*carded(root, name)}, {*kept(root, name)}
        for digest in sorted(known | here):
            print(
                f"  {digest}  {'card' if digest in known else 'no card'}, {'' if digest in here else 'not '}kept here"
            )
    for reason in broken:
        sys.stderr.write(f"models: {reason}\n")
    return FAILED if broken else OK


def _recipe_lines(name: str, root: Path) -> list[str]:
    """What `list` shows of a recipe. Raises `ModelsError`."""
    recipe = load_recipe(name, root)
    lines = [f"{name}: {recipe.summary}"]
    for key, parameter in recipe.parameters.items():
        choices = f" ({', '.join(map(str, parameter.choices))})" if parameter.choices else ""
        lines.append(f"  --set {key}={parameter.default}  {parameter.help}{choices}")
    today = input_digest(name, recipe, complete(name, recipe, {}), root)
    cards = {card.stem: content_of(card) for card in cards_of(root, name)}
    builds = {path.parent.name: content_of(path) for path in (root / "build" / name).glob(f"[!.]*/{MANIFEST}")}
    facts = {digest: content_of(facts_path(root, name, digest)) for digest in {split(each)[0] for each in cards}}
    digests = sorted({*cards, *builds, today})
    return [*lines, *(f"  {_state(digest, cards, builds, facts)}{_TODAY * (digest == today)}" for digest in digests)]


_TODAY = "  <- the defaults with the current code"


_Contents = Mapping[str, str | None]


def _state(digest: str, cards: _Contents, builds: _Contents, facts: _Contents) -> str:
    """Whether there is a card, first or second, and a build here; and the content of each, where both differ.

    Without the build, the facts that were kept of it: a preview with `allowRebuild` goes by them.
    """
    here = builds.get(split(digest)[0])
    kept = facts.get(split(digest)[0])
    if digest not in cards:
        return f"{digest}  no card, {'not ' if here is None else ''}built here"
    content = cards[digest]
    if here and here != content:
        built = f"built here with other content ({here})"
    elif not here and kept:
        whose = "this" if kept == content else "other"
        built = f"not built here now; .local/builds has the facts of a build with {whose} content ({kept})"
    else:
        built = f"{'' if here else 'not '}built here"
    return f"{digest}  card (content {content or 'unreadable'}), {built}"
