"""The command line: `python -m prediction MODEL`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcp import errors
from prediction.output import wording
from prediction.output.picture_kinds import KINDS

if TYPE_CHECKING:
    from gcp.api import Api
    from prediction.cli.command_instances import Question
    from prediction.instances.deployed_samples import Deployed
    from prediction.instances.instance_files import Given
    from prediction.output.prediction_values import Case
    from prediction.settings import Target

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_DESCRIPTION = """\
Asks a deployed model for predictions. Without --instances it sends sample instances that came with the very artifact
that is deployed, and shows what is true of them beside the predictions.
"""
_EXAMPLES = """\
examples:
  python -m prediction fashion_mnist                             a sample of the default version, local stack
  python -m prediction fashion_mnist --version v2 --count 9 --plot clothes.png
  python -m prediction fashion_mnist --instances labelled.json --plot mistakes.png --kind mistakes
  python -m prediction hd_prediction --instances patients.json   a JSON list, {"instances": [...]}, or JSON lines
  python -m prediction hd_prediction --instances patients.json --signature explain
  jq .rows data.json | python -m prediction my_model --instances - --json
  python -m prediction fashion_mnist --stack prod
  python -m prediction my_model --project my-project --region us-central1
  python -m prediction hd_prediction --instances patients.csv     columns by the names of the inputs
  python -m prediction batch --help                              whole files, as a job
  python -m prediction evaluate --help                           how good a model is, on labelled rows

exit codes: 0 done, 1 failed, 2 wrong usage
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code. First words `batch` and `evaluate` are commands."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["batch"]:
        from prediction.cli.batch_command import main as batch

        return batch(words[1:])
    if words[:1] == ["evaluate"]:
        from prediction.cli.evaluate_command import main as evaluate

        return evaluate(words[1:])
    options = _options(words)
    try:
        return _run(options)
    except errors.Error as error:
        return tell(error)
    except KeyboardInterrupt:
        return INTERRUPTED


