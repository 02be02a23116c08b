"""Time as an input: what waits takes a clock, so that a test can bring one of its own."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """What the module `time` is: seconds that only grow, a pause, and the time of day."""

    def monotonic(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float, /) -> None:
        """Returns after this many seconds."""

    def time(self) -> float:
        """Seconds since 1970."""
