"""Limits on this process's calls. Google's quotas are per project: processes on one project share them unknowingly."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from gcp.clock import Clock
from gcp.services import Quota

MINUTE = 60.0
PARTS = 10
"""The limit per minute is enforced in this many parts of a minute, so that a long `up` makes steady progress."""
POLLS = 0.5
"""The share of the calls that polling operations may use."""
REPORTED_FROM = 1.0
"""Seconds: shorter waits are not reported."""


class ConcurrencyLimit:
    """Limits how many run at a time."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    @contextlib.contextmanager
    def acquired(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Holds a slot while the block runs; calls `waiting` first if none is free."""
        if not self._free.acquire(blocking=False):
            waiting()
            self._free.acquire()
        try:
            yield
        finally:
            self._free.release()


class Rate:
    """At most `count` calls reach the API in any `window` seconds; threads take turns in the order of asking.

    A call counts from before it is sent until `window` seconds after its response. So whenever the API counted it, it
    never sees more than `count` calls within `window`.
    """

    def __init__(self, count: int, window: float, clock: Clock = time) -> None:
        self._count, self._window, self._clock = count, window, clock
        self._changed = threading.Condition()
        self._last, self._turn, self._under_way = 0, 0, 0
        self._ended: deque[float] = deque()

    @classmethod
    def per_minute(cls, calls: int, clock: Clock = time) -> Rate:
        """At most `calls` per minute; from `PARTS` calls on, also at most `calls / PARTS` per `MINUTE / PARTS`."""
        return cls(calls // PARTS, MINUTE / PARTS, clock) if calls >= PARTS else cls(calls, MINUTE, clock)

    @contextlib.contextmanager
    def call(self, report: Callable[[str], None]) -> Iterator[None]:
        """Waits for a turn, then runs the block, which makes the call. Reports waits of `REPORTED_FROM` s or more."""
        self._enter(report)
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._ended.append(self._clock.monotonic())
                self._changed.notify_all()

    def _enter(self, report: Callable[[str], None]) -> None:
        with self._changed:
            turn, self._last = self._last, self._last + 1
            wait = self._wait(turn - self._turn)
        if wait >= REPORTED_FROM:
            report(f"waiting about {wait:.0f} s: the limit is {self._count} calls in {self._window:g} s")
        with self._changed:
            self._changed.wait_for(lambda: self._turn == turn and (self._ended or self._under_way < self._count))
        # From here on this thread is first in line: no other starts a call.
        waits = True
        try:
            while wait := self._wait(0):
                self._clock.sleep(wait)
            waits = False
        finally:  # a cancelled wait gives its turn to the next, which is cancelled, too
            with self._changed:
                self._under_way += not waits
                self._turn += 1
                self._changed.notify_all()

    def _wait(self, before: int) -> float:
        """Seconds until a call may start that has `before` others ahead of it, if all running calls ended now."""
        now = self._clock.monotonic()
        with self._changed:
            while self._ended and self._ended[0] + self._window <= now:
                self._ended.popleft()
            missing = self._under_way + len(self._ended) + before + 1 - self._count
            if missing <= 0:
                return 0.0
            rounds, place = divmod(missing - 1, self._count)
            free = self._ended[place] if place < len(self._ended) else now
            return free + self._window * (rounds + 1) - now


class Polls:
    """How often operations are polled: all waiting threads together use at most the share `POLLS` of the calls."""

    def __init__(self, calls_per_minute: int | None) -> None:
        self._apart = MINUTE / (calls_per_minute * POLLS) if calls_per_minute else 0.0
        self._waiting, self._lock = 0, threading.Lock()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[Callable[[], float]]:
        """Counts this thread as waiting while the block runs; yields a function for the minimum pause in seconds."""
        with self._lock:
            self._waiting += 1
        try:
            yield lambda: self._waiting * self._apart
        finally:
            with self._lock:
                self._waiting -= 1


class Limits:
    """The limits on the calls of one API.

    Args:
        operations: how many operations may run at a time.
        rates: quota -> how many of its calls are allowed per minute. Polls use the largest.
        clock: `time`, or a test's own.

    Attributes:
        operations: limits running operations.
        polls: limits how often they are polled.
        rates: limits the calls of each quota.
    """

    def __init__(self, operations: int, rates: Mapping[Quota, int], clock: Clock = time) -> None:
        self.operations = ConcurrencyLimit(operations)
        self.polls = Polls(max(rates.values(), default=None))
        self.rates = {quota: Rate.per_minute(calls, clock) for quota, calls in rates.items()}
