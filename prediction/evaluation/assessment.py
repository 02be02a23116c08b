"""Computes the metrics that apply to predictions and labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gcp import errors
from prediction.evaluation import metrics
from prediction.evaluation.cases import Case, class_name, text
from prediction.instances.csv_table import parse_number

CLASSIFICATION, REGRESSION = "classification", "regression"
TASKS = (CLASSIFICATION, REGRESSION)
THRESHOLD = 0.5
_WORDS = {"true": 1, "false": 0}


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The metrics of predictions.

    Attributes:
        task: `classification` or `regression`.
        rows: number of rows.
        metrics: by name; None if a metric does not apply to these rows.
        classes: names of the classes; empty for a regression.
        confusion: number of rows by true class (row) and predicted class (column).
        threshold: the probability from which the second class is predicted; None for several probabilities.
        notes: reasons why a metric does not apply.
    """

    task: str
    rows: int
    metrics: dict[str, float | None]
    classes: list[str] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)
    threshold: float | None = None
    notes: list[str] = field(default_factory=list)


def assess(
    cases: Sequence[Case],
    classes: Sequence[str] = (),
    *,
    task: str | None = None,
    positive: Any = None,
    threshold: float = THRESHOLD,
) -> Evaluation:
    """The metrics of labelled predictions.

    A list of values is a score per class. A single probability, with labels of two values, is that of the second class.
    Any other number is the value that a regression predicts.

    Args:
        cases: with labels.
        classes: names of the classes; empty if they are not known.
        task: `classification` or `regression`. Default: inferred from predictions and labels.
        positive: the label of the second class. Default: 1, true, or the second of `classes`.
        threshold: the probability from which the second class is predicted.

    Raises:
        InvalidInput: predictions and labels cannot be compared. It names each wrong one.
    """
    _each([case.value for case in cases], "prediction", _finite)
    sizes = {_size(case.value) for case in cases}
    size = sizes.pop() if len(sizes) == 1 else None
    if size is None:
        raise _wrong("predictions", "must all be numbers, or lists of the same length")
    if size > 1 and positive is not None:
        raise _wrong("--positive", f"is only for models that return one probability; this model returns {size} values")
    if size > 1:
        return _by_class(cases, classes, size)
    truth = None if task == REGRESSION else _binary(cases, classes, positive)
    probable = all(case.probability is not None for case in cases)
    if truth and probable:
        return _binary_evaluation(cases, truth, classes, positive, threshold)
    if task == CLASSIFICATION or positive is not None:
        needs = "have labels 0 and 1, or --positive LABEL" if probable else "be probabilities"
        raise _wrong("predictions", f"of a single number must {needs} to be a classification")
    return _regression(cases)


def assess_if_comparable(cases: Sequence[Case], classes: Sequence[str] = ()) -> Evaluation | None:
    """Like `assess`, but returns None if predictions and labels cannot be compared."""
    try:
        return assess(cases, classes)
    except errors.InvalidInput:
        return None


def _by_class(cases: Sequence[Case], classes: Sequence[str], size: int) -> Evaluation:
    names = [class_name(index, classes) for index in range(size)]
    truth: list[int] = _each([case.label for case in cases], "label", lambda label: _class(label, classes, size))
    scores = [case.value for case in cases]
    predicted = [row.index(max(row)) for row in scores]
    found: dict[str, float | None] = {"accuracy": metrics.accuracy(truth, predicted)}
    notes: list[str] = []
    if all(case.probabilities for case in cases):
        found["auc"], missing = _auc_by_class(truth, scores, names)
        found["log_loss"] = metrics.log_loss([row[true] for row, true in zip(scores, truth, strict=True)])
        notes += missing
    else:
        notes.append("no AUC and no log loss: the scores are not probabilities")
    return Evaluation(
        task=CLASSIFICATION,
        rows=len(cases),
        metrics=found,
        classes=names,
        confusion=metrics.confusion(truth, predicted, size),
        notes=notes,
    )


def _auc_by_class(
    truth: Sequence[int], scores: Sequence[Sequence[float]], names: Sequence[str]
) -> tuple[float | None, list[str]]:
    """The AUC of the second of two classes; with more classes, the mean of each class against the rest."""
    wanted = [1] if len(names) == 2 else range(len(names))
    areas = {
        names[index]: metrics.auc([true == index for true in truth], [row[index] for row in scores]) for index in wanted
    }
    found = [area for area in areas.values() if area is not None]
    missing = [name for name, area in areas.items() if area is None]
    note = [f"AUC leaves out {', '.join(missing)}: no row, or every row, has that class"] if missing else []
    return (math.fsum(found) / len(found) if found else None), note


