"""Declares the resources and outputs of a stack on Vertex AI, with the dependencies that set their order.

First endpoints and pools, then upload, deploy without traffic, traffic split, monitoring, alias `default`. After that,
what is no longer declared is undeployed and deleted, pools last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from resources.config import plan as shared_plan
from resources.config.job_entries import KEY
from resources.config.platform import Save
from resources.stack import or_else
from resources.vertex import names
from resources.vertex.config import plan
from resources.vertex.deployed_model import DeployedModel
from resources.vertex.endpoint import Endpoint
from resources.vertex.jobs.batch_prediction_job import BatchPredictionJob
from resources.vertex.model import Model
from resources.vertex.model_version import ModelVersion
from resources.vertex.monitoring.model_monitoring_job import ModelMonitoringJob
from resources.vertex.pools.resource_pool import DeploymentResourcePool
from resources.vertex.service import VERTEX
from resources.vertex.traffic_split import TrafficSplit

Resources = Mapping[str, pulumi.Resource]


def declare(
    wanted: plan.Stack, owner: pulumi.Output[str], bucket: pulumi.Resource, save: Save
) -> Iterator[tuple[str, Any]]:
    """Declares all models, then all jobs; yields the stack's outputs. Arguments are those of `Platform.declare`.

    Creating an endpoint is the first call to Vertex AI. If it fails, nothing is uploaded.
    """
    endpoints = {model.name: Endpoint(model.name, owner=owner, **model.endpoint) for model in wanted.models}
    pools = {pool.name: DeploymentResourcePool(pool.id, owner=owner, **pool.inputs) for pool in wanted.pools}
    saved = save(*endpoints.values())
    deployed = {model.name: _deploy(model, saved, pools, endpoints[model.name], owner) for model in wanted.models}
    outputs = {}
    for model in wanted.models:
        predict_url = _predict_url(wanted, model, endpoints[model.name])
        split, _ = deployed[model.name]
        outputs[model.name] = plan.summary(model, or_else(split.shares), predict_url)
    yield "models", outputs
    for job in wanted.jobs:
        _, uploaded = deployed[job.model]
        yield f"{KEY}.{job.name}", _run(job, owner, bucket, uploaded[job.version])


def _predict_url(wanted: plan.Stack, model: plan.Model, endpoint: Endpoint) -> pulumi.Input[str]:
    """The `predict` URL of an endpoint. A dedicated endpoint has its own host, which is known once it exists."""
    path = f"/v1/{names.endpoint(model.endpoint)}:predict"
    if model.endpoint.get("dedicatedEndpointEnabled") and wanted.settings.is_google:
        return or_else(endpoint.dedicated_endpoint_dns).apply(lambda host: f"https://{host}{path}")
    return f"{VERTEX.url(wanted.settings)}{path}"


def _deploy(
    model: plan.Model, saved: Resources, pools: Resources, endpoint: Endpoint, owner: pulumi.Output[str]
) -> tuple[TrafficSplit, dict[str, ModelVersion]]:
    """Declares a model; returns its split, after which it serves as declared, and its versions by name."""
    uploaded: list[ModelVersion] = []
    deployed: list[DeployedModel] = []
    for version in model.versions:  # the first upload gets the alias `default`
        behind = [saved[shared_plan.logical_name(version.saved_model)]] if version.saved_model else []
        options = pulumi.ResourceOptions(depends_on=[*behind, *uploaded[:1]])
        uploaded.append(ModelVersion(f"{model.uploads}-{version.name}", options, owner=owner, **version.uploaded))
        needed = [endpoint, uploaded[-1], *([pools[version.pool]] if version.pool else [])]
        options = pulumi.ResourceOptions(depends_on=needed, replace_with=needed)
        number = uploaded[-1].version_id
        deployed.append(_deployed(model, version, options, model_version_id=number, owner=owner))
    after = pulumi.ResourceOptions(depends_on=deployed, replace_with=[endpoint])
    split = TrafficSplit(model.name, after, **model.traffic_split)
    watched = _monitored(model, owner, split, endpoint)
    Model(model.name, pulumi.ResourceOptions(depends_on=[*watched, *uploaded]), **model.registry)
    return split, dict(zip((version.name for version in model.versions), uploaded, strict=True))


def _monitored(
    model: plan.Model, owner: pulumi.Output[str], split: TrafficSplit, endpoint: Endpoint
) -> list[pulumi.Resource]:
    """Declares the monitoring job, if any, after the split. Returns what the change of the default waits for."""
    if model.monitoring is None:
        return [split]
    options = pulumi.ResourceOptions(depends_on=[split], replace_with=[endpoint])
    return [split, ModelMonitoringJob(model.name, options, owner=owner, **model.monitoring)]


def _deployed(model: plan.Model, version: plan.Version, options: pulumi.ResourceOptions, **known: Any) -> DeployedModel:
    """Declares a deployed model. Its id is in its logical name, so changing a fixed field declares a second one."""
    name = f"{model.name}-{version.name}-{version.deployed_model_id}"
    return DeployedModel(name, options, **version.deployed, **known)


def _run(job: plan.Job, owner: pulumi.Output[str], bucket: pulumi.Resource, uploaded: ModelVersion) -> dict[str, Any]:
    """Declares a batch prediction job; returns its entry in the stack's outputs, under the names of `ml` v1.

    Args:
        job: as declared.
        owner: the stack's `Identity.token`.
        bucket: the stack's bucket.
        uploaded: the version that predicts. If it is uploaded again, the job runs again.
    """
    options = pulumi.ResourceOptions(depends_on=[bucket, uploaded], replace_with=[uploaded])
    place = {"project": uploaded.project, "location": uploaded.location, "model": uploaded.model}
    version = pulumi.Output.all(**place, number=uploaded.version_id).apply(
        lambda found: f"{names.model(found)}@{found['number']}"
    )
    done = BatchPredictionJob(job.name, options, model=version, owner=owner, **job.inputs)
    results = pulumi.Output.all(folder=done.output_info, rows=done.completion_stats, used=done.resources_consumed)
    return {"jobId": or_else(done.name.apply(_id)), "results": or_else(results.apply(plan.results))}


def _id(name: str | None) -> str | None:
    return names.last(name) if name else None