def parser_of(command: str, description: str, examples: str) -> argparse.ArgumentParser:
    """A command's parser, which asks for the model and its version."""
    parser = argparse.ArgumentParser(
        prog=command,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="name of the model")
    parser.add_argument("--version", metavar="V", help="name of the version (default: the model's default version)")
    return parser


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = parser_of("python -m prediction", _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--instances", metavar="FILE", help="what to predict, JSON or .csv; - is standard input (default: samples)")
    add("--signature", metavar="S", help="key of the signature (default: the only one, else serving_default)")
    add("--count", type=_count, metavar="N", help="how many samples, where no --instances are given (default: 1)")
    add("--json", action="store_true", help="print the answer as it came: one line of JSON")
    add("--plot", type=_picture, metavar="FILE.png", help="draw a picture, see --kind")
    add("--kind", choices=KINDS, help="what the picture shows (default: probabilities); the rest needs labels")
    add_places(parser)
    options = parser.parse_args(arguments)
    check_places(parser, options)
    if options.kind and not options.plot:
        parser.error("--kind says what --plot FILE.png shows: give both")
    if options.instances and options.count:
        parser.error("--count counts samples: leave it out with --instances")
    return options


def tell(error: errors.Error) -> int:
    """Says on standard error what failed and what to do; returns the exit code."""
    from prediction.cli import error_hints

    for line in error_hints.line(error).splitlines():
        print(f"error: {line}", file=sys.stderr)
    return USAGE if isinstance(error, errors.InvalidInput) else FAILED


def add_places(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say where to predict; see `settings.target`."""
    where = parser.add_argument_group("where")
    where.add_argument("--stack", help="take project, region and endpoint from Pulumi.STACK.yaml in this folder")
    where.add_argument("--project", metavar="P", help="read no stack file; with --endpoint, or Google's own endpoint")
    where.add_argument("--endpoint", metavar="URL", help="global, regional or a URL; before TF2_MODELS_ENDPOINT")
    where.add_argument("--region", metavar="R", help="of Google's regional endpoint")


def check_places(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Ends with a usage error where the options of `add_places` do not go together."""
    if options.stack and options.project:
        parser.error("--stack takes the project from its file: leave out --project")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, 1 or more; it is {text!r}")
    return int(text)


def _picture(text: str) -> Path:
    if Path(text).suffix.lower() not in ("", ".png"):
        raise argparse.ArgumentTypeError(f"is written as a PNG: name it .png, not {text!r}")
    return Path(text)


def _run(options: argparse.Namespace) -> int:
    from gcp import api as _api
    from prediction import settings

    where = {name: getattr(options, name) for name in ("stack", "project", "endpoint", "region")}
    given = _given(options.instances, options.signature)
    target = settings.target(**where)
    api = _api.shared(target.settings)
    asked = _question(options, api, target.project, given)
    found = len(asked.given.instances)
    if options.count and options.count > found:
        text = f"the artifact has {wording.counted(found, 'sample')}, fewer than the {options.count} of --count"
        print(text, file=sys.stderr)
    _show(options, target, asked, _ask(asked, api))
    return OK


def _ask(asked: Question, api: Api) -> list[Any]:
    """The predictions; an error also says what may be wrong with the file."""
    try:
        return asked.ask(api)
    except errors.PredictionFailed as error:
        if not asked.given.hint:
            raise
        raise errors.PredictionFailed(f"{error}. {asked.given.hint}") from None


def _given(source: str | None, signature: str | None) -> Given | None:
    from prediction.instances import instance_files

    given = instance_files.read(source) if source else None
    return replace(given, signature_name=signature) if given and signature else given


def _question(options: argparse.Namespace, api: Api, project: str, given: Given | None) -> Question:
    from prediction import online
    from prediction.cli import command_instances

    which = (project, options.model, options.version)
    if given is None:
        return command_instances.about_samples(api, *which, options.count or 1, options.signature)
    if options.json and not options.plot and not given.cells:  # shows no names: nothing to look up
        return command_instances.Question(name=online.resource_name(*which), given=given)
    return command_instances.about_given(api, *which, given)


def _show(options: argparse.Namespace, target: Target, asked: Question, predictions: list[Any]) -> None:
    from prediction.output import plot, table

    head = f"{options.model}, {version_text(asked.version, options.version)}, on {target.settings.url}"
    cases, classes = asked.cases(predictions), asked.manifest.classes
    counted = "instance" if options.instances else "sample"
    output = asked.manifest.output(asked.given.signature_name)
    if options.json:
        print(json.dumps({"predictions": predictions}, ensure_ascii=False))
    elif options.plot and len(cases) > plot.MOST:
        print(head)
        print(_summary(cases, classes, counted))
    else:
        table.show(head, cases, classes=classes, output=output, counted=counted)
    if options.plot:
        kind = options.kind or KINDS[0]
        drawn = plot.write(options.plot, cases, classes, head, kind=kind, output=output)
        if not options.json:
            print(f"{options.plot} shows {_shown(drawn, len(cases), counted, kind)}")


def _shown(drawn: int, count: int, counted: str, kind: str) -> str:
    if kind == "mistakes":
        return f"{wording.counted(drawn, 'mistake')} in {wording.counted(count, counted)}"
    return f"{f'the first {drawn} of ' if drawn < count else ''}{wording.counted(count, counted)}"


def _summary(cases: Sequence[Case], classes: Sequence[str], counted: str) -> str:
    """One line about many predictions, instead of one line for each."""
    from prediction.evaluation import assessment, report

    many = wording.counted(len(cases), counted)
    labelled = [case for case in cases if case.label is not None]
    if not labelled:
        return f"{many} without labels; --json prints each prediction"
    found = assessment.assess_if_comparable(labelled, classes)
    if found is None:
        return f"{many}; predictions and labels cannot be compared; --json prints each prediction"
    return f"{many}: {report.summary(found)}"


def version_text(found: Deployed | None, version: str | None) -> str:
    """The version that answers.

    Args:
        found: the version, if these credentials may read it.
        version: its name, as it was asked for.
    """
    if found is None:
        return f"version {version}" if version else "default version"
    name = found.name.rpartition("/")[2]
    return f"version {name} (default)" if found.is_default else f"version {name}"
