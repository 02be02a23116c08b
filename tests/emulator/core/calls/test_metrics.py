"""What the emulator counts of the last minute."""

from __future__ import annotations

import pytest

from emulator.core.calls.metrics import SLOT_SECONDS, SLOTS, Metrics


def test_percentiles_are_bounds_within_fifteen_per_cent() -> None:
    """Of 100 predictions that took 1 to 100 ms."""
    metrics = Metrics(lambda: 0.0)
    for milliseconds in range(1, 101):
        metrics.record("v", milliseconds / 1000, failed=milliseconds > 97)

    found = metrics.to_json()["versions"]["v"]

    assert (found["requests"], found["failures"]) == (100, 3)
    assert 50 <= found["p50Milliseconds"] <= 50 * 1.15
    assert 99 <= found["p99Milliseconds"] <= 99 * 1.15


def test_a_minute_is_kept_and_no_more() -> None:
    """Slot by slot, the latest last; a version that did nothing for a minute is left out."""
    now = [1000.0]
    metrics = Metrics(lambda: now[0])
    metrics.record("old", 0.001, failed=False)
    now[0] += SLOT_SECONDS * (SLOTS - 1)
    metrics.record("new", 0.001, failed=False)
    metrics.record("new", 0.001, failed=False)

    found = metrics.to_json()

    assert found["seconds"] == 60
    assert found["versions"]["old"]["requestsPerSlot"] == [1] + [0] * 11
    assert found["versions"]["new"]["requestsPerSlot"] == [0] * 11 + [2]
    now[0] += SLOT_SECONDS
    assert list(metrics.to_json()["versions"]) == ["new"]


@pytest.mark.parametrize(("seconds", "least", "most"), [(0.0, 0, 0.1), (1e-6, 0, 0.1), (1e6, 1000, 1e6)])
def test_what_is_out_of_range_is_counted_at_its_end(seconds: float, least: float, most: float) -> None:
    """Nothing is too quick or too slow to be counted."""
    metrics = Metrics(lambda: 0.0)
    metrics.record("v", seconds, failed=False)

    assert least <= metrics.to_json()["versions"]["v"]["p99Milliseconds"] <= most


def test_memory_does_not_grow_with_the_requests() -> None:
    """The last hundred calls are kept, the latest first, and counters in place of durations."""
    metrics = Metrics(lambda: 0.0)
    for number in range(300):
        metrics.called("-", f"/{number}", 200, 1.0)

    assert [call["path"] for call in metrics.calls()] == [f"/{number}" for number in range(299, 199, -1)]
