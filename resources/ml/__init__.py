"""AI Platform Prediction, `ml` v1: models, versions, the default version, shares of users, jobs."""

from typing import TYPE_CHECKING, Any

from resources import lazy_exports
from resources.ml.jobs.schema import PredictionInput, PredictionOutput
from resources.ml.schema import (
    AcceleratorConfig,
    ExplanationConfig,
    Gate,
    IntegratedGradientsAttribution,
    RequestLoggingConfig,
    SampledShapleyAttribution,
    XraiAttribution,
)
from resources.schema.serving_fields import (
    AutoScaling,
    ContainerPort,
    ContainerSpec,
    EnvVar,
    ManualScaling,
    MetricSpec,
    RouteMap,
)
from resources.schema.shared_fields import Timeouts

if TYPE_CHECKING:
    from resources.ml.batch_prediction_job import BatchPredictionJob
    from resources.ml.default_version import DefaultVersion
    from resources.ml.model import Model
    from resources.ml.traffic_split import TrafficSplit
    from resources.ml.version import Version

__all__ = [
    "AcceleratorConfig",
    "AutoScaling",
    "BatchPredictionJob",
    "ContainerPort",
    "ContainerSpec",
    "DefaultVersion",
    "EnvVar",
    "ExplanationConfig",
    "Gate",
    "IntegratedGradientsAttribution",
    "ManualScaling",
    "MetricSpec",
    "Model",
    "PredictionInput",
    "PredictionOutput",
    "RequestLoggingConfig",
    "RouteMap",
    "SampledShapleyAttribution",
    "Timeouts",
    "TrafficSplit",
    "Version",
    "XraiAttribution",
]

_PLACES = {
    "BatchPredictionJob": "batch_prediction_job",
    "DefaultVersion": "default_version",
    "Model": "model",
    "TrafficSplit": "traffic_split",
    "Version": "version",
}


def __getattr__(name: str) -> Any:
    """Loads a class on first use, so that schemas and rules can be read without Pulumi."""
    return lazy_exports.load(__name__, _PLACES, name)
