"""Metrics without a library. Tests compare them with scikit-learn."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

_EPSILON = sys.float_info.epsilon
"""Replaces 0 in the logarithm, as in scikit-learn, so that one certain but wrong prediction keeps the loss finite."""


def accuracy(truth: Sequence[int], predicted: Sequence[int]) -> float:
    """The share of right predictions."""
    return sum(map(int.__eq__, truth, predicted)) / len(truth)


def confusion(truth: Sequence[int], predicted: Sequence[int], classes: int) -> list[list[int]]:
    """Counts of rows, by true class (row) and predicted class (column)."""
    counts = [[0] * classes for _ in range(classes)]
    for true, found in zip(truth, predicted, strict=True):
        counts[true][found] += 1
    return counts


def auc(truth: Sequence[bool | int], scores: Sequence[float]) -> float | None:
    """The area under the ROC curve; None if all rows have the same truth.

    It is the probability that a positive row has a higher score than a negative one; equal scores count half.

    Args:
        truth: whether each row is positive.
        scores: a higher score means that positive is more probable.
    """
    positive = sum(map(bool, truth))
    negative = len(truth) - positive
    if not positive or not negative:
        return None
    pairs = sorted(zip(scores, truth, strict=True))
    ranks, start = 0.0, 0
    while start < len(pairs):
        end = start
        found = 0
        while end < len(pairs) and pairs[end][0] == pairs[start][0]:
            found += bool(pairs[end][1])
            end += 1
        ranks += found * (start + 1 + end) / 2  # the mean rank of equal scores, counted from 1
        start = end
    return (ranks - positive * (positive + 1) / 2) / (positive * negative)


def log_loss(probabilities: Sequence[float]) -> float:
    """The mean negative logarithm of the probabilities of the true classes."""
    return -math.fsum(math.log(min(max(each, _EPSILON), 1.0)) for each in probabilities) / len(probabilities)


def mean_absolute_error(truth: Sequence[float], predicted: Sequence[float]) -> float:
    """The mean absolute error, MAE."""
    return math.fsum(abs(a - b) for a, b in zip(truth, predicted, strict=True)) / len(truth)


def root_mean_squared_error(truth: Sequence[float], predicted: Sequence[float]) -> float:
    """The root mean squared error, RMSE."""
    return math.sqrt(math.fsum((a - b) ** 2 for a, b in zip(truth, predicted, strict=True)) / len(truth))


def r_squared(truth: Sequence[float], predicted: Sequence[float]) -> float | None:
    """The share of the variance that is predicted, R²; None if the truth does not vary."""
    mean = math.fsum(truth) / len(truth)
    variance = math.fsum((each - mean) ** 2 for each in truth)
    errors = math.fsum((a - b) ** 2 for a, b in zip(truth, predicted, strict=True))
    return 1 - errors / variance if variance else None
