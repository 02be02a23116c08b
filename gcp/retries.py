"""When a failed call may be made once more, and after how long."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from gcp import errors
from gcp.clock import Clock

PASSING = (
    errors.EndpointUnreachable,
    errors.ResourceExhausted,
    errors.Unavailable,
    errors.Internal,
    errors.DeadlineExceeded,
)
"""Failures that may be over by the next try."""
FIRST, LONGEST = 0.2, 8.0
"""Seconds: the pause doubles from the one to the other."""

Jitter = Callable[[float, float], float]
"""A number between two others, as `random.uniform` gives it."""


class Tries:
    """The tries of one call: backed off, with jitter, within a bound in seconds from the first."""

    def __init__(self, seconds: float, clock: Clock = time, jitter: Jitter = random.uniform) -> None:
        self._seconds, self._clock, self._jitter = seconds, clock, jitter
        self._end: float | None = None
        self._pause = FIRST

    def begin(self) -> None:
        """A try begins; the bound counts from the first: waiting for the limit on calls is no part of it."""
        if self._end is None:
            self._end = self._clock.monotonic() + self._seconds

    def pause(self, error: errors.Error, *, safe: bool) -> float | None:
        """Seconds until the next try; None where there is to be none.

        Args:
            error: how this try ended.
            safe: whether the call may take effect twice. A call that was refused for a quota took none.
        """
        if not isinstance(error, PASSING) or not (safe or isinstance(error, errors.ResourceExhausted)):
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
    """Seconds after which an answer asks to be called again; 0 where it does not say, or not in the standard's way.

    Args:
        headers: of the answer, by names in small letters. A date is held against the answer's own `date`.
        now: seconds since 1970, for an answer without a date.
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal():
        return float(asked)
    wanted = _moment(asked)
    if wanted is None:
        return 0.0
    sent = _moment(headers.get("date", ""))
    return max(0.0, wanted - (now if sent is None else sent))


def _moment(text: str) -> float | None:
    """Seconds since 1970 of an HTTP date; None where it is none."""
    found: datetime | None = None
    with contextlib.suppress(ValueError, TypeError):
        found = parsedate_to_datetime(text)
    # A date without an offset is in UTC in HTTP; Python would take it for the time of this machine.
    return None if found is None or found.tzinfo is None else found.timestamp()
