"""Vertex AI, `aiplatform` v1: model versions, endpoints, deployed models, traffic splits, resource pools."""

from typing import TYPE_CHECKING, Any

from resources import lazy_exports
from resources.schema.serving_fields import ContainerPort, EnvVar
from resources.schema.shared_fields import Timeouts
from resources.vertex.fields.batch_prediction_job import (
    BatchDedicatedResources,
    BigQuerySource,
    CompletionStats,
    GcsSource,
    InputConfig,
    InstanceConfig,
    ManualBatchTuningParameters,
    OutputConfig,
    OutputInfo,
    ResourcesConsumed,
    UnmanagedContainerModel,
)
from resources.vertex.fields.container import ModelContainerSpec, Probe
from resources.vertex.fields.endpoint import (
    ClientConnectionConfig,
    PrivateServiceConnectConfig,
    PSCAutomationConfig,
    RequestLogging,
)
from resources.vertex.fields.machine import (
    AutoscalingMetricSpec,
    DedicatedResources,
    MachineSpec,
    ReservationAffinity,
)
from resources.vertex.fields.model import PredictSchemata
from resources.vertex.fields.monitoring import DeployedModelObjective, MonitoringAlertConfig, MonitoringSchedule
from resources.vertex.fields.objectives import ObjectiveConfig, SamplingStrategy
from resources.vertex.fields.shared import BigQueryDestination, EncryptionSpec, GcsDestination

if TYPE_CHECKING:
    from resources.vertex.deployed_model import DeployedModel
    from resources.vertex.endpoint import Endpoint
    from resources.vertex.jobs.batch_prediction_job import BatchPredictionJob
    from resources.vertex.model import Model
    from resources.vertex.model_version import ModelVersion
    from resources.vertex.monitoring.model_monitoring_job import ModelMonitoringJob
    from resources.vertex.pools.resource_pool import DeploymentResourcePool
    from resources.vertex.traffic_split import TrafficSplit

__all__ = [
    "AutoscalingMetricSpec",
    "BatchDedicatedResources",
    "BatchPredictionJob",
    "BigQueryDestination",
    "BigQuerySource",
    "ClientConnectionConfig",
    "CompletionStats",
    "ContainerPort",
    "DedicatedResources",
    "DeployedModel",
    "DeployedModelObjective",
    "DeploymentResourcePool",
    "EncryptionSpec",
    "Endpoint",
    "EnvVar",
    "GcsDestination",
    "GcsSource",
    "InputConfig",
    "InstanceConfig",
    "MachineSpec",
    "ManualBatchTuningParameters",
    "Model",
    "ModelContainerSpec",
    "ModelMonitoringJob",
    "ModelVersion",
    "MonitoringAlertConfig",
    "MonitoringSchedule",
    "ObjectiveConfig",
    "OutputConfig",
    "OutputInfo",
    "PSCAutomationConfig",
    "PredictSchemata",
    "PrivateServiceConnectConfig",
    "Probe",
    "RequestLogging",
    "ReservationAffinity",
    "ResourcesConsumed",
    "SamplingStrategy",
    "Timeouts",
    "TrafficSplit",
    "UnmanagedContainerModel",
]

_PLACES = {
    "BatchPredictionJob": "jobs.batch_prediction_job",
    "DeployedModel": "deployed_model",
    "DeploymentResourcePool": "pools.resource_pool",
    "Endpoint": "endpoint",
    "Model": "model",
    "ModelMonitoringJob": "monitoring.model_monitoring_job",
    "ModelVersion": "model_version",
    "TrafficSplit": "traffic_split",
}


def __getattr__(name: str) -> Any:
    """Loads a class on first use, so that schemas and rules can be imported without Pulumi."""
    return lazy_exports.load(__name__, _PLACES, name)
