"""Reads predictions: probabilities of classes, a single probability, or another value."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from artifact_format.signatures import is_named

_ROUNDING = 0.01
"""How far the sum of all probabilities may be from 1: a model may compute in 16 bits."""


@dataclass(frozen=True)
class Case:
    """An instance with its prediction and true label, or None if that is not known."""

    instance: Any
    prediction: Any
    label: Any = None

    @property
    def value(self) -> Any:
        """The prediction without the name of a single output."""
        if is_named(self.prediction) and len(self.prediction) == 1:
            return next(iter(self.prediction.values()))
        return self.prediction

    @property
    def probabilities(self) -> list[float] | None:
        """The probability of each class; None if the prediction is something else."""
        value = self.value
        if not isinstance(value, list) or len(value) < 2 or not all(map(_is_probability, value)):
            return None
        return value if abs(sum(value) - 1) <= _ROUNDING else None

    @property
    def probability(self) -> float | None:
        """The prediction as a single probability; None if it is something else."""
        value = self.value
        value = value[0] if isinstance(value, list) and len(value) == 1 else value
        return float(value) if _is_probability(value) else None

    @property
    def best(self) -> int:
        """The index of the most probable class."""
        values = self.probabilities or [0.0]
        return values.index(max(values))

    def is_right(self, classes: Sequence[str]) -> bool | None:
        """Whether the most probable class is the true one; None without a label."""
        return None if self.label is None else class_name(self.label, classes) == class_name(self.best, classes)


def class_name(label: Any, classes: Sequence[str]) -> str:
    """The name of a class, or its number if the names are not known."""
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    if isinstance(label, int) and 0 <= label < len(classes):
        return classes[label]
    return label if isinstance(label, str) else text(label)


def text(value: Any) -> str:
    """A value as JSON on one line, with sorted names, because endpoints return them in any order."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _is_probability(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= 1
