"""What bounds the calls of a process."""

from __future__ import annotations

import bisect
import contextlib
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from gcp import limits
from gcp.api import Api
from gcp.limits import Polls, Rate
from gcp.services import Service
from gcp.settings import Settings
from tests.clock import Clock
from tests.gcp.requests import DONE, Request


def most_within(moments: Sequence[float], window: float) -> int:
    """The most of these moments, in order, that lie within so many seconds."""
    return max(bisect.bisect_left(moments, moment + window - 1e-9) - index for index, moment in enumerate(moments))


def quiet(text: str) -> None:
    """Hears that something waits."""


def test_as_many_operations_run_as_there_are_places() -> None:
    """The next one says that it waits, and goes on when a place is free."""
    places, waited, done = limits.ConcurrencyLimit(1), threading.Event(), threading.Event()

    def second() -> None:
        with places.acquired(waited.set):
            done.set()

    thread = threading.Thread(target=second)
    with places.acquired(lambda: pytest.fail("the first one need not wait")):
        thread.start()
        assert waited.wait(10)
        assert not done.is_set()
    thread.join(10)

    assert done.is_set()


@pytest.mark.parametrize("calls", [1, 7, 10, 29, 300, 305])
def test_no_minute_sees_more_calls_than_the_limit(calls: int) -> None:
    """Any minute, not only those that begin with the first call; and it is not kept far below the limit."""
    clock, moments = Clock(), list[float]()
    rate = Rate.per_minute(calls, clock)

    for _ in range(3 * calls + 1):
        with rate.call(quiet):
            moments.append(clock.now)

    assert most_within(moments, 60) <= calls
    assert moments[-1] <= 180 * calls / (calls - calls % 10 or 1) + 1


def test_a_long_row_of_calls_flows() -> None:
    """The minute's calls are not made at once, to stand still for the rest of it."""
    clock = Clock()
    rate = Rate.per_minute(300, clock)

    for _ in range(900):
        with rate.call(quiet):
            pass

    assert max(clock.pauses) <= 6


def test_the_limit_holds_wherever_in_a_call_it_is_counted() -> None:
    """The API counts a call some time between its sending and its answer, which may take long."""
    clock, chance, moments = Clock(), random.Random(7), list[float]()  # noqa: S311 - a row that is always the same
    rate = Rate(5, 10.0, clock)

    for _ in range(200):
        with rate.call(quiet):
            clock.now += chance.choice([0.0, 0.1, 4.0])
            moments.append(clock.now)
            clock.now += chance.choice([0.0, 0.1, 4.0])
        clock.now += chance.choice([0.0, 0.0, 3.0])

    assert most_within(moments, 10) == 5


def test_the_limit_holds_among_threads() -> None:
    """Calls of eight threads at a time, by the clock on the wall."""
    rate, moments, lock = Rate(6, 0.25), list[float](), threading.Lock()

    def work() -> None:
        for _ in range(4):
            with rate.call(quiet), lock:
                moments.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(moments) == 32
    assert most_within(sorted(moments), 0.25) <= 6


def test_who_asks_first_goes_first() -> None:
    """However many wait, nobody is overtaken."""
    rate, order = Rate(1, 5.0, Clock()), list[int]()

    def work(number: int, queued: threading.Event) -> None:
        with rate.call(lambda _: queued.set()):
            order.append(number)

    with rate.call(quiet):
        threads = []
        for number in range(6):
            queued = threading.Event()
            threads.append(threading.Thread(target=work, args=(number, queued)))
            threads[-1].start()
            assert queued.wait(10)
    for thread in threads:
        thread.join(10)

    assert order == list(range(6))


def test_only_a_long_wait_is_told() -> None:
    """With how long it is going to be, for each of those in the queue."""
    messages: list[str] = []
    rate = Rate(1, 0.5, Clock())
    with contextlib.ExitStack() as stack:
        stack.enter_context(rate.call(messages.append))
    with rate.call(messages.append):
        pass
    assert messages == []

    slow = Rate(2, 30.0, Clock())
    for _ in range(3):
        with slow.call(messages.append):
            pass
    assert messages == ["waiting about 30 s: the limit is 2 calls in 30 s"]


@pytest.mark.parametrize(
    ("method", "limited", "reason"),
    [
        ("ml.projects.models.versions.create", True, "a change"),
        ("ml.projects.operations.get", True, "a look at an operation counts as well"),
        ("ml.projects.predict", False, "predictions have a quota of their own"),
        ("ml.projects.explain", False, "as those"),
        ("storage.objects.insert", False, "another service"),
        (None, False, "a part of an upload"),
    ],
)
def test_only_management_calls_are_limited(*, method: str | None, limited: bool, reason: str) -> None:
    """Every try of one counts, a repeated one too."""
    clock = Clock()
    api = Api(Settings(endpoint="http://127.0.0.1:1", calls_per_minute=1), clock=clock, jitter=min)

    for _ in range(3):
        api.call(Request(DONE, id_=method))
    assert clock.now == (120 if limited else 0), reason

    api.call(Request(503, DONE, id_=method))
    assert clock.now == pytest.approx(240 if limited else 0.1), reason


def test_each_quota_of_an_api_is_kept_on_its_own() -> None:
    """Of Vertex AI: with 10 other calls a minute, one may begin an operation, and neither waits for the other kind."""
    clock = Clock()
    api = Api(Settings(endpoint="http://127.0.0.1:1", calls_per_minute=10), clock=clock, jitter=min)

    for _ in range(2):
        api.call(Request(DONE, id_="aiplatform.projects.locations.endpoints.deployModel"))
    assert clock.now == 60
    api.call(Request(DONE, id_="aiplatform.projects.locations.endpoints.get"))
    assert clock.now == 60


def test_waiting_for_the_limit_is_no_part_of_the_bound_on_repeating() -> None:
    """A call that had to wait for a minute is still repeated."""
    clock = Clock()
    api = Api(Settings(endpoint="http://127.0.0.1:1", calls_per_minute=1, retry_seconds=5), clock=clock)
    api.call(Request(DONE))

    assert api.call(Request(503, {"name": "m"})) == {"name": "m"}


@pytest.mark.parametrize(("calls", "waiting"), [(300, 1), (300, 10), (300, 200), (60, 10)])
def test_looking_spends_half_of_the_calls_at_most(calls: int, waiting: int) -> None:
    """However many wait: each of them looks the less often."""
    polls = Polls(calls)
    with contextlib.ExitStack() as stack:
        for _ in range(waiting):
            least = stack.enter_context(polls.waiting())

        assert waiting * 60 / least() <= calls / 2 + 1e-6
    assert least() == 0


def test_without_a_limit_looking_costs_nothing() -> None:
    """On this machine an end is noticed as soon as may be."""
    with Polls(None).waiting() as least:
        assert least() == 0


def test_versions_of_an_api_share_its_limits() -> None:
    """Google counts their calls together."""
    stable = Service(name="a", concurrent_operations=1)
    api = Api(Settings(endpoint="http://127.0.0.1:9"))

    assert api.limits(replace(stable, version="v1beta1", limits_of=stable)) is api.limits(stable)
    assert api.limits(replace(stable, name="b")) is not api.limits(stable)
