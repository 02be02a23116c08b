"""A clock for tests."""

from __future__ import annotations

import threading


class Clock:
    """A clock whose `sleep` returns at once and advances `now`, in seconds; `pauses` records the arguments."""

    def __init__(self) -> None:
        self.now, self.pauses = 0.0, list[float]()
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self.now

    def time(self) -> float:
        """The same seconds, as if the clock was made at the start of 1970."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advances the clock."""
        with self._lock:
            self.pauses.append(seconds)
            self.now += seconds
