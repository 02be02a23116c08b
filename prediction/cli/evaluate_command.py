"""The command `python -m prediction evaluate MODEL`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcp import errors

if TYPE_CHECKING:
    from prediction.evaluation.labelled_rows import Labelled
    from prediction.manifest import Manifest

OK, INTERRUPTED = 0, 130
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
    try:
        return _run(_options(arguments))
    except errors.Error as error:
        from prediction.cli.predict_command import tell

        return tell(error)
    except KeyboardInterrupt:
        return INTERRUPTED


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    from prediction.cli.batch_options import check_no_endpoint
    from prediction.cli.predict_command import add_places, check_places, parser_of
    from prediction.evaluation.assessment import TASKS, THRESHOLD

    parser = parser_of("python -m prediction evaluate", _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--data", required=True, metavar="FILE", help="labelled rows, .csv, .json or .jsonl")
    add("--label", metavar="FIELD", help="the label's field or column (default: label, target, the only other)")
    add("--signature", metavar="S", help="key of the signature (default: the only one, else serving_default)")
    add("--output", metavar="NAME", help="the output to compare (default: the only one)")
    add("--task", choices=TASKS, help="default: guessed from predictions and labels")
    add("--positive", metavar="LABEL", help="the label that a single probability refers to (default: 1, true)")
    add(
        "--threshold",
        type=_probability,
        default=THRESHOLD,
        metavar="P",
        help=f"predict 1 from this probability on ({THRESHOLD})",
    )
    add("--json", action="store_true", help="print one line of JSON")
    add("--local", action="store_true", help="predict on this machine, without an endpoint; MODEL may be a folder")
    add_places(parser)
    options = parser.parse_args(arguments)
    check_places(parser, options)
    check_no_endpoint(parser, options, ("project", "endpoint", "region"))
    return options


def _probability(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1; got {text!r}")
    return found


def _run(options: argparse.Namespace) -> int:
    from prediction.evaluation import assessment, labelled_predictions, report
    from prediction.output.prediction_values import Case

    asker = labelled_predictions.local(options) if options.local else labelled_predictions.remote(options)
    given = _labelled(options, asker.manifest)
    if given.field in asker.manifest.inputs(options.signature):
        print(
            f"note: the label {given.field} is an input of the model, which sees what it is to predict", file=sys.stderr
        )
    predictions = _outputs(asker.predict(given), options.output)
    cases = [Case(*row) for row in zip(given.instances, predictions, given.labels, strict=True)]
    try:
        found = assessment.assess(
            cases,
            asker.manifest.classes,
            task=options.task,
            positive=options.positive,
            threshold=options.threshold,
        )
    except errors.InvalidInput as error:
        raise _placed(error, given) from None
    about = {"model": options.model, "version": asker.version, "data": options.data}
    if options.json:
        print(report.as_json(about, found))
    else:
        label = f", label {given.field}" if given.field else ""
        report.show(f"{asker.head}\n{found.rows} rows of {options.data}{label}", found)
    return OK


def _labelled(options: argparse.Namespace, manifest: Manifest) -> Labelled:
    from prediction.evaluation import labelled_rows
    from prediction.instances.row_files import Source

    if not Path(options.data).is_file():
        raise errors.InvalidInput([("--data", f"{options.data} is not a file")])
    source = Source(options.data)
    if source.is_records:
        raise errors.InvalidInput([("--data", "TFRecords have no labels: give CSV or JSON")])
    source.check_signature(options.signature)
    return labelled_rows.read(source, manifest.inputs(options.signature), options.label)


def _outputs(predictions: Sequence[Any], output: str | None) -> list[Any]:
    """The value to compare in each prediction. Raises `InvalidInput` if that is ambiguous."""
    if not all(isinstance(each, dict) for each in predictions):
        return list(predictions)
    names = list(predictions[0])
    if output is None and len(names) > 1:
        raise errors.InvalidInput([("--output", f"name the output to compare: {', '.join(names)}")])
    name = names[0] if output is None else output
    if name not in names:
        raise errors.InvalidInput([("--output", f"unknown output {name}; the model has {', '.join(names)}")])
    return [each[name] for each in predictions]


def _placed(error: errors.InvalidInput, given: Labelled) -> errors.InvalidInput:
    """The same error, with the place in the file for the index of a label or a prediction."""
    from prediction.evaluation import labelled_rows

    failures = []
    for path, reason in error.failures:
        found = re.fullmatch(r"(label|prediction)s\[(\d+)\]", path)
        failures.append((f"{given.rows[int(found[2])].place}: {found[1]}" if found else path, reason))
    return labelled_rows.refusal(failures, given.rows[0].file, len(given.rows))
