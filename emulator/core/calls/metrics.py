"""Requests, failures and latency of each version in the last minute, in counters of fixed size."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

SLOT_SECONDS, SLOTS = 5, 12
_FIRST_MS, _RATIO, _BINS = 0.1, 1.15, 100
"""Upper bounds of the bins of latency: 0.1 ms, and 15 per cent more each, to about 100 s."""
_KEPT_CALLS = 100


class _Slot:
    """What was counted in a few seconds."""

    __slots__ = ("bins", "failures", "number", "requests")

    def __init__(self, number: int) -> None:
        self.number, self.requests, self.failures = number, 0, 0
        self.bins = [0] * _BINS


class Metrics:
    """Counts predictions by version, and keeps the calls that came last.

    Args:
        clock: seconds, from anywhere on.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._versions: dict[str, deque[_Slot]] = {}
        self._calls: deque[tuple[float, str, str, int, float]] = deque(maxlen=_KEPT_CALLS)

    def record(self, version: str, seconds: float, *, failed: bool) -> None:
        """A prediction of a version ended.

        Args:
            version: its full name.
            seconds: from the whole request to the whole answer.
            failed: whether the answer is an error, the model's own among them.
        """
        number = self._now()
        slots = self._versions.get(version)
        if slots is None:
            slots = self._versions[version] = deque(maxlen=SLOTS)
        if not slots or slots[-1].number != number:
            slots.append(_Slot(number))
        slots[-1].requests += 1
        slots[-1].failures += failed
        slots[-1].bins[_bin(seconds * 1000)] += 1

    def called(self, method: str, path: str, status: int, milliseconds: float) -> None:
        """A call was answered, now."""
        self._calls.append((time.time(), method, path, status, milliseconds))

    def calls(self) -> list[dict[str, Any]]:
        """The calls that came last, the latest first."""
        return [_told(*call) for call in reversed(self._calls)]

    def to_json(self) -> dict[str, Any]:
        """Version -> what it did in the last minute; versions that did nothing are left out.

        `requestsPerSlot` has one number for each 5 seconds, the latest last. Percentiles are upper bounds, to 15 %.
        """
        oldest = self._now() - SLOTS + 1
        for version, slots in list(self._versions.items()):
            while slots and slots[0].number < oldest:
                slots.popleft()
            if not slots:
                del self._versions[version]
        return {
            "seconds": SLOT_SECONDS * SLOTS,
            "versions": {version: _summary(slots, oldest) for version, slots in self._versions.items()},
        }

    def _now(self) -> int:
        return int(self._clock() // SLOT_SECONDS)


def _told(when: float, method: str, path: str, status: int, milliseconds: float) -> dict[str, Any]:
    stamp = datetime.fromtimestamp(when, timezone.utc).isoformat(timespec="milliseconds")
    return {"time": stamp, "method": method, "path": path, "status": status, "milliseconds": round(milliseconds, 1)}


def _summary(slots: Sequence[_Slot], oldest: int) -> dict[str, Any]:
    series = [0] * SLOTS
    for slot in slots:
        series[slot.number - oldest] = slot.requests
    bins = [sum(column) for column in zip(*(slot.bins for slot in slots), strict=True)]
    return {
        "requests": sum(series),
        "failures": sum(slot.failures for slot in slots),
        "requestsPerSlot": series,
        "p50Milliseconds": _percentile(bins, 0.5),
        "p99Milliseconds": _percentile(bins, 0.99),
    }


def _bin(milliseconds: float) -> int:
    if milliseconds <= _FIRST_MS:
        return 0
    return min(_BINS - 1, math.ceil(math.log(milliseconds / _FIRST_MS, _RATIO)))


def _percentile(bins: Sequence[int], share: float) -> float:
    """The upper bound of the bin that holds this share of what was counted, in milliseconds."""
    left = math.ceil(sum(bins) * share)
    for place, count in enumerate(bins):
        left -= count
        if left <= 0:
            return round(_FIRST_MS * _RATIO**place, 2)
    raise ValueError("nothing was counted")
