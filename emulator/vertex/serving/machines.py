"""How much of this machine a replica may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.core.node_limits import Machine, Scale
from emulator.vertex.requests.deployed_bodies import CPU
from gcp import errors
from resources.vertex import machine_types

_GIB = 1 << 30
# GiB per core, from Compute Engine's documentation. Other types: 4 GiB per core; 12 cores per accelerator.
_GIB_PER_CORE = {"standard": 4.0, "highmem": 8.0, "highcpu": 1.0, "megamem": 14.0, "ultramem": 24.0}
_N1_GIB_PER_CORE = {"standard": 3.75, "highmem": 6.5, "highcpu": 0.9}
_CORES_PER_ACCELERATOR = 12
_INVALID_ARGUMENT = 3
_TARGET = 60
"""Default target of CPU usage for scaling, in percent."""


def check(resources: Mapping[str, Any]) -> None:
    """Rejects dedicated resources whose machine type does not exist. Raises `OperationFailed`."""
    type_ = resources["machineSpec"]["machineType"]
    if not machine_types.is_known(type_):
        raise errors.OperationFailed(f"Machine type {type_!r} is not supported.", _INVALID_ARGUMENT)


def machine(type_: str) -> Machine | None:
    """The machine of a type such as `n1-standard-4`; None, so no limit, for an unknown form.

    Deployments from before `check` may have one.
    """
    found = machine_types.FORM.fullmatch(type_)
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
