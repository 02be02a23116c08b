"""Which calls are let in: counts of calls, Google's quotas of an API, and injected faults.

Quotas limit the calls in a minute and the operations at a time. Both are always counted, and enforced if the settings
say so, as Google does: 429, with `Retry-After`. A rejected call is not counted.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emulator.core.calls.faults import Faults, Rule
from gcp import errors

RETRY_SECONDS = 1.0
"""After which a caller may retry to begin an operation."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is enforced.

    Attributes:
        calls: management calls in any `seconds`; 0 enforces nothing.
        seconds: the window of calls: Google's minute, or less for those who have no minute.
        operations: operations that count, at a time; 0 enforces nothing.
    """

    calls: int = 0
    seconds: float = 60.0
    operations: int = 0

    def to_json(self) -> dict[str, float]:
        """As `/-/status` shows them."""
        return {"calls": self.calls, "seconds": self.seconds, "operations": self.operations}


@dataclass(frozen=True, kw_only=True)
class QuotaRules:
    """What counts against the quotas of an API.

    Attributes:
        is_counted: whether calls of this method id count.
        metric: the quota's name in messages.
        calls: what these calls are, in messages.
        operation_types: the types of operations that count.
        operations: what these operations are, in messages.
    """

    is_counted: Callable[[str], bool]
    metric: str
    calls: str
    operation_types: tuple[str, ...]
    operations: str


@dataclass
class Quota:
    """Counts calls and operations of an API, and rejects what is over the limits.

    Attributes:
        rules: what counts.
        limits: what is enforced.
        clock: seconds, from any start.
        most_calls: the most calls that were answered within `limits.seconds`.
        most_operations: the most operations at a time.
        refused: calls that were answered with 429.
    """

    rules: QuotaRules
    limits: Limits
    clock: Callable[[], float] = time.monotonic
    most_calls: int = 0
    most_operations: int = 0
    refused: int = 0
    _calls: deque[float] = field(default_factory=deque)

    def call(self, method: str) -> None:
        """Counts a call. Raises `ResourceExhausted` if it is over the limit."""
        if not self.rules.is_counted(method):
            return
        now = self.clock()
        while self._calls and self._calls[0] + self.limits.seconds <= now:
            self._calls.popleft()
        if self.limits.calls and len(self._calls) >= self.limits.calls:
            again = self._calls[0] + self.limits.seconds - now
            seconds = f"{self.limits.seconds:g} second{'' if self.limits.seconds == 1 else 's'}"
            raise self._refusal(f"{self.rules.calls} in {seconds}", self.limits.calls, again)
        self._calls.append(now)
        self.most_calls = max(self.most_calls, len(self._calls))

    def operation(self, running: int) -> None:
        """Counts an operation that is about to begin, beside those running. Raises as `call` does."""
        if self.limits.operations and running >= self.limits.operations:
            raise self._refusal(f"concurrent {self.rules.operations}", self.limits.operations, RETRY_SECONDS)
        self.most_operations = max(self.most_operations, running + 1)

    def forget(self) -> None:
        """Counts from zero again; calls of the last seconds still count against the limit."""
        self.most_calls = self.most_operations = self.refused = 0

    def to_json(self) -> dict[str, Any]:
        """As `/-/status` shows what was counted."""
        return {"mostCalls": self.most_calls, "mostOperations": self.most_operations, "refused": self.refused}

    def _refusal(self, what: str, limit: int, again: float) -> errors.ResourceExhausted:
        self.refused += 1
        error = errors.ResourceExhausted(f"Quota exceeded for quota metric '{self.rules.metric}': {limit} {what}.")
        error.retry_after = math.ceil(again)  # the header holds whole seconds
        return error


class Admission:
    """Counts every call, and lets it in.

    Args:
        faults: injected faults.

    Attributes:
        calls: method id -> how often it was called since the start, or since `forget`.
        faults: injected faults.
    """

    def __init__(self, faults: Faults) -> None:
        self.calls: Counter[str] = Counter()
        self.faults = faults
        self._quotas: list[Quota] = []

    def limit(self, quota: Quota) -> None:
        """Counts calls against a quota from now on."""
        self._quotas.append(quota)

    def admit(self, method: str) -> Rule | None:
        """Counts a call of a method; returns the fault to inject, if any. Raises `ResourceExhausted`."""
        self.calls[method] += 1
        for quota in self._quotas:
            quota.call(method)
        return self.faults.take(method)

    def forget(self) -> None:
        """Counts from zero again."""
        self.calls.clear()
        for quota in self._quotas:
            quota.forget()
