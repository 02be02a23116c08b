"""The command `python -m prediction MODEL`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from command_line import OK, pluralize, whole_number
from prediction.cli import common_options
from prediction.output.picture_kinds import KINDS

if TYPE_CHECKING:
    from prediction.cli.predict_request import PredictRequest
    from prediction.evaluation.cases import Case
    from prediction.instances.instance_files import GivenInstances
    from prediction.predictions import Predictions
    from prediction.targets.target import Target

_DESCRIPTION = """\
Sends instances to a deployed model and shows the predictions. Without --instances it sends samples that were deployed
with the model, and shows their true labels beside the predictions.
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
  python -m prediction hd_prediction --instances patients.csv    columns have the names of the inputs
  python -m prediction batch --help                              whole files, as a job
  python -m prediction evaluate --help                           accuracy of a model on labelled rows

exit codes: 0 done, 1 failed, 2 wrong usage
"""


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    return common_options.run(lambda: _run(_options(arguments)))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = common_options.command_parser("python -m prediction", _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--instances", metavar="FILE", help="what to predict, JSON or .csv; - is standard input (default: samples)")
    add("--count", type=whole_number(1), metavar="N", help="number of samples, without --instances (default: 1)")
    add("--json", action="store_true", help="print the predictions as one line of JSON")
    add("--plot", type=_picture, metavar="FILE.png", help="draw a picture, see --kind")
    add("--kind", choices=KINDS, help="what the picture shows (default: probabilities); the others need labels")
    common_options.add_target_options(parser)
    options = common_options.parse(parser, arguments)
    if options.kind and not options.plot:
        parser.error("--kind is an option of --plot FILE.png: give both")
    if options.instances and options.count:
        parser.error("--count is the number of samples: leave it out with --instances")
    return options


def _picture(text: str) -> Path:
    if Path(text).suffix.lower() not in ("", ".png"):
        raise argparse.ArgumentTypeError(f"must be a .png file; got {text!r}")
    return Path(text)


def _run(options: argparse.Namespace) -> int:
    given = _given(options.instances, options.signature)
    target = common_options.target_of(options)
    request = _request(options, target, given)
    found = len(request.given.instances)
    if options.count and options.count > found:
        print(f"--count {options.count}: the artifact has only {pluralize(found, 'sample')}", file=sys.stderr)
    _show(options, target, request, _predictions(request, target))
    return OK


def _predictions(request: PredictRequest, target: Target) -> Predictions:
    """The predictions. A failed prediction also names a likely mistake in the file of instances."""
    from prediction.errors import PredictionFailed

    try:
        return request.send(target)
    except PredictionFailed as error:
        if not request.given.hint:
            raise
        raise PredictionFailed(f"{error}. {request.given.hint}") from None


def _given(path: str | None, signature: str | None) -> GivenInstances | None:
    from prediction.instances import instance_files

    given = instance_files.read(path) if path else None
    return replace(given, signature_name=signature) if given and signature else given


def _request(options: argparse.Namespace, target: Target, given: GivenInstances | None) -> PredictRequest:
    from prediction.cli import predict_request

    model, version = options.model, options.version
    if given is None:
        return predict_request.of_samples(target, model, version, options.count or 1, options.signature)
    if options.json and not options.plot and not given.csv_rows:  # a table, a picture and CSV need the manifest
        return predict_request.of_given_lazily(target, model, version, given)
    return predict_request.of_given(target, model, version, given)


def _show(options: argparse.Namespace, target: Target, request: PredictRequest, predictions: Predictions) -> None:
    from prediction.deployed import describe_answers, describe_version
    from prediction.output import plot, table

    version = describe_answers(predictions.counts) or describe_version(request.version, options.version)
    title = f"{options.model}, {version}, on {target.url}"
    cases, classes = request.cases(predictions), request.manifest.classes
    noun = "instance" if options.instances else "sample"
    output = request.manifest.output(request.given.signature_name)
    if options.json:
        print(json.dumps({"predictions": predictions, **_versions(predictions)}, ensure_ascii=False))
    elif options.plot and len(cases) > plot.MOST_CASES:
        print(title)
        print(_summary(cases, classes, noun))
    else:
        table.show(title, cases, classes=classes, output=output, noun=noun)
    if options.plot:
        kind = options.kind or KINDS[0]
        drawn = plot.write(options.plot, cases, classes, title, kind=kind, output=output)
        if not options.json:
            print(f"{options.plot} shows {_plot_content(drawn, len(cases), noun, kind)}")


def _versions(predictions: Predictions) -> dict[str, Any]:
    return {"versions": predictions.versions} if predictions.counts else {}


def _plot_content(drawn: int, count: int, noun: str, kind: str) -> str:
    if kind == "mistakes":
        return f"{pluralize(drawn, 'mistake')} in {pluralize(count, noun)}"
    return f"{f'the first {drawn} of ' if drawn < count else ''}{pluralize(count, noun)}"


def _summary(cases: Sequence[Case], classes: Sequence[str], noun: str) -> str:
    """One line about many predictions, instead of one line for each."""
    from prediction.evaluation import assessment
    from prediction.output import evaluation_report

    count = pluralize(len(cases), noun)
    labelled = [case for case in cases if case.label is not None]
    if not labelled:
        return f"{count} without labels; --json prints each prediction"
    found = assessment.assess_if_comparable(labelled, classes)
    if found is None:
        return f"{count}; predictions and labels cannot be compared; --json prints each prediction"
    return f"{count}: {evaluation_report.summary(found)}"
