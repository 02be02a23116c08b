"""Predictions compared: the one that a sample expects, and the one that a version gave. Pure.

Predictions are compared by output name. Either side may be bare: the value of a signature with one output stands under
that output's name. Where the name is not known, the only value of a named prediction is compared with the bare one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from resources import _signatures
from resources._values import join

TOLERANCE = 1e-3
Difference = tuple[str, Any, Any]
"""Path below the prediction, `softmax[2]`; the expected value; the one that was found."""


def differences(expected: Any, got: Any, outputs: Sequence[str], tolerance: float) -> Iterator[Difference]:
    """Where two predictions differ: another class, a number beyond the tolerance, another shape or text.

    Args:
        expected: as the sample has it, bare or by output name.
        got: as the version answered, bare or by output name.
        outputs: the names of the signature's outputs; empty where they are not known.
        tolerance: of numbers with a point, relative or absolute.
    """
    if outputs:
        expected, got = (_signatures.by_name(side, outputs) for side in (expected, got))
    else:
        expected, got = _alike(expected, got), _alike(got, expected)
    yield from _differences(expected, got, tolerance)


def _alike(prediction: Any, other: Any) -> Any:
    """A bare prediction under the only name that the other has; any other as it is."""
    if _signatures.is_named(other) and len(other) == 1 and not _signatures.is_named(prediction):
        return dict.fromkeys(other, prediction)
    return prediction


def _differences(expected: Any, got: Any, tolerance: float, path: str = "") -> Iterator[Difference]:
    if isinstance(expected, Mapping) and isinstance(got, Mapping) and set(expected) == set(got):
        for key in expected:
            yield from _differences(expected[key], got[key], tolerance, join(path, key))
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        if _is_vector(expected) and _is_vector(got) and _is_another_class(expected, got, tolerance):
            yield path, f"class {_class(expected)}", f"class {_class(got)}"
            return
        for index, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from _differences(one, other, tolerance, join(path, index))
    elif _is_number(expected) and _is_number(got):
        if not _is_close(expected, got, tolerance):
            yield path, expected, got
    elif expected != got:
        yield path, expected, got


def _is_close(one: float, other: float, tolerance: float) -> bool:
    """Whether two numbers are as good as equal; of a sample that gives no number, no number is what is expected.

    Two whole numbers (JSON writes a float with its point) are classes or counts: they are the same, or are not.
    """
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    try:
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance) or (_is_nan(one) and _is_nan(other))
    except OverflowError:  # one is whole, and beyond every float
        return False


def _is_another_class(expected: list[Any], got: list[Any], tolerance: float) -> bool:
    """Whether the best are not the same; where both are as good in one of the vectors, the numbers alone decide."""
    one, other = _class(expected), _class(got)
    return not any(_is_close(vector[one], vector[other], tolerance) for vector in (expected, got))


def _class(vector: list[Any]) -> int:
    return max(range(len(vector)), key=vector.__getitem__)


def _is_vector(value: list[Any]) -> bool:
    """Whether it may be read as scores of classes: of what is no number, none is the best."""
    return len(value) > 1 and all(_is_number(item) and not _is_nan(item) for item in value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
