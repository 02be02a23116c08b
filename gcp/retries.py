"""Which failed calls are retried, and after how long."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from gcp import errors
from gcp.clock import Clock

TRANSIENT = (
    errors.EndpointUnreachable,
    errors.ResourceExhausted,
    errors.Unavailable,
    errors.Internal,
    errors.DeadlineExceeded,
)
"""Failures that may not occur on a retry."""
FIRST, LONGEST = 0.2, 8.0
"""Seconds: the pause doubles from the first to the longest."""

Jitter = Callable[[float, float], float]
"""A random number between two bounds, like `random.uniform`."""


class Tries:
    """The attempts of one call: exponential backoff with jitter, within a bound in seconds from the first attempt."""

    def __init__(self, seconds: float, clock: Clock = time, jitter: Jitter = random.uniform) -> None:
        self._seconds, self._clock, self._jitter = seconds, clock, jitter
        self._end: float | None = None
        self._pause = FIRST

    def begin(self) -> None:
        """Starts an attempt. The bound counts from the first one, so waiting for the limit on calls is not included."""
        if self._end is None:
            self._end = self._clock.monotonic() + self._seconds

    def pause(self, error: errors.Error, *, safe: bool) -> float | None:
        """Seconds until the next attempt; None for no retry.

        Args:
            error: of this attempt.
            safe: whether the call may take effect twice. A call refused for a quota is retried in any case.
        """
        if not isinstance(error, TRANSIENT) or not (safe or isinstance(error, errors.ResourceExhausted)):
            return None
        if isinstance(error, errors.EndpointUnreachable) and error.lasting:
            return None
        asked = error.retry_after if isinstance(error, errors.ApiError) else 0.0
        wait = asked + self._pause * self._jitter(0.5, 1.0)
        if self._end is None or self._clock.monotonic() + wait > self._end:
            return None
        self._pause = min(self._pause * 2, LONGEST)
        return wait


def retry_after(headers: Mapping[str, str], now: float) -> float:
    """Seconds that `Retry-After` asks to wait; 0 if the header is missing or invalid.

    Args:
        headers: of the response, with lowercase names. A date is compared with the response's own `date`.
        now: seconds since 1970, for a response without a date.
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal():
        return float(asked)
    wanted = _timestamp(asked)
    if wanted is None:
        return 0.0
    sent = _timestamp(headers.get("date", ""))
    return max(0.0, wanted - (now if sent is None else sent))


def _timestamp(text: str) -> float | None:
    """An HTTP date as seconds since 1970; None if it is not valid."""
    found: datetime | None = None
    with contextlib.suppress(ValueError, TypeError):
        found = parsedate_to_datetime(text)
    # Python would read a date without an offset as local time.
    return None if found is None or found.tzinfo is None else found.timestamp()
