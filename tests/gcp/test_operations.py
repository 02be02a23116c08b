"""Waiting for operations, by a clock that only tests have."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from gcp import errors, operations
from tests.clock import Clock

WAIT: dict[str, Any] = {"what": "create version v", "method": "ml.x.create"}


def wait(ends_at: float, end: dict[str, Any], clock: Clock, **options: Any) -> dict[str, Any]:
    """Waits for an operation that ends at that second."""

    def poll(name: str) -> dict[str, Any]:
        return {"name": name, "done": True, **end} if clock.now >= ends_at else {"name": name}

    return operations.wait(poll, {"name": "o"}, clock=clock, **{**WAIT, "timeout": 3600, **options})


def test_the_response_is_returned_once_it_is_done() -> None:
    """The last answer's `response` is what the operation made."""
    assert wait(10, {"response": {"name": "v"}}, Clock()) == {"name": "v"}


def test_an_operation_that_is_done_at_once_is_not_waited_for() -> None:
    """No pause, no further call."""
    clock = Clock()

    assert operations.wait(pytest.fail, {"name": "o", "done": True}, timeout=1, clock=clock, **WAIT) == {}
    assert clock.pauses == []


@pytest.mark.parametrize("ends_at", [1, 5, 30, 600])
def test_the_end_is_noticed_within_a_share_of_the_wait(ends_at: float) -> None:
    """Looks are backed off, but never so far that much of the wait is for nothing; never more than 5 s apart."""
    clock = Clock()

    wait(ends_at, {}, clock)

    assert clock.now <= ends_at * 1.2 + 0.1
    assert max(clock.pauses) <= 5
    assert len(clock.pauses) <= 35 + ends_at / 5


def test_where_many_wait_each_looks_less_often() -> None:
    """The least pause is asked for before each look, and the bound on the wait stays."""
    clock = Clock()

    with pytest.raises(errors.OperationTimeout):
        wait(float("inf"), {}, clock, timeout=60, least=lambda: 20 + clock.now)

    assert clock.pauses == [20, 40]


def test_progress_is_told_at_moments_that_grow_apart() -> None:
    """A log that is not a terminal gets a dozen lines of an hour, not a thousand."""
    messages: list[str] = []

    wait(3000, {}, Clock(), progress=messages.append)

    seconds = [float(text.split(", ")[1].removesuffix(" s")) for text in messages]
    assert 5 < len(messages) < 25
    assert all(later > earlier * 1.4 for earlier, later in itertools.pairwise(seconds) if earlier > 1)


def test_an_error_is_the_apis_own_message() -> None:
    """The code and the text of the operation are in the error, with the method that began it."""
    with pytest.raises(errors.OperationFailed, match=r"^Bad model detected\Z") as caught:
        wait(1, {"error": {"code": 9, "message": "Bad model\n detected"}}, Clock())

    assert (caught.value.code, caught.value.method) == (9, "ml.x.create")


def test_the_wait_is_bounded() -> None:
    """After the bound it ends with the operation's name and what to do, and not much later."""
    clock = Clock()

    with pytest.raises(errors.OperationTimeout, match=r"ml.x.create is not done after 60 s \(operation o\).*timeouts"):
        wait(float("inf"), {}, clock, timeout=60)

    assert 60 <= clock.now <= 60.1
