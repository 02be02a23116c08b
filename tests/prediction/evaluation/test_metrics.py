"""Metrics match published values and their definitions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcp import errors
from prediction.evaluation import metrics
from prediction.evaluation.assessment import Evaluation, assess
from prediction.evaluation.cases import Case

# The examples of scikit-learn's documentation of each function, with its results.
TRUTH, SCORES = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]


def test_area_under_the_curve() -> None:
    """`roc_auc_score`."""
    assert metrics.auc(TRUTH, SCORES) == 0.75


def test_log_loss() -> None:
    """`log_loss` of spam, ham, ham, spam; a certain but wrong prediction has a finite loss."""
    assert metrics.log_loss([0.9, 0.9, 0.8, 0.65]) == pytest.approx(0.21616, abs=5e-6)
    assert metrics.log_loss([0.0]) == pytest.approx(36.04365338911715)


def test_confusion() -> None:
    """`confusion_matrix` has a row per true class."""
    assert metrics.confusion([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2], 3) == [[2, 0, 0], [0, 0, 1], [1, 0, 2]]


def test_errors_of_a_regression() -> None:
    """`mean_absolute_error`, `root_mean_squared_error`, `r2_score`."""
    truth, predicted = [3, -0.5, 2, 7], [2.5, 0.0, 2, 8]

    assert metrics.mean_absolute_error(truth, predicted) == 0.5
    assert metrics.root_mean_squared_error(truth, predicted) == pytest.approx(0.612, abs=5e-4)
    assert metrics.r_squared(truth, predicted) == pytest.approx(0.948, abs=1e-3)
    assert metrics.r_squared([1, 1], [1, 2]) is None


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=1, max_size=30))
def test_equal_scores_count_half(rows: list[tuple[bool, float]]) -> None:
    """By definition, the area is the share of pairs in the right order."""
    positive = [score for true, score in rows if true]
    negative = [score for true, score in rows if not true]
    pairs = [(high > low) + (high == low) / 2 for high in positive for low in negative]

    found = metrics.auc([true for true, _ in rows], [score for _, score in rows])

    assert found == (pytest.approx(math.fsum(pairs) / len(pairs)) if pairs else None)


def _cases(predictions: list[object], labels: list[object]) -> list[Case]:
    return [Case(None, {"y": prediction}, label) for prediction, label in zip(predictions, labels, strict=True)]


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([0, 0, 1, 1], "numbers"),
        ([False, False, True, True], "booleans"),
        (["0", "0", "1.0", "1"], "text of CSV"),
        (["no", "no", "yes", "yes"], "names of the classes"),
        ([[0], [0], [1], [1]], "as a model's output has them"),
    ],
)
def test_one_probability_is_that_of_the_second_class(labels: list[object], reason: str) -> None:
    """Labels may have any form."""
    found = assess(_cases([[score] for score in SCORES], labels), ["no", "yes"])

    assert found.task == "classification", reason
    assert found.metrics["auc"] == 0.75
    assert found.metrics["accuracy"] == 0.75
    assert found.metrics["log_loss"] == pytest.approx(-math.log(0.9 * 0.6 * 0.35 * 0.8) / 4)
    assert (found.metrics["precision"], found.metrics["recall"]) == (1.0, 0.5)
    assert (found.classes, found.confusion) == (["no", "yes"], [[2, 0], [1, 1]])


def test_positive_label_and_threshold() -> None:
    """`--positive` selects the label that the probability refers to."""
    found = assess(_cases(list(SCORES), ["stays", "stays", "left", "left"]), positive="left", threshold=0.35)

    assert found.confusion == [[1, 1], [0, 2]]
    assert found.classes == ["not left", "left"]
    assert found.threshold == 0.35


def test_probabilities_of_classes() -> None:
    """The AUC is the mean of each class against the rest; a class without rows is left out and named."""
    scores: list[object] = [[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.4, 0.6, 0.0], [0.6, 0.3, 0.1]]
    found = assess(_cases(scores, ["a", "b", "b", 0]), ["a", "b", "c"])

    assert found.metrics["accuracy"] == 0.75
    assert found.metrics["auc"] == 1.0
    assert found.metrics["log_loss"] == pytest.approx(-math.log(0.7 * 0.4 * 0.6 * 0.6) / 4)
    assert found.confusion == [[2, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert found.notes == ["AUC leaves out c: no row, or every row, has that class"]


def test_scores_that_are_not_probabilities() -> None:
    """The largest score is the class; metrics that need probabilities are left out with a reason."""
    found = assess(_cases([[2.0, -1.0], [0.5, 3.0]], [0, 0]))

    assert found.metrics == {"accuracy": 0.5}
    assert found.notes == ["no AUC and no log loss: the scores are not probabilities"]


@pytest.mark.parametrize(
    ("predictions", "labels", "task"),
    [([1.5, 200.0], [1.0, 198.0], None), ([0.2, 0.4], [0.25, 0.5], None), ([0.0, 1.0], [0, 1], "regression")],
)
def test_other_numbers_are_a_regression(predictions: list[object], labels: list[object], task: str | None) -> None:
    """Numbers from 0 to 1 are a regression if labels are not 0 or 1, or with `--task regression`."""
    found: Evaluation = assess(_cases(predictions, labels), task=task)

    assert found.task == "regression"
    assert set(found.metrics) == {"mae", "rmse", "r2"}


@pytest.mark.parametrize(
    ("predictions", "labels", "options", "says"),
    [
        ([[0.5, 0.5]], [2], {}, r"labels\[0\]: must be one of 0 to 1; got 2"),
        ([[0.5, 0.5]], [None], {}, r"labels\[0\]: must be one of"),
        ([1.5, 2.5], [1, "x"], {}, r"labels\[1\]: must be a number"),
        ([0.5], [7], {"task": "classification"}, "labels 0 and 1"),
        ([3.5], [1], {"task": "classification"}, "probabilities"),
        ([0.5, 0.5, 0.5], ["a", "b", "c"], {"positive": "a"}, "two values"),
        ([[0.5, 0.5]], [1], {"positive": "1"}, "one probability"),
        (["x"], [1], {}, "numbers, or lists of the same length"),
        ([[0.5, 0.5], [1.0]], [1, 1], {}, "numbers, or lists of the same length"),
    ],
)
def test_incomparable_predictions(
    predictions: list[object], labels: list[object], options: dict[str, str], says: str
) -> None:
    """The error names the row."""
    with pytest.raises(errors.InvalidInput, match=says):
        assess(_cases(predictions, labels), **options)  # type: ignore[arg-type]  # of the table
