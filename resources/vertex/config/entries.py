"""The keys of a stack file on Vertex AI, and the keys of `ml` v1 that do not apply, each with what to do instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypedDict

from typing_extensions import Required

from resources.config import job_entries
from resources.config.entries import Section, mapping
from resources.config.shared_entries import SharedKeys
from resources.schema.serving_fields import AutoScaling, ContainerSpec, ManualScaling, RouteMap
from resources.schema.shared_fields import Timeouts
from resources.schema.types import Free, Input, Texts
from resources.vertex.fields.batch_prediction_job import BATCH_PREDICTION_JOB
from resources.vertex.fields.container import Probe
from resources.vertex.fields.endpoint import (
    ENDPOINT,
    ClientConnectionConfig,
    PrivateServiceConnectConfig,
    RequestLogging,
)
from resources.vertex.fields.machine import Accelerator, AutoscalingMetricSpec, ReservationAffinity, ScaleToZeroSpec
from resources.vertex.fields.model import MODEL_VERSION
from resources.vertex.fields.monitoring import MonitoringAlertConfig, MonitoringSchedule
from resources.vertex.fields.objectives import ObjectiveConfig, SamplingStrategy
from resources.vertex.fields.resource_pool import DEPLOYMENT_RESOURCE_POOL
from resources.vertex.fields.shared import EncryptionSpec, GcsDestination


class VertexKeys(SharedKeys, total=False):
    """The keys under `tf2-models:` of a stack on Vertex AI."""

    models: Required[dict[str, Any]]
    servingImage: str  # noqa: N815 - a key of a stack file
    resourcePools: dict[str, Any]  # noqa: N815 - likewise
    batchPredictionJobs: dict[str, Any]  # noqa: N815 - likewise
    # Not for Vertex AI, but with an empty default in `Pulumi.yaml`:
    runtimeVersion: str  # noqa: N815 - likewise


class AcceleratorConfig(TypedDict):
    """GPUs or TPUs of each replica."""

    count: int
    type: Accelerator


class MonitoringOptions(TypedDict, total=False):
    """The monitoring job of a model: what to monitor, for all versions or by version, and when."""

    display_name: str
    labels: Input[Texts]
    objective_config: ObjectiveConfig
    objective_configs: dict[str, ObjectiveConfig]
    logging_sampling_strategy: Required[SamplingStrategy]
    model_deployment_monitoring_schedule_config: Required[MonitoringSchedule]
    model_monitoring_alert_config: MonitoringAlertConfig
    log_ttl: str
    enable_monitoring_pipeline_logs: bool
    predict_instance_schema_uri: str
    analysis_instance_schema_uri: str
    sample_predict_instance: Any
    stats_anomalies_base_directory: GcsDestination


class EndpointOptions(TypedDict, total=False):
    """A model's `vertex` block: settings of its endpoint and of its model in the registry."""

    endpoint_id: str
    model_id: str
    display_name: str
    dedicated_endpoint_enabled: bool
    client_connection_config: ClientConnectionConfig
    predict_request_response_logging_config: RequestLogging
    private_service_connect_config: PrivateServiceConnectConfig
    network: str
    encryption_spec: EncryptionSpec
    monitoring: MonitoringOptions


class ReplicaOptions(TypedDict, total=False):
    """The settings of machines and replicas in the `vertex` block of a version or pool."""

    spot: bool
    required_replica_count: int
    autoscaling_metric_specs: list[AutoscalingMetricSpec]
    gpu_partition_size: str
    tpu_topology: str
    reservation_affinity: ReservationAffinity
    preview: bool
    initial_replica_count: int
    scale_to_zero_spec: ScaleToZeroSpec


class PoolOptions(ReplicaOptions, total=False):
    """A pool's `vertex` block."""

    resource_pool_id: str
    encryption_spec: EncryptionSpec


