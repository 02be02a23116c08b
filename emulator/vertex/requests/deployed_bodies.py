"""Checks deployed models in requests, and returns the bodies to store.

The rules come from the discovery document's descriptions of `DeployedModel` and `DedicatedResources`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emulator.hosting import proto_values
from emulator.vertex import methods
from emulator.vertex.requests.request_checks import field_error, seconds

KINDS = ("dedicatedResources", "automaticResources", "sharedResources")
FIELDS = (
    *(*KINDS, "checkpointId", "disableContainerLogging", "disableExplanations", "displayName", "enableAccessLogging"),
    *("enableContainerLogging", "explanationSpec", "fasterDeploymentConfig", "serviceAccount", "systemLabels"),
)
_NOT_EMULATED = ("fullFineTunedResources", "gdcConnectedModel", "rolloutOptions", "speculativeDecodingSpec")
_METRIC = (
    r"aiplatform\.googleapis\.com/prediction/online/(cpu/utilization|accelerator/duty_cycle|request_count)"
    r"|pubsub\.googleapis\.com/subscription/num_undelivered_messages"
    r"|prometheus\.googleapis\.com/vertex_(dcgm_fi_dev_gpu_util|vllm_gpu_cache_usage_perc|vllm_num_requests_waiting)"
)
CPU = "aiplatform.googleapis.com/prediction/online/cpu/utilization"
DEFAULT_MACHINE = "n1-standard-2"
_ID = r"[1-9][0-9]{0,9}"
_SCALING = ("autoscalingMetricSpecs", "maxReplicaCount", "minReplicaCount", "requiredReplicaCount")
_BETA_SCALING = ("initialReplicaCount", "scaleToZeroSpec")
_ZERO_SECONDS = (300, 28800)
"""Minimum and maximum of the durations of `scaleToZeroSpec`."""


def new_body(given: Mapping[str, Any], *, display_name: str, version: str) -> dict[str, Any]:
    """The body to store for a new deployed model. Output-only fields are ignored.

    Args:
        given: the `DeployedModel` of the request.
        display_name: default display name: that of the model.
        version: version of the API.

    Raises:
        InvalidArgument: it is not allowed, or not emulated.
    """
    for name in _NOT_EMULATED:
        if given.get(name):
            raise field_error(f"deployedModel.{name}", "is not emulated.")
    if (id_ := given.get("id")) and not re.fullmatch(_ID, id_):
        raise field_error("deployedModel.id", f"must be 1 to 10 digits without a leading 0; got {id_!r}.")
    kinds = [kind for kind in KINDS if kind in given]
    if len(kinds) != 1:
        raise field_error("deployedModel", f"must have exactly one of {', '.join(KINDS)}; it has {len(kinds)}.")
    if kinds == ["automaticResources"]:
        raise field_error("deployedModel.automaticResources", "is not supported by models with a container.")
    body = {"displayName": display_name, **{name: given[name] for name in FIELDS if name in given}}
    if resources := body.get("dedicatedResources"):
        body["dedicatedResources"] = dedicated(resources, version)
    return proto_values.stored(body, ("systemLabels",))


def dedicated(
    given: Mapping[str, Any], version: str, where: str = "deployedModel.dedicatedResources"
) -> dict[str, Any]:
    """Dedicated resources with defaults filled in. Raises `InvalidArgument`."""
    resources = {**given, "machineSpec": {"machineType": DEFAULT_MACHINE, **given.get("machineSpec", {})}}
    least, most = int(given.get("minReplicaCount", 0)), int(given.get("maxReplicaCount", 0))
    if least < 1 and version == methods.STABLE:
        raise field_error(f"{where}.minReplicaCount", f"must be 1 or more; got {least}.")
    if least < 1:
        _check_zero(given, where)
    elif given.get("initialReplicaCount"):
        raise field_error(f"{where}.initialReplicaCount", "must not be set unless minReplicaCount is 0.")
    resources["maxReplicaCount"] = most = most or max(least, 1)
    if most < least:
        raise field_error(f"{where}.maxReplicaCount", f"must be at least minReplicaCount, {least}; got {most}.")
    if not 0 <= int(given.get("requiredReplicaCount", 0)) <= max(least, 1):
        raise field_error(f"{where}.requiredReplicaCount", "must be from 1 to minReplicaCount.")
    _check_metrics(given.get("autoscalingMetricSpecs", []), where)
    return resources


def _check_zero(given: Mapping[str, Any], where: str) -> None:
    initial, most = int(given.get("initialReplicaCount", 0)), int(given.get("maxReplicaCount", 0)) or 1
    if not 0 < initial <= most:
        raise field_error(f"{where}.initialReplicaCount", f"must be 1 to maxReplicaCount, {most}; got {initial}.")
    for name, text in given.get("scaleToZeroSpec", {}).items():
        seconds(f"{where}.scaleToZeroSpec.{name}", text, *_ZERO_SECONDS)


def _check_metrics(specs: list[Mapping[str, Any]], where: str) -> None:
    names = [spec.get("metricName", "") for spec in specs]
    for spec, name in zip(specs, names, strict=True):
        if not re.fullmatch(_METRIC, name) or names.count(name) > 1:
            raise field_error(f"{where}.autoscalingMetricSpecs", f"must name each known metric once; got {name!r}.")
        if not 0 <= int(spec.get("target", 0)) <= 100:
            raise field_error(f"{where}.autoscalingMetricSpecs", f"target must be 1 to 100; got {spec['target']}.")


def check_mutation(mask: list[str], version: str) -> None:
    """Rejects a mask with fields that cannot be changed. Raises `InvalidArgument`."""
    if not mask:
        raise field_error("updateMask", "is required.")
    beta = version == methods.BETA
    scaling = (*_SCALING, *_BETA_SCALING) if beta else _SCALING
    logging = "enableContainerLogging" if beta else "disableContainerLogging"
    known = [*(f"dedicatedResources.{name}" for name in scaling), logging]
    for leaf in mask:
        if not any(leaf == name or leaf.startswith(f"{name}.") for name in known):
            raise field_error("updateMask", f"{leaf} cannot be updated. What can: {', '.join(sorted(known))}.")


def most_replicas(body: Mapping[str, Any]) -> int:
    """How many replicas a deployed model counts against the quota: its maximum, or 0 on a pool."""
    return int(body.get("dedicatedResources", {}).get("maxReplicaCount", 0))
