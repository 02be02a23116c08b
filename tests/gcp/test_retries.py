"""Which failed calls are made once more, when, and for how long."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from gcp import errors
from gcp.api import Api
from gcp.settings import Settings
from resources.config import local_endpoint
from tests.clock import Clock
from tests.gcp.requests import DONE, Request


@pytest.fixture
def clock() -> Clock:
    """The client's."""
    return Clock()


@pytest.fixture
def api(clock: Clock) -> Api:
    """A client of a server on this machine, whose pauses take no time."""
    return Api(Settings(endpoint="http://127.0.0.1:1", local_hint=local_endpoint.start_hint), clock=clock)


PASSING = [
    *(503, 500, 504, 429, ConnectionResetError("reset"), TimeoutError("slow")),
    *(http.client.IncompleteRead(b"{"), "<html>proxy</html>", b"<html>proxy</html>"),
]


@pytest.mark.parametrize("passing", PASSING, ids=repr)
def test_a_read_is_repeated_after_a_passing_failure(api: Api, clock: Clock, passing: Any) -> None:
    """Backed off, each pause longer than the one before could be."""
    assert api.call(Request(passing, passing, passing, DONE)) == DONE
    assert len(clock.pauses) == 3
    assert clock.pauses[0] < clock.pauses[2]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [(503, errors.Unavailable), (500, errors.Internal), (ConnectionResetError("reset"), errors.EndpointUnreachable)],
)
def test_a_write_is_not_repeated_where_it_may_have_taken_effect(api: Api, failure: Any, kind: type[Exception]) -> None:
    """Doing it twice is worse than telling."""
    with pytest.raises(kind):
        api.call(Request(failure, DONE, method="POST"))


def test_a_write_that_was_refused_for_a_quota_is_repeated(api: Api) -> None:
    """It took no effect."""
    assert api.call(Request(429, DONE, method="POST")) == DONE


@pytest.mark.parametrize(("code", "kind"), [(404, errors.NotFound), (403, errors.PermissionDenied)])
def test_a_refusal_is_not_repeated(api: Api, clock: Clock, code: int, kind: type[Exception]) -> None:
    """It would be refused again."""
    with pytest.raises(kind):
        api.call(Request(code))
    assert clock.pauses == []


def test_an_endpoint_that_is_not_there_is_told(clock: Clock) -> None:
    """An endpoint that is not there is an error of one line that says what to do."""
    settings = Settings(endpoint="http://127.0.0.1:1", retry_seconds=0, local_hint=local_endpoint.start_hint)
    api = Api(settings, clock=clock)

    with pytest.raises(
        errors.EndpointUnreachable,
        match=r"^no response from http://127.0.0.1:1 to ml.x.get .*python -m emulator up",
    ):
        api.call(Request(ConnectionRefusedError("refused")))


def test_pauses_double_up_to_a_bound_with_jitter(clock: Clock) -> None:
    """From 0.2 s to 8 s, each anywhere between half of that and the whole."""
    drawn: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    api = Api(Settings(endpoint="http://127.0.0.1:1", retry_seconds=60), clock=clock, jitter=jitter)
    api.call(Request(*[503] * 9, DONE))

    assert clock.pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 8, 8, 8])
    assert set(drawn) == {(0.5, 1.0)}


RETRY_AFTER = [
    ({"retry-after": "7"}, 7, "seconds"),
    ({"retry-after": "Thu, 01 Jan 1970 00:01:10 GMT"}, 60, "a date, by the clock of this machine"),
    (
        {"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"},
        30,
        "a date, by the clock of the other side",
    ),
    ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0, "a date that is over"),
    ({"retry-after": "soon"}, 0, "neither"),
    ({"retry-after": "-5"}, 0, "less than nothing"),
    ({"retry-after": "²"}, 0, "a digit that is no number"),
    ({"retry-after": "Thu, 01 Jan 1970 00:01:10"}, 0, "a date of no zone is none of HTTP"),
    ({}, 0, "not said"),
]


@pytest.mark.parametrize(("headers", "seconds", "reason"), RETRY_AFTER, ids=[reason for *_, reason in RETRY_AFTER])
def test_the_api_is_not_called_sooner_than_it_asks(headers: dict[str, str], seconds: float, reason: str) -> None:
    """`Retry-After` counts in seconds and as a date; the own pause comes on top, so that not all come at once."""
    clock = Clock()
    clock.now = 10.0
    api = Api(Settings(endpoint="http://127.0.0.1:1", retry_seconds=90), clock=clock, jitter=min)

    assert api.call(Request(429, DONE, headers=headers)) == DONE

    assert clock.pauses == pytest.approx([seconds + 0.1]), reason


def test_a_wait_beyond_the_bound_is_not_waited_for(api: Api, clock: Clock) -> None:
    """The error comes at once."""
    with pytest.raises(errors.ResourceExhausted):
        api.call(Request(429, DONE, headers={"retry-after": "3600"}))
    assert clock.pauses == []


def test_every_repetition_is_told(api: Api) -> None:
    """With the reason; the connections stay those of the one it was made of."""
    messages: list[str] = []
    bound = api.reporting(messages.append)

    bound.call(Request(503, ConnectionResetError("reset"), DONE))

    assert [text.partition(": ")[2] for text in messages] == [
        "why",
        "no response from http://127.0.0.1:1 to ml.x.get (is the emulator up? `python -m emulator up --port 1`): reset",
    ]
    assert bound.http() is api.http()


def test_repeating_is_bounded_in_time(clock: Clock) -> None:
    """After `retry_seconds` from the first try the last failure is raised."""
    api = Api(Settings(endpoint="http://127.0.0.1:1", retry_seconds=30), clock=clock)

    with pytest.raises(errors.Unavailable):
        api.call(Request(*[503] * 100))

    assert 30 - 8 <= clock.now <= 30
