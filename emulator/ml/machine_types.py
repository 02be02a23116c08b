"""Cores and memory of the machine types, as Google's documentation of AI Platform Prediction gives them."""

from __future__ import annotations

from emulator.core.node_limits import Machine

_GIB = 1 << 30
_MLS1 = {"mls1-c1-m2": (1, 2.0), "mls1-c4-m2": (4, 2.0)}
_N1_GIB_PER_CORE = {"standard": 3.75, "highmem": 6.5, "highcpu": 0.9}


def machine(name: str) -> Machine:
    """The machine of a type, `n1-standard-4`. Raises `KeyError` for an unknown type."""
    if name in _MLS1:
        cores, gib = _MLS1[name]
        return Machine(cores, int(gib * _GIB))
    family, kind, size = name.split("-")
    if family != "n1":
        raise KeyError(name)
    return Machine(int(size), int(_N1_GIB_PER_CORE[kind] * int(size) * _GIB))
