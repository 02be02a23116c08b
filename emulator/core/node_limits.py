"""How many nodes a version may have, and what each may use of this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """How many nodes there may be.

    Attributes:
        least: always there; 0 lets an idle version have none.
        most: not exceeded. Equal to `least`, the number is fixed.
        target: share of time, 0 to 1, in which a node should be used.
    """

    least: int
    most: int
    target: float = 0.6

    @classmethod
    def fixed(cls, nodes: int) -> Scale:
        """Exactly so many."""
        return cls(least=nodes, most=nodes)

    @property
    def follows(self) -> bool:
        """Whether the number depends on the load. A version without nodes follows its first request."""
        return self.most > self.least

    def clamp(self, nodes: int) -> int:
        """The nearest number that is allowed."""
        return min(max(nodes, self.least), self.most)


@dataclass(frozen=True, slots=True)
class Machine:
    """A bound, not a reservation: nodes share the cores and the memory that are really there.

    A core is one hardware thread: two of them are one physical core, so TensorFlow gets one thread for each two.

    Attributes:
        cores: on how many cores of this machine a node may run.
        memory: bytes that a node may allocate beyond what TensorFlow itself holds.
    """

    cores: int
    memory: int

    @property
    def threads(self) -> int:
        """TensorFlow's threads within one operation: no more than this machine has cores."""
        return max(1, min(self.cores // 2, cores_here()))


def cores_here() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0))
