"""Every wait ends as soon as the user cancels the run, and nothing is sent any more."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from gcp import errors, operations
from gcp.api import Api
from gcp.clock import CancellableClock
from gcp.limits import Rate
from gcp.settings import Settings
from tests.gcp.requests import DONE, Request
from tests.running import BOUND

SETTINGS = Settings(endpoint="http://127.0.0.1:1", retry_seconds=600)


@pytest.fixture
def cancelled() -> threading.Event:
    """What is set when the user cancels."""
    return threading.Event()


def cancel_at_report(cancelled: threading.Event) -> Callable[[str], None]:
    """A report of a wait, at which the user cancels."""
    return lambda _: cancelled.set()


def test_a_call_that_waits_for_its_next_try_is_cancelled(cancelled: threading.Event) -> None:
    """The error names the failure before; the call may have taken effect."""
    api = Api(SETTINGS, clock=CancellableClock(cancelled)).reporting(cancel_at_report(cancelled))

    with pytest.raises(errors.Cancelled, match="cancelled before a retry: why"):
        api.call(Request(503, DONE, method="PATCH"), repeatable=True)

    assert (api.effects.possible, api.effects.certain) == (True, False)


def test_nothing_is_sent_after_the_cancellation(cancelled: threading.Event) -> None:
    """Except what is read to know what the state must hold."""
    api = Api(SETTINGS, clock=CancellableClock(cancelled))
    cancelled.set()

    with pytest.raises(errors.Cancelled):
        api.call(Request(DONE))

    assert api.afterwards(1.0).call(Request(DONE)) == DONE


def test_an_operation_that_is_waited_for_goes_on(cancelled: threading.Event) -> None:
    """The error names it."""

    def poll(name: str) -> dict[str, object]:
        cancelled.set()
        return {"name": name}

    with pytest.raises(errors.Cancelled, match=r"ml.x.create still runs at the service \(operation o\)"):
        operations.wait(
            poll, {"name": "o"}, what="x", method="ml.x.create", timeout=600, clock=CancellableClock(cancelled)
        )


def test_all_that_wait_for_the_limit_on_calls_are_cancelled(cancelled: threading.Event) -> None:
    """The first in line gives its turn to the next."""
    rate, ended = Rate(1, 600.0, CancellableClock(cancelled)), list[str]()
    with rate.call(lambda _: None):
        pass

    def enter() -> None:
        try:
            with rate.call(lambda _: None):
                pass
        except errors.Cancelled:
            ended.append("cancelled")

    threads = [threading.Thread(target=enter) for _ in range(3)]
    for thread in threads:
        thread.start()
    cancelled.set()
    for thread in threads:
        thread.join(BOUND)

    assert ended == ["cancelled"] * 3
