"""What a refusal says to its reader: the resource, the method, the cause and the next step, on one line."""

from __future__ import annotations

import pytest

from resources import _hints, errors
from tests.resources.test_errors import API_ERRORS

WHAT = "create model projects/p/models/m"
METHOD = "ml.projects.models.create"


def refusal(error: errors.ApiError | errors.OperationFailed) -> errors.ApiError | errors.OperationFailed:
    """The error as a call of the API gives it."""
    error.method = METHOD
    return error


@pytest.mark.parametrize("kind", API_ERRORS, ids=lambda kind: kind.__name__)
def test_every_refusal_names_resource_method_cause_and_next_step(kind: type[errors.ApiError]) -> None:
    """In this order; a full stop of the API's own is not doubled."""
    line = _hints.told(WHAT, refusal(kind("No such thing.")))

    start, _, step = line.partition(f" ({METHOD}: {kind.code} {kind.status}). ")
    assert start == f"{WHAT}: No such thing"
    assert len(step) > 20
    assert "\n" not in line


def test_an_operation_that_failed_says_the_same() -> None:
    """With the method that began it."""
    line = _hints.told(WHAT, refusal(errors.OperationFailed("Bad model detected.", 9)))

    assert line.startswith(f"{WHAT}: Bad model detected ({METHOD}: operation error 9). ")
    assert "`pulumi up`" in line


def test_what_no_call_gave_says_itself_what_to_do() -> None:
    """No code, no method: they would be of no call."""
    line = _hints.told(WHAT, errors.FailedPrecondition("it holds a; delete it, or set forceDestroy: true"))

    assert line == f"{WHAT}: it holds a; delete it, or set forceDestroy: true"
