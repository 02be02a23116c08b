"""Machines and replicas that rows of several kinds change."""

from __future__ import annotations

from tests.providers import State

CPU = {"metricName": "aiplatform.googleapis.com/prediction/online/cpu/utilization", "target": 50}
GPU = {"metricName": "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle", "target": 50}
ONE: State = {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1, "maxReplicaCount": 2}
"""The least that says machines and replicas."""
_RESERVED = {
    "reservationAffinityType": "SPECIFIC_RESERVATION",
    "key": "compute.googleapis.com/reservation-name",
    "values": ["r"],
}
_MACHINE: State = {
    "machineType": "n1-standard-2",
    "acceleratorType": "NVIDIA_TESLA_T4",
    "acceleratorCount": 1,
    "gpuPartitionSize": "1g.10gb",
    "tpuTopology": "1x1",
    "reservationAffinity": _RESERVED,
}
WHOLE: State = {**ONE, "machineSpec": _MACHINE, "spot": False}
"""With every field of the machine."""
ZERO: State = {
    **ONE,
    "minReplicaCount": 0,
    "initialReplicaCount": 1,
    "scaleToZeroSpec": {"idleScaledownPeriod": "300s", "minScaleupPeriod": "300s"},
}
"""Scales to zero, which v1beta1 alone does."""
FIXED: State = {
    "machineSpec.machineType": "n1-standard-4",
    "machineSpec.acceleratorType": "NVIDIA_L4",
    "machineSpec.acceleratorCount": 2,
    "machineSpec.gpuPartitionSize": "2g.20gb",
    "machineSpec.tpuTopology": "2x2",
    "machineSpec.reservationAffinity.reservationAffinityType": "ANY_RESERVATION",
    "machineSpec.reservationAffinity.key": "other",
    "machineSpec.reservationAffinity.values": ["s"],
    "spot": True,
}
"""Path in `WHOLE` -> another value of what cannot be changed in place."""