def _binary_evaluation(
    cases: Sequence[Case], truth: Sequence[int], classes: Sequence[str], positive: Any, threshold: float
) -> Evaluation:
    scores = [float(case.probability or 0.0) for case in cases]
    predicted = [int(score >= threshold) for score in scores]
    counts = metrics.confusion(truth, predicted, 2)
    hits = counts[1][1]
    area = metrics.auc(truth, scores)
    return Evaluation(
        task=CLASSIFICATION,
        rows=len(cases),
        metrics={
            "accuracy": metrics.accuracy(truth, predicted),
            "auc": area,
            "log_loss": metrics.log_loss([s if true else 1 - s for s, true in zip(scores, truth, strict=True)]),
            "precision": hits / (hits + counts[0][1]) if hits + counts[0][1] else None,
            "recall": hits / (hits + counts[1][0]) if hits + counts[1][0] else None,
        },
        classes=_binary_names(classes, positive),
        confusion=counts,
        threshold=threshold,
        notes=[] if area is not None else ["no AUC: all rows have the same class"],
    )


def _binary_names(classes: Sequence[str], positive: Any) -> list[str]:
    if positive is not None:
        return [f"not {text_of(positive)}", text_of(positive)]
    return [class_name(index, classes if len(classes) == 2 else ()) for index in (0, 1)]


def _regression(cases: Sequence[Case]) -> Evaluation:
    truth: list[float] = _each([case.label for case in cases], "label", _number)
    predicted: list[float] = _each([case.value for case in cases], "prediction", _number)
    return Evaluation(
        task=REGRESSION,
        rows=len(cases),
        metrics={
            "mae": metrics.mean_absolute_error(truth, predicted),
            "rmse": metrics.root_mean_squared_error(truth, predicted),
            "r2": metrics.r_squared(truth, predicted),
        },
    )


def _size(value: Any) -> int | None:
    """The number of numbers in a prediction; None if it has other values."""
    values = value if isinstance(value, list) else [value]
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in values)
    return len(values) if values and numbers else None


def _binary(cases: Sequence[Case], classes: Sequence[str], positive: Any) -> list[int] | None:
    """For each row, 1 if it is of the second class, else 0; None if the labels are not those of two classes."""
    labels = [normal(case.label) for case in cases]
    if positive is not None:
        if len(set(map(text_of, labels))) > 2:
            raise _wrong("--positive", "needs labels with two values; there are more")
        return [int(text_of(label) == text_of(normal(positive))) for label in labels]
    if len(classes) == 2 and all(label in classes for label in labels):
        return [list(classes).index(label) for label in labels]
    found = [_WORDS.get(label.lower()) if isinstance(label, str) else label for label in labels]
    return [int(label == 1) for label in found] if all(label in (0, 1) for label in found) else None


def _each(values: Iterable[Any], what: str, read: Callable[[Any], Any]) -> list[Any]:
    """The result of `read` for each value. Raises `InvalidInput` with all values that it rejects, as `labels[7]`."""
    found, failures = [], []
    for index, value in enumerate(values):
        try:
            found.append(read(value))
        except ValueError as error:  # noqa: PERF203 - every wrong value is reported
            failures.append((f"{what}s[{index}]", str(error)))
    if failures:
        raise errors.InvalidInput(failures)
    return found


def _finite(value: Any) -> None:
    """Raises `ValueError` for a prediction with NaN or an infinity, which cannot be compared."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(each, float) and not math.isfinite(each) for each in values):
        raise ValueError(f"must be finite; got {errors.plain(text_of(value), 80)}")


def _class(label: Any, classes: Sequence[str], size: int) -> int:
    if isinstance(label, str) and label in classes:
        return list(classes).index(label)
    number = normal(label)
    if isinstance(number, int) and 0 <= number < size:
        return number
    known = ", ".join(classes) or f"0 to {size - 1}"
    raise ValueError(f"must be one of {known}; got {text_of(label)}")


def _number(value: Any) -> float:
    found = normal(value)
    if not isinstance(found, (int, float)) or not math.isfinite(found):
        raise ValueError(f"must be a number, or the name of a class; got {text_of(value)}")
    return float(found)


def normal(label: Any) -> Any:
    """A label in its simplest form: `[1]`, `true`, `"1"` and `1.0` are all 1."""
    if isinstance(label, list) and len(label) == 1:
        return normal(label[0])
    value = parse_number(label) if isinstance(label, str) else label
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return value


def text_of(label: Any) -> str:
    """A label as text, for messages."""
    return label if isinstance(label, str) else text(label)


def _wrong(where: str, reason: str) -> errors.InvalidInput:
    return errors.InvalidInput([(where, reason)])
