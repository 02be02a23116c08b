"""The emulator's time: timestamps never go back, and waits do not depend on the date."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone


def wall() -> datetime:
    """The machine's clock, in UTC: somebody, or NTP, may set it at any time."""
    return datetime.now(timezone.utc)


class Clock:
    """UTC that never goes back: it continues if the machine's clock is set back, and follows if it is set forward.

    Args:
        date: the machine's clock.
        seconds: seconds that pass whatever happens to `date`.
    """

    def __init__(self, date: Callable[[], datetime] = wall, seconds: Callable[[], float] = time.monotonic) -> None:
        self._date, self._seconds = date, seconds
        self._latest, self._at = date(), seconds()

    def now(self) -> datetime:
        """The time: never earlier than a time that it gave before."""
        at = self._seconds()
        self._latest = max(self._date(), self._latest + timedelta(seconds=at - self._at))
        self._at = at
        return self._latest
