"""What a node of each machine type may use of this machine.

Cores and memory as Google's documentation gives them for the machine types of AI Platform Prediction. A core there is
one hardware thread: two of them are one physical core, so TensorFlow gets one thread for each two.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

_GIB = 1 << 30
_MLS1 = {"mls1-c1-m2": (1, 2.0), "mls1-c4-m2": (4, 2.0)}
_N1_GIB_PER_CORE = {"standard": 3.75, "highmem": 6.5, "highcpu": 0.9}


@dataclass(frozen=True, slots=True)
class Machine:
    """A bound, not a reservation: nodes share the cores and the memory that are really there.

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


def machine(name: str) -> Machine:
    """The machine of a type, `n1-standard-4`. Raises `KeyError` for one that is none."""
    if name in _MLS1:
        cores, gib = _MLS1[name]
        return Machine(cores, int(gib * _GIB))
    family, kind, size = name.split("-")
    if family != "n1":
        raise KeyError(name)
    return Machine(int(size), int(_N1_GIB_PER_CORE[kind] * int(size) * _GIB))
