"""Machines and replicas of `aiplatform` v1: MachineSpec, DedicatedResources, AutoscalingMetricSpec."""

from __future__ import annotations

from typing import Literal, TypedDict

from typing_extensions import Required

Accelerator = Literal[
    "NVIDIA_TESLA_K80",
    "NVIDIA_TESLA_P100",
    "NVIDIA_TESLA_V100",
    "NVIDIA_TESLA_P4",
    "NVIDIA_TESLA_T4",
    "NVIDIA_TESLA_A100",
    "NVIDIA_A100_80GB",
    "NVIDIA_L4",
    "NVIDIA_H100_80GB",
    "NVIDIA_H100_MEGA_80GB",
    "NVIDIA_H200_141GB",
    "NVIDIA_B200",
    "NVIDIA_GB200",
    "NVIDIA_RTX_PRO_6000",
    "TPU_V2",
    "TPU_V3",
    "TPU_V4_POD",
    "TPU_V5_LITEPOD",
]


class ReservationAffinity(TypedDict, total=False):
    """The Compute Engine reservations that the machines may use."""

    reservation_affinity_type: Required[Literal["NO_RESERVATION", "ANY_RESERVATION", "SPECIFIC_RESERVATION"]]
    key: str
    values: list[str]


class MachineSpec(TypedDict, total=False):
    """The machine of a replica, with its accelerators. All of it is fixed."""

    machine_type: Required[str]
    accelerator_type: Accelerator
    accelerator_count: int
    gpu_partition_size: str
    tpu_topology: str
    reservation_affinity: ReservationAffinity


class AutoscalingMetricSpec(TypedDict, total=False):
    """A metric for autoscaling, by its name in Cloud Monitoring. `target` is a percentage; default 60."""

    metric_name: Required[str]
    target: int


class ScaleToZeroSpec(TypedDict, total=False):
    """When the last replica stops: durations from "300s" to "28800s".

    `idle_scaledown_period`: how long without requests. `min_scaleup_period`: how long replicas stay after a scale-up.
    """

    idle_scaledown_period: str
    min_scaleup_period: str


class DedicatedResources(TypedDict, total=False):
    """Replicas, from `min_replica_count` (1 or more) to `max_replica_count` (default: the same).

    The quota is charged for the maximum. A deployment succeeds once `required_replica_count` replicas are available
    (default: the minimum). `spot` machines cost less and can be taken away at any time. With `preview: true` the
    minimum may be 0: then `initial_replica_count` replicas start with the first request, and `scale_to_zero_spec` sets
    when they stop.
    """

    machine_spec: Required[MachineSpec]
    min_replica_count: Required[int]
    max_replica_count: int
    required_replica_count: int
    autoscaling_metric_specs: list[AutoscalingMetricSpec]
    initial_replica_count: int
    scale_to_zero_spec: ScaleToZeroSpec
    spot: bool


PREVIEW_LEAVES = ("initialReplicaCount", "scaleToZeroSpec")
"""The fields of DedicatedResources that only v1beta1 has."""
SCALING_LEAVES = (
    *("minReplicaCount", "maxReplicaCount", "requiredReplicaCount", "autoscalingMetricSpecs"),
    *PREVIEW_LEAVES,
)
"""The fields of DedicatedResources that `mutateDeployedModel` changes; the rest is fixed."""
_RESOURCES = "dedicatedResources"
MACHINES_LEFT_OUT = {
    f"{_RESOURCES}.flexStart": "v1beta1 only: machines that end after 7 days at most, with what is deployed on them",
    f"{_RESOURCES}.autoscalingMetricSpecs.monitoredResourceLabels": "v1beta1 only: for metrics of Prometheus, which "
    "containers for language models have",
    f"{_RESOURCES}.machineSpec.minGpuDriverVersion": "v1beta1 only: containers for language models",
    f"{_RESOURCES}.machineSpec.multihostGpuNodeCount": "v1beta1 only: models that one machine cannot hold",
}
"""The fields of DedicatedResources that are not managed, and why."""
