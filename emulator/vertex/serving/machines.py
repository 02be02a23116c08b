"""How much of this machine a replica may use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emulator.core.node_limits import Machine, Scale
from emulator.vertex.requests.deployed_bodies import CPU

_GIB = 1 << 30
_TYPE = r"(?P<family>[a-z]+[0-9]+[a-z]?)-(?P<kind>[a-z]+)-(?P<size>[0-9]+)(?P<unit>g?).*"
# GiB per core, from Compute Engine's documentation. Other types: 4 GiB per core; 12 cores per accelerator.
_GIB_PER_CORE = {"standard": 4.0, "highmem": 8.0, "highcpu": 1.0, "megamem": 14.0, "ultramem": 24.0}
_N1_GIB_PER_CORE = {"standard": 3.75, "highmem": 6.5, "highcpu": 0.9}
_CORES_PER_ACCELERATOR = 12
_TARGET = 60
"""Default target of CPU usage for scaling, in percent."""


def machine(type_: str) -> Machine | None:
    """The machine of a type such as `n1-standard-4`; None, so no limit, for an unknown form."""
    found = re.fullmatch(_TYPE, type_)
    if found is None:
        return None
    cores = int(found["size"]) * (_CORES_PER_ACCELERATOR if found["unit"] else 1)
    table = _N1_GIB_PER_CORE if found["family"] == "n1" else _GIB_PER_CORE
    return Machine(max(cores, 1), int(table.get(found["kind"], 4.0) * max(cores, 1) * _GIB))


def scale(resources: Mapping[str, Any]) -> Scale:
    """The replicas in dedicated resources. With a minimum of 0, the first prediction starts one."""
    least, most = int(resources.get("minReplicaCount", 0)), int(resources.get("maxReplicaCount", 1))
    specs = resources.get("autoscalingMetricSpecs", [])
    targets = [int(spec.get("target", 0)) or _TARGET for spec in specs if spec.get("metricName") == CPU]
    return Scale(least=least, most=max(least, most), target=(targets or [_TARGET])[0] / 100)
