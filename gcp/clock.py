"""Time as an input: code that waits takes a clock, so that tests can pass their own."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The part of the module `time` that is used here."""

    def monotonic(self) -> float:
        """Seconds since some fixed point; never goes backwards."""

    def sleep(self, seconds: float, /) -> None:
        """Returns after this many seconds."""

    def time(self) -> float:
        """Seconds since 1970."""
