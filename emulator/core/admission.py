"""Google's quotas on `ml` v1: how many management calls in a minute, how many creations and deletions at a time.

Both are counted always and enforced where it is asked for, as Google does: 429, with `Retry-After`. A call that is
refused is not counted.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gcp import errors
from resources.ml import quotas

if TYPE_CHECKING:
    from emulator.app import Emulator

_COUNTED = ("CREATE_VERSION", "DELETE_VERSION")
AGAIN = 1.0
"""Seconds after which one may ask again for a place among the operations."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is enforced.

    Attributes:
        calls: management calls in any `seconds`; 0 enforces nothing.
        seconds: the window of calls: Google's minute, or less for those who have no minute.
        operations: creations and deletions of versions under way; 0 enforces nothing.
    """

    calls: int = 0
    seconds: float = 60.0
    operations: int = 0

    def to_json(self) -> dict[str, float]:
        """As `/-/status` shows them."""
        return {"calls": self.calls, "seconds": self.seconds, "operations": self.operations}


@dataclass
class Quota:
    """Counts, and refuses what is beyond the limits.

    Attributes:
        limits: what is enforced.
        clock: seconds, from anywhere on.
        most_calls: the most management calls that were answered within `limits.seconds`.
        most_operations: the most creations and deletions of versions at a time.
        refused: calls that were answered with 429.
    """

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    most_calls: int = 0
    most_operations: int = 0
    refused: int = 0
    _calls: deque[float] = field(default_factory=deque)

    def call(self, method: str) -> None:
        """Counts a call. Raises `ResourceExhausted` where it is one too many."""
        if not quotas.is_management(method):
            return
        now = self.clock()
        while self._calls and self._calls[0] + self.limits.seconds <= now:
            self._calls.popleft()
        if self.limits.calls and len(self._calls) >= self.limits.calls:
            again = self._calls[0] + self.limits.seconds - now
            seconds = f"{self.limits.seconds:g} second{'' if self.limits.seconds == 1 else 's'}"
            raise self._refusal(f"management requests in {seconds}", self.limits.calls, again)
        self._calls.append(now)
        self.most_calls = max(self.most_calls, len(self._calls))

    def operation(self, emulator: Emulator) -> None:
        """Counts the creation or deletion of a version that is about to begin. Raises as `call` does."""
        query = "SELECT count(*) AS n FROM operations WHERE result IS NULL AND type IN (?, ?)"
        row = emulator.store.one(query, *_COUNTED)
        running = int(row["n"]) if row else 0
        if self.limits.operations and running >= self.limits.operations:
            raise self._refusal("concurrent creations and deletions of versions", self.limits.operations, AGAIN)
        self.most_operations = max(self.most_operations, running + 1)

    def forget(self) -> None:
        """Counts from zero again; calls of the last seconds still count against the limit."""
        self.most_calls = self.most_operations = self.refused = 0

    def to_json(self) -> dict[str, Any]:
        """As `/-/status` shows what was counted."""
        return {"mostCalls": self.most_calls, "mostOperations": self.most_operations, "refused": self.refused}

    def _refusal(self, what: str, limit: int, again: float) -> errors.ResourceExhausted:
        self.refused += 1
        error = errors.ResourceExhausted(f"Quota exceeded for quota metric 'ml.googleapis.com': {limit} {what}.")
        error.retry_after = math.ceil(again)  # the header knows whole seconds
        return error
