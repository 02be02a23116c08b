"""Limits on the calls of this process. A quota is the project's: two processes on one project share it unknowingly."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from gcp.clock import Clock

MINUTE = 60.0
PARTS = 10
"""A minute's calls are spread over this many parts of it, so that a long `up` makes steady progress."""
POLLS = 0.5
"""The share of the calls that waiting for operations may spend on polling."""
REPORTED_FROM = 1.0
"""Seconds: shorter waits are not reported."""


class ConcurrencyLimit:
    """A bound on what runs at a time."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    @contextlib.contextmanager
    def acquired(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Counts as running for as long as the block runs; calls `waiting` if it has to wait for that."""
        if not self._free.acquire(blocking=False):
            waiting()
            self._free.acquire()
        try:
            yield
        finally:
            self._free.release()


class Rate:
    """At most `count` calls reach the API in any `window` seconds, in the order in which threads ask.

    A call counts from before it is sent until `window` after its answer has come: whenever in between the API counted
    it, the API never sees more than `count` of them within `window`.
    """

    def __init__(self, count: int, window: float, clock: Clock = time) -> None:
        self._count, self._window, self._clock = count, window, clock
        self._changed = threading.Condition()
        self._last, self._turn, self._under_way = 0, 0, 0
        self._ended: deque[float] = deque()

    @classmethod
    def per_minute(cls, calls: int, clock: Clock = time) -> Rate:
        """At most `calls` in any minute, and from `PARTS` of them on at most that part of them in a part of it."""
        return cls(calls // PARTS, MINUTE / PARTS, clock) if calls >= PARTS else cls(calls, MINUTE, clock)

    @contextlib.contextmanager
    def call(self, report: Callable[[str], None]) -> Iterator[None]:
        """Waits for its turn; the block is the call. A wait of `REPORTED_FROM` or more is reported beforehand."""
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
            report(f"waiting about {wait:.0f} s: {self._count} calls in {self._window:g} s are the limit")
        with self._changed:
            self._changed.wait_for(lambda: self._turn == turn and (self._ended or self._under_way < self._count))
        # From here on this thread is first in line: only it sleeps, and only it begins a call.
        while wait := self._wait(0):
            self._clock.sleep(wait)
        with self._changed:
            self._under_way += 1
            self._turn += 1
            self._changed.notify_all()

    def _wait(self, before: int) -> float:
        """Seconds until a call may begin that has so many others before it; what is under way counts as ending now."""
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
    """How often operations are polled: everything that waits together spends at most `POLLS` of the calls."""

    def __init__(self, calls_per_minute: int | None) -> None:
        self._apart = MINUTE / (calls_per_minute * POLLS) if calls_per_minute else 0.0
        self._waiting, self._lock = 0, threading.Lock()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[Callable[[], float]]:
        """Counts as waiting for as long as the block runs; gives the least pause between two polls, in seconds."""
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
        operations: how many operations may be under way at a time.
        calls_per_minute: how many calls may be made that count; None for no limit.
        clock: `time`, or a test's own.

    Attributes:
        operations: bounds the operations that are under way.
        polls: bounds how often they are polled.
        rate: bounds the calls that count; None for no limit.
    """

    def __init__(self, operations: int, calls_per_minute: int | None, clock: Clock = time) -> None:
        self.operations = ConcurrencyLimit(operations)
        self.polls = Polls(calls_per_minute)
        self.rate = Rate.per_minute(calls_per_minute, clock) if calls_per_minute else None
