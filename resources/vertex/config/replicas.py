"""Turns the machines and replicas of a version or pool in a stack file into `DedicatedResources`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from resources.schema.types import Failure, shown, table
from resources.vertex import machine_types
from resources.vertex.config import field_keys
from resources.vertex.config.plan import facts
from resources.vertex.fields.machine import PREVIEW_LEAVES

_METRIC = "aiplatform.googleapis.com/prediction/online/"
_METRICS = {"CPU_USAGE": f"{_METRIC}cpu/utilization", "GPU_DUTY_CYCLE": f"{_METRIC}accelerator/duty_cycle"}
"""Names of metrics: stack file -> Vertex AI."""
_RESOURCES = "dedicatedResources"
_KEYS: field_keys.Keys = {
    f"{_RESOURCES}.machineSpec.machineType": "machineType",
    f"{_RESOURCES}.machineSpec.acceleratorType": "acceleratorConfig.type",
    f"{_RESOURCES}.machineSpec.acceleratorCount": "acceleratorConfig.count",
    f"{_RESOURCES}.machineSpec": "vertex",
    f"{_RESOURCES}.minReplicaCount": "autoScaling.minNodes",
    f"{_RESOURCES}.maxReplicaCount": "autoScaling.maxNodes",
    _RESOURCES: "vertex",
}
_OF_MACHINES = ("gpuPartitionSize", "tpuTopology", "reservationAffinity")
_OF_REPLICAS = ("requiredReplicaCount", "spot", *PREVIEW_LEAVES)
ENTRY_KEYS = ("machineType", "acceleratorConfig", "autoScaling", "manualScaling")
"""The keys of an entry that set machines and replicas."""
OPTION_KEYS = (*_OF_MACHINES, *_OF_REPLICAS, "autoscalingMetricSpecs")
"""The keys of an entry's `vertex` block that set them."""


def keys(entry: Mapping[str, Any]) -> field_keys.Keys:
    """Fields of machines and replicas -> the keys of the entry that set them."""
    if "manualScaling" not in entry:
        return _KEYS
    counts = (f"{_RESOURCES}.{name}ReplicaCount" for name in ("min", "max"))
    return {**_KEYS, **dict.fromkeys(counts, "manualScaling.nodes")}


def machine(entry: Mapping[str, Any]) -> dict[str, Any]:
    """`MachineSpec` of an entry."""
    accelerator, options = table(entry, "acceleratorConfig"), table(entry, "vertex")
    return facts(
        {"machineType": entry["machineType"]},
        {"acceleratorType": accelerator.get("type"), "acceleratorCount": accelerator.get("count")},
        {key: options.get(key) for key in _OF_MACHINES},
    )


def dedicated(entry: Mapping[str, Any]) -> dict[str, Any]:
    """`DedicatedResources` of an entry: nodes of a stack file are replicas."""
    auto, options = table(entry, "autoScaling"), table(entry, "vertex")
    nodes = table(entry, "manualScaling").get("nodes")
    least = auto.get("minNodes", 1) if nodes is None else nodes
    most = auto.get("maxNodes", max(least, 1)) if nodes is None else nodes
    return facts(
        {"machineSpec": machine(entry), "minReplicaCount": least, "maxReplicaCount": most},
        {key: options.get(key) for key in _OF_REPLICAS},
        {"autoscalingMetricSpecs": options.get("autoscalingMetricSpecs") or _metrics(auto) or None},
    )


def _metrics(auto: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = [facts({"metricName": _METRICS[each["name"]]}, each) for each in auto.get("metrics") or []]
    return [{key: item for key, item in metric.items() if key != "name"} for metric in found]


def failures(entry: Mapping[str, Any]) -> Iterator[Failure]:
    """Errors in the machines and replicas of an entry whose types are already checked."""
    auto = table(entry, "autoScaling")
    if "machineType" not in entry:
        yield "machineType", "is missing"
    yield from _scaling_failures(entry)
    if "autoScaling" in entry and "manualScaling" in entry:
        yield "manualScaling", "excludes autoScaling: give one of them"
    if auto.get("metrics") and table(entry, "vertex").get("autoscalingMetricSpecs"):
        yield "vertex.autoscalingMetricSpecs", "excludes autoScaling.metrics: give one of them"
    if str(entry.get("machineType", "")).startswith("mls1-"):
        yield "machineType", "Vertex AI has no mls1 machines, which cost nothing when idle: n1-standard-2"


def warnings(entry: Mapping[str, Any], where: str) -> list[str]:
    """Warns of a machine type that is not known: it may be misspelt, and the service says so only when it deploys."""
    type_ = str(entry.get("machineType", ""))
    if not type_ or machine_types.is_known(type_):
        return []
    meant = machine_types.suggestion(type_)
    ask = f"did you mean {meant}?" if meant else "check the spelling"
    return [f"{where}.machineType: {shown(type_)} is not a known machine type; Vertex AI may refuse it; {ask}"]


def _scaling_failures(entry: Mapping[str, Any]) -> Iterator[Failure]:
    """Numbers of nodes below their minimum."""
    auto, preview = table(entry, "autoScaling"), table(entry, "vertex").get("preview") is True
    nodes, least, most = table(entry, "manualScaling").get("nodes"), auto.get("minNodes", 1), auto.get("maxNodes")
    if nodes is not None and nodes < 1:
        instead = "to scale to zero, give autoScaling: {minNodes: 0} and vertex: {preview: true}"
        yield "manualScaling.nodes", f"must be 1 or more; it is {nodes}; {instead}"
    if least < 0 or (least == 0 and not preview):
        where = "scaling to zero is a preview feature of Google's, vertex: {preview: true}"
        yield "autoScaling.minNodes", f"must be 1 or more: a deployed model has a replica; it is {least}; {where}"
    elif most is not None and most < max(least, 1):
        wanted = f"must not be below minNodes, {least}" if least else "must be 1 or more"
        yield "autoScaling.maxNodes", f"{wanted}; it is {most}"
