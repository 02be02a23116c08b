"""Declares what a stack on Vertex AI consists of, in the order in which it must come and go, and its outputs.

Pools, upload, deploy without traffic, split, monitoring, alias `default`; what is no longer declared is undeployed and
deleted after that, pools last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from resources.config import plan as shared_plan
from resources.stack import or_else
from resources.vertex.config import plan
from resources.vertex.deployed_model import DeployedModel
from resources.vertex.endpoint import Endpoint
from resources.vertex.model import Model
from resources.vertex.model_version import ModelVersion
from resources.vertex.monitoring.model_monitoring_job import ModelMonitoringJob
from resources.vertex.pools.resource_pool import DeploymentResourcePool
from resources.vertex.traffic_split import TrafficSplit

Resources = Mapping[str, pulumi.Resource]


def declare(wanted: plan.Stack, owner: pulumi.Output[str], saved: Resources) -> Iterator[tuple[str, Any]]:
    """Declares all models; yields the stack's outputs. Arguments are those of `Platform.declare`."""
    pools = {pool.name: DeploymentResourcePool(pool.id, owner=owner, **pool.inputs) for pool in wanted.pools}
    splits = {model.name: _deploy(model, saved, pools, owner) for model in wanted.models}
    yield "models", {m.name: plan.summary(wanted, m, or_else(splits[m.name].shares)) for m in wanted.models}


def _deploy(model: plan.Model, saved: Resources, pools: Resources, owner: pulumi.Output[str]) -> TrafficSplit:
    """Declares a model; returns its split, after which it serves as declared."""
    endpoint = Endpoint(model.name, owner=owner, **model.endpoint)
    uploaded: list[ModelVersion] = []
    deployed: list[DeployedModel] = []
    for version in model.versions:  # the default is uploaded first, which makes the model, and is its `default`
        behind = [saved[shared_plan.logical_name(version.saved_model)]] if version.saved_model else []
        options = pulumi.ResourceOptions(depends_on=[*behind, *uploaded[:1]])
        uploaded.append(ModelVersion(f"{model.name}-{version.name}", options, owner=owner, **version.uploaded))
        needed = [endpoint, uploaded[-1], *([pools[version.pool]] if version.pool else [])]
        options = pulumi.ResourceOptions(depends_on=needed, replace_with=needed)
        number = uploaded[-1].version_id
        deployed.append(_deployed(model, version, options, model_version_id=number, owner=owner))
    after = pulumi.ResourceOptions(depends_on=deployed, replace_with=[endpoint])
    split = TrafficSplit(model.name, after, **model.traffic_split)
    watched = _monitored(model, owner, split, endpoint)
    Model(model.name, pulumi.ResourceOptions(depends_on=[*watched, *uploaded]), **model.registry)
    return split


def _monitored(
    model: plan.Model, owner: pulumi.Output[str], split: TrafficSplit, endpoint: Endpoint
) -> list[pulumi.Resource]:
    """Declares the monitoring job, if there is one, after the split; returns what comes before the default moves."""
    if model.monitoring is None:
        return [split]
    options = pulumi.ResourceOptions(depends_on=[split], replace_with=[endpoint])
    return [split, ModelMonitoringJob(model.name, options, owner=owner, **model.monitoring)]


def _deployed(model: plan.Model, version: plan.Version, options: pulumi.ResourceOptions, **known: Any) -> DeployedModel:
    """Declares a deployed model: its logical name has its id, so that a change of a fixed field is a second one."""
    name = f"{model.name}-{version.name}-{version.deployed_model_id}"
    return DeployedModel(name, options, **version.deployed, **known)
