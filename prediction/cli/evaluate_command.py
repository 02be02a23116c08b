"""The command `python -m prediction evaluate MODEL`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from command_line import OK
from gcp import errors
from prediction.cli import common_options

if TYPE_CHECKING:
    from artifact_format.manifest import Manifest
    from prediction.evaluation.labelled_rows import LabelledRows
    from prediction.predictions import Predictions

_DESCRIPTION = """\
Compares a deployed model's predictions with labelled rows: accuracy, AUC, log loss and the confusion matrix of a
classification; MAE, RMSE and R² of a regression. With --local it predicts on this machine, as `batch` does.
"""
_EXAMPLES = """\
examples:
  python -m prediction evaluate hd_prediction --data heart.csv                column target is the label
  python -m prediction evaluate fashion_mnist --data labelled.json --version v2
  python -m prediction evaluate hd_prediction --data heart.csv --threshold 0.3 --json
  python -m prediction evaluate churn --data churn.csv --label left --positive yes
  python -m prediction evaluate ./exports/parity --data rows.jsonl --local

The data is CSV with the names of the inputs in its first line, or JSON: objects with the inputs and the label, one per
line or in a list; {"instance": INSTANCE, "label": LABEL} likewise; or {"instances": [...], "labels": [...]}. The label
is the field that --label names: by default `label`, else `target`, else the only one that is not an input.

exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted
"""


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    return common_options.run(lambda: _run(_options(arguments)))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    from prediction.evaluation.assessment import TASKS, THRESHOLD

    parser = common_options.command_parser("python -m prediction evaluate", _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--data", required=True, metavar="FILE", help="labelled rows, .csv, .json or .jsonl")
    add("--label", metavar="FIELD", help="field or column of the label (default: label, target, or the only one left)")
    add("--output", metavar="NAME", help="the output to compare (default: the only one)")
    add("--task", choices=TASKS, help="default: inferred from predictions and labels")
    add("--positive", metavar="LABEL", help="the label that a single probability refers to (default: 1, true)")
    add(
        "--threshold",
        type=_probability,
        default=THRESHOLD,
        metavar="P",
        help=f"predict 1 if the probability is at least P (default: {THRESHOLD})",
    )
    add("--json", action="store_true", help="print one line of JSON")
    common_options.add_local_option(parser)
    common_options.add_target_options(parser)
    options = common_options.parse(parser, arguments)
    common_options.reject_with_local(parser, options, ("project", "endpoint", "region"))
    return options


def _probability(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1; got {text!r}")
    return number


def _run(options: argparse.Namespace) -> int:
    from prediction.cli import labelled_predictor
    from prediction.evaluation import assessment
    from prediction.evaluation.cases import Case
    from prediction.output import evaluation_report

    predictor = labelled_predictor.local(options) if options.local else labelled_predictor.remote(options)
    manifest = predictor.manifest
    labelled = _labelled(options, manifest)
    if labelled.field in manifest.inputs(options.signature):
        print(f"note: the label {labelled.field} is also an input of the model", file=sys.stderr)
    answered = predictor.predict(labelled)
    predictions = _outputs(answered, options.output)
    cases = [Case(*row) for row in zip(labelled.instances, predictions, labelled.labels, strict=True)]
    try:
        found = assessment.assess(
            cases, manifest.classes, task=options.task, positive=options.positive, threshold=options.threshold
        )
    except errors.InvalidInput as error:
        raise _with_places(error, labelled) from None
    if options.json:
        about = {"model": options.model, **_versions(answered, predictor.version), "data": options.data}
        print(evaluation_report.as_json(about, found))
    else:
        label = f", label {labelled.field}" if labelled.field else ""
        evaluation_report.show(f"{predictor.title(answered)}\n{found.rows} rows of {options.data}{label}", found)
    return OK


def _versions(answered: Predictions, declared: str | None) -> dict[str, Any]:
    """The version that predicted, or the number of rows of each if there were several.

    Args:
        answered: the predictions.
        declared: the version where the platform does not say which one predicted.
    """
    counts = answered.counts
    if len(counts) > 1:
        return {"version": None, "versions": counts}
    return {"version": next(iter(counts), declared)}


def _labelled(options: argparse.Namespace, manifest: Manifest) -> LabelledRows:
    from prediction.evaluation import labelled_rows
    from prediction.instances.row_files import RowFile

    if not Path(options.data).is_file():
        raise errors.InvalidInput([("--data", f"{options.data} is not a file")])
    file = RowFile(options.data)
    if file.is_records:
        raise errors.InvalidInput([("--data", "must be CSV or JSON: TFRecords have no labels")])
    file.check_signature(options.signature)
    return labelled_rows.read(file, manifest.inputs(options.signature), options.label)


def _outputs(predictions: Sequence[Any], output: str | None) -> list[Any]:
    """The value of each prediction to compare. Raises `InvalidInput` if it is ambiguous."""
    if not all(isinstance(each, dict) for each in predictions):
        return list(predictions)
    names = list(predictions[0])
    if output is None and len(names) > 1:
        raise errors.InvalidInput([("--output", f"name the output to compare: {', '.join(names)}")])
    name = names[0] if output is None else output
    if name not in names:
        raise errors.InvalidInput([("--output", f"unknown output {name}; the model has {', '.join(names)}")])
    return [each[name] for each in predictions]


def _with_places(error: errors.InvalidInput, labelled: LabelledRows) -> errors.InvalidInput:
    """The same error with places in the file instead of indices of labels and predictions."""
    from prediction.evaluation import labelled_rows

    failures = []
    for path, reason in error.failures:
        found = re.fullmatch(r"(label|prediction)s\[(\d+)\]", path)
        failures.append((f"{labelled.rows[int(found[2])].place}: {found[1]}" if found else path, reason))
    return labelled_rows.rows_error(failures, labelled.rows[0].file, len(labelled.rows))
