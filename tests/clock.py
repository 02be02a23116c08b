"""Time that only tests have."""

from __future__ import annotations

import threading


class Clock:
    """Time that passes by sleeping, at once: `now` seconds, and the `pauses` that were asked for."""

    def __init__(self) -> None:
        self.now, self.pauses = 0.0, list[float]()
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self.now

    def time(self) -> float:
        """The same: it was made when 1970 began."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Lets them pass."""
        with self._lock:
            self.pauses.append(seconds)
            self.now += seconds
