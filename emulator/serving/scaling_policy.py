"""How many nodes a version should have: a pure function of what was seen, and when. Needs no TensorFlow.

A node is used while it has a request to answer. The share of time in which it is, over the last seconds, stands for its
CPU usage: on one machine that nodes share, the processor time that a node got says less. So many nodes are wanted that
each would be used for `target` of the time. More are started as soon as more are wanted; fewer remain only when fewer
were wanted for the whole of `idle`. That is why nodes never flap: whatever is taken away was not needed for that long,
and the load that is left keeps the others below their target.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from emulator.core.node_limits import Scale

_T = TypeVar("_T")
_TOLERANCE = 1.1
"""How far above the target usage may be before a node is added: a measured share is never exact."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How quickly the number follows the load, in seconds.

    Attributes:
        idle: for how long fewer nodes must have been enough, before one is taken away.
        window: over which usage is measured.
        tick: between two looks.
    """

    idle: float
    window: float
    tick: float

    @classmethod
    def of(cls, idle: float) -> Pace:
        """A pace for `idle` seconds: looks each second or more often, and measures over three looks."""
        window = min(3.0, idle)
        return cls(idle=idle, window=window, tick=window / 3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What one look finds.

    Attributes:
        at: seconds on any clock that only goes forward.
        nodes: there are now, those that are being replaced included.
        busy: node-seconds of work since the beginning, as `Meter.total` counts them.
        pending: requests that have not been answered.
    """

    at: float
    nodes: int
    busy: float
    pending: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What `step` has to know of the past: looks within the window, and what each look within `idle` wanted."""

    looks: tuple[Seen, ...] = ()
    wants: tuple[tuple[float, int], ...] = ()


def step(memory: Memory, seen: Seen, scale: Scale, pace: Pace) -> tuple[Memory, int]:
    """The memory after one more look, and how many nodes there should be."""
    looks = (*_since(memory.looks, seen.at - pace.window, lambda look: look.at), seen)
    want = scale.clamp(_want(looks, scale, pace))
    wants = (*_since(memory.wants, seen.at - pace.idle, lambda known: known[0]), (seen.at, want))
    return Memory(looks, wants), scale.clamp(_chosen(wants, seen, pace))


def _want(looks: tuple[Seen, ...], scale: Scale, pace: Pace) -> int:
    """How many nodes the load of the window asks for."""
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
    """Those from `begin` on, and the last one before it: together they cover the whole time since then."""
    older = [item for item in items if when(item) <= begin]
    return (*older[-1:], *items[len(older) :])


class Meter:
    """Counts the node-seconds in which nodes of one version had something to answer.

    Args:
        clock: seconds, only forward.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._busy = 0
        self._total = 0.0
        self._since = clock()

    @property
    def total(self) -> float:
        """Node-seconds since this was made."""
        return self._total + self._busy * (self._clock() - self._since)

    def change(self, by: int) -> None:
        """So many nodes more got something to do, or have nothing left."""
        self._total = self.total
        self._since = self._clock()
        self._busy += by