class VersionOptions(ReplicaOptions, total=False):
    """A version's `vertex` block: its replicas, and the container settings that `container` has no key for."""

    deployed_model_id: str
    redeploy: str
    version_aliases: list[str]
    resource_pool: str
    deployment_timeout: str
    shared_memory_size_mb: int
    grpc_port: int
    startup_probe: Probe
    health_probe: Probe
    liveness_probe: Probe


class ModelEntry(TypedDict, total=False):
    """A model of a stack file."""

    description: Input[Free]
    labels: Input[Texts]
    online_prediction_logging: bool
    online_prediction_console_logging: bool
    default_version: Required[str]
    traffic_split: dict[str, Any]
    gate: Gate
    versions: Required[dict[str, Any]]
    timeouts: Timeouts
    adopt: bool
    allow_downtime: bool
    vertex: EndpointOptions


class VersionEntry(TypedDict, total=False):
    """A version of a model."""

    artifact: Required[str]
    parameters: dict[str, Any]
    allow_newer_tensor_flow: bool
    description: Input[Free]
    labels: Input[Texts]
    machine_type: str  # required, unless the version runs on a pool
    accelerator_config: AcceleratorConfig
    auto_scaling: AutoScaling
    manual_scaling: ManualScaling
    container: ContainerSpec
    routes: RouteMap
    service_account: str
    timeouts: Timeouts
    adopt: bool
    allow_downtime: bool
    vertex: VersionOptions


class PoolEntry(TypedDict, total=False):
    """A resource pool: machines that several versions share."""

    machine_type: Required[str]
    accelerator_config: AcceleratorConfig
    auto_scaling: AutoScaling
    manual_scaling: ManualScaling
    online_prediction_console_logging: bool
    service_account: str
    timeouts: Timeouts
    adopt: bool
    vertex: PoolOptions


class Gate(TypedDict, total=False):
    """Gates are not available on Vertex AI yet; `skip: true` says that versions go live without one."""

    skip: Required[Literal[True]]


_IMAGE = "the image of the container decides: leave it out"
REFUSED_OF_MODELS = {
    "regions": "the region is gcp:region: leave it out",
    "version": "give versions, with names",
    "allowBreakingChange": "signatures are not compared on Vertex AI yet: leave it out",
}
REFUSED_OF_VERSIONS = {
    "runtimeVersion": _IMAGE,
    "pythonVersion": _IMAGE,
    "framework": _IMAGE,
    "packageUris": "Vertex AI has no custom prediction routines of this kind: bring a container",
    "predictionClass": "Vertex AI has no custom prediction routines of this kind: bring a container",
    "explanationConfig": "explanations are not managed here: leave it out",
    "signatureName": "TensorFlow Serving takes it with each request: leave it out",
    "requestLoggingConfig": "requests are logged by endpoint: models.MODEL.vertex.predictRequestResponseLoggingConfig",
}
REFUSED_KEYS = {
    "runtimeVersion": "servingImage says which image serves: leave it out",
}


def sections(values: Mapping[str, Any]) -> Iterator[Section]:
    """The sections of a configuration that hold jobs, pools, models and versions."""
    for name, entry in mapping(values.get(job_entries.KEY)).items():
        yield Section(f"{job_entries.KEY}.{name}", mapping(entry), BATCH_PREDICTION_JOB)
    for name, entry in mapping(values.get("resourcePools")).items():
        yield Section(f"resourcePools.{name}", mapping(entry), DEPLOYMENT_RESOURCE_POOL)
    for name, entry in mapping(values.get("models")).items():
        found = mapping(entry)
        versions = mapping(found.pop("versions", None))
        yield Section(f"models.{name}", found, ENDPOINT)
        for version, inner in versions.items():
            yield Section(f"models.{name}.versions.{version}", mapping(inner), MODEL_VERSION)


def refusals(entry: Mapping[str, Any], table: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Removes the keys of an entry that a table rejects, and yields the reason for each."""
    return [(key, f"is not for Vertex AI: {table[key]}") for key in list(entry) if key in table]
