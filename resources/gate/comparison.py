"""Compares a sample's expected prediction with a version's. Pure.

Predictions are compared by output name. If the signature has exactly one output, either side may be a bare value
instead of an object with that name. If the name is unknown, an object's only value is compared with the bare value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from artifact_format import signatures
from resources.schema.types import join, shown

TOLERANCE = 1e-3
Difference = tuple[str, Any, Any]
"""Path within the prediction (`softmax[2]`), expected value, found value."""


def differences(expected: Any, got: Any, outputs: Sequence[str], tolerance: float) -> Iterator[Difference]:
    """Where two predictions differ: a different class, shape or text, or a number beyond the tolerance.

    Args:
        expected: the sample's prediction, bare or by output name.
        got: the version's prediction, bare or by output name.
        outputs: the names of the signature's outputs; empty if unknown.
        tolerance: for floating-point numbers, relative or absolute.
    """
    if outputs:
        expected, got = (signatures.by_name(side, outputs) for side in (expected, got))
    else:
        expected, got = _alike(expected, got), _alike(got, expected)
    yield from _differences(expected, got, tolerance)


def count_failure(predictions: Any, expected: int) -> str:
    """Why a response does not have one prediction per instance; empty if it has."""
    if isinstance(predictions, list) and len(predictions) == expected:
        return ""
    wanted = counted(expected, "prediction")
    if isinstance(predictions, list):
        return f"expected {wanted}, got {len(predictions)}"
    return f"expected a list of {wanted}, got {'none' if predictions is None else shown(predictions)}"


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 sample`, `2 samples`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _alike(prediction: Any, other: Any) -> Any:
    """A bare prediction as an object with the other's only name; any other prediction is unchanged."""
    if signatures.is_named(other) and len(other) == 1 and not signatures.is_named(prediction):
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
    """Whether two numbers are equal within the tolerance; NaN equals NaN.

    Two integers are classes or counts and must be equal; in JSON, a float has a decimal point.
    """
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    try:
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance) or (_is_nan(one) and _is_nan(other))
    except OverflowError:  # an integer too large for a float
        return False


def _is_another_class(expected: list[Any], got: list[Any], tolerance: float) -> bool:
    """Whether the top classes differ. If one vector scores both equally, it is a tie, and only the numbers count."""
    one, other = _class(expected), _class(got)
    return not any(_is_close(vector[one], vector[other], tolerance) for vector in (expected, got))


def _class(vector: list[Any]) -> int:
    return max(range(len(vector)), key=vector.__getitem__)


def _is_vector(value: list[Any]) -> bool:
    """Whether this may be a vector of class scores (numbers, no NaN)."""
    return len(value) > 1 and all(_is_number(item) and not _is_nan(item) for item in value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
