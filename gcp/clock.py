"""Time as an input: code that waits takes a clock, so that tests can pass their own, and users can cancel a wait."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from gcp import errors


class Clock(Protocol):
    """The part of the module `time` that is used here."""

    def monotonic(self) -> float:
        """Seconds since some fixed point; never goes backwards."""

    def sleep(self, seconds: float, /) -> None:
        """Returns after this many seconds."""

    def time(self) -> float:
        """Seconds since 1970."""


class CancellableClock:
    """The module `time`, except that `sleep` raises an error as soon as the user cancels the run.

    Args:
        cancelled: is set when the user cancels.
    """

    def __init__(self, cancelled: threading.Event) -> None:
        self._cancelled = cancelled

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float, /) -> None:
        """Returns after this many seconds. Raises `Cancelled` when the user cancels."""
        if self._cancelled.wait(seconds):
            raise errors.Cancelled


def require_not_cancelled(clock: Clock) -> None:
    """Raises `Cancelled` if it is a clock by which users cancel, and the user has."""
    if isinstance(clock, CancellableClock):
        clock.sleep(0)
