"""How many nodes a version should have: a pure function of measurements over time. Needs no TensorFlow.

A node is busy while it has a pending request. The share of busy time over the last seconds replaces CPU usage, since
the CPU time of a node says little when nodes share one machine. The wanted number is such that each node would be busy
for the share `target`. It grows at once, but shrinks only after fewer nodes were enough for all of `idle` seconds. So
nodes do not flap: a stopped node was not needed for that long, and the others stay below their target.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from emulator.core.node_limits import Scale

_T = TypeVar("_T")
_TOLERANCE = 1.1
"""Tolerance above the target before a node is added, as measurements are not exact."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast the number of nodes follows the load, in seconds.

    Attributes:
        idle: how long fewer nodes must have been enough before one is stopped.
        window: period over which usage is measured.
        tick: time between two measurements.
    """

    idle: float
    window: float
    tick: float

    @classmethod
    def of(cls, idle: float) -> Pace:
        """A pace for `idle` seconds: measures at least once a second, over a window of three measurements."""
        window = min(3.0, idle)
        return cls(idle=idle, window=window, tick=window / 3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One measurement.

    Attributes:
        at: seconds on a monotonic clock.
        nodes: current number, including those being replaced.
        busy: total node-seconds of work, as counted by `Meter.total`.
        pending: requests without a response.
    """

    at: float
    nodes: int
    busy: float
    pending: int


@dataclass(frozen=True, slots=True)
class Memory:
    """The history that `step` needs: measurements within the window, and the wanted numbers within `idle`."""

    looks: tuple[Seen, ...] = ()
    wants: tuple[tuple[float, int], ...] = ()


def step(memory: Memory, seen: Seen, scale: Scale, pace: Pace) -> tuple[Memory, int]:
    """The memory after one more measurement, and the wanted number of nodes."""
    looks = (*_since(memory.looks, seen.at - pace.window, lambda look: look.at), seen)
    want = scale.clamp(_want(looks, scale, pace))
    wants = (*_since(memory.wants, seen.at - pace.idle, lambda known: known[0]), (seen.at, want))
    return Memory(looks, wants), scale.clamp(_chosen(wants, seen, pace))


def _want(looks: tuple[Seen, ...], scale: Scale, pace: Pace) -> int:
    """How many nodes the load in the window needs."""
    first, now = looks[0], looks[-1]
    span = now.at - first.at
    if span < pace.window:
        return now.nodes
    used = (now.busy - first.busy) / span
    want = math.ceil(used / scale.target)
    if want > now.nodes > 0 and used <= now.nodes * scale.target * _TOLERANCE:
        return now.nodes
    return max(want, 1) if now.pending else want


def _chosen(wants: tuple[tuple[float, int], ...], seen: Seen, pace: Pace) -> int:
    want = wants[-1][1]
    if want >= seen.nodes:
        return want
    if seen.at - wants[0][0] < pace.idle:
        return seen.nodes
    return min(seen.nodes, max(known for _, known in wants))


def _since(items: tuple[_T, ...], begin: float, when: Callable[[_T], float]) -> tuple[_T, ...]:
    """The entries from `begin` on, and the last one before it, so that they cover the whole time since then."""
    older = [item for item in items if when(item) <= begin]
    return (*older[-1:], *items[len(older) :])


class Meter:
    """Counts the node-seconds in which nodes of one version were busy.

    Args:
        clock: monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._busy = 0
        self._total = 0.0
        self._since = clock()

    @property
    def total(self) -> float:
        """Node-seconds since this object was created."""
        return self._total + self._busy * (self._clock() - self._since)

    def change(self, by: int) -> None:
        """Changes the number of busy nodes by this many."""
        self._total = self.total
        self._since = self._clock()
        self._busy += by
