"""Prints an evaluation as tables, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from prediction.evaluation.assessment import Evaluation
from prediction.output.table import console, print_table

if TYPE_CHECKING:
    from rich.table import Table

MOST_CLASSES = 20
"""Largest confusion matrix that is shown as a table."""
_NAMES = {
    "accuracy": "accuracy",
    "auc": "AUC",
    "log_loss": "log loss",
    "precision": "precision",
    "recall": "recall",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R²",
}
_SHARES = {"accuracy", "precision", "recall"}


def format_metric(name: str, value: float | None) -> str:
    """The value of a metric as text; `-` if it is None."""
    if value is None:
        return "-"
    return f"{value:.1%}" if name in _SHARES else f"{value:.4g}" if abs(value) >= 1 else f"{value:.4f}"


def show(title: str, found: Evaluation) -> None:
    """Prints the metrics and, for a classification, the confusion matrix."""
    from rich.text import Text

    out = console()
    out.print(Text(title, style="bold"), soft_wrap=True)
    print_table(out, _metrics(found))
    for note in found.notes:
        out.print(Text(note), soft_wrap=True)
    if len(found.classes) > MOST_CLASSES:
        out.print(Text(f"the confusion matrix has {len(found.classes)} classes: see --json"), soft_wrap=True)
    elif found.classes:
        out.print()
        print_table(out, _confusion(found))


def _metrics(found: Evaluation) -> Table:
    table = _table(["metric", "value", ""])
    for name, value in found.metrics.items():
        table.add_row(_NAMES[name], format_metric(name, value), _remark(name, found))
    return table


def _remark(name: str, found: Evaluation) -> str:
    if name == "accuracy":
        right = sum(row[index] for index, row in enumerate(found.confusion))
        at = "" if found.threshold is None else f", threshold {found.threshold:g}"
        return f"{right} of {found.rows} right{at}"
    if name == "auc" and len(found.classes) > 2:
        return "mean of each class against the rest"
    return ""


def _confusion(found: Evaluation) -> Table:
    from rich.text import Text

    table = _table(["truth \\ predicted", *found.classes])
    for name, row in zip(found.classes, found.confusion, strict=True):
        table.add_row(Text(name), *(Text(str(count) if count else "·") for count in row))
    return table


def _table(headers: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, header in enumerate(headers):
        table.add_column(Text(header), justify="right" if index and header else "left")
    return table


def as_json(about: Mapping[str, Any], found: Evaluation) -> str:
    """The evaluation as one line of JSON, with the fields of `about` first."""
    document: dict[str, Any] = {**about, "task": found.task, "rows": found.rows, "metrics": found.metrics}
    if found.classes:
        document["confusion"] = {"classes": found.classes, "counts": found.confusion}
    if found.threshold is not None:
        document["threshold"] = found.threshold
    return json.dumps({**document, "notes": found.notes}, ensure_ascii=False)


def summary(found: Evaluation) -> str:
    """The metrics on one line: `accuracy 86.2% (431 of 500 right), AUC 0.9876`."""
    parts = []
    for name, value in found.metrics.items():
        remark = _remark(name, found) if name == "accuracy" else ""
        parts.append(f"{_NAMES[name]} {format_metric(name, value)}{f' ({remark})' if remark else ''}")
    return ", ".join(parts)
