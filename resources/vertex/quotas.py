"""Google's quotas of Vertex AI that concern deployments, per project and region.

Source: "Vertex AI quotas and limits": resource management requests, and the size of online predictions.
"""

from __future__ import annotations

CALLS_PER_MINUTE = 600
"""Management requests per minute, other than those that begin an operation."""
OPERATIONS_PER_MINUTE = 60
"""Requests per minute that begin an operation, or a job."""
OPERATIONS = 10
"""Default limit of concurrent operations. Not a quota of Google's: it leaves room for other users of the project."""
PREDICT_BYTES = 1_500_000
"""Maximum size of a request to a shared endpoint."""
PREDICT_SECONDS = 60
"""How long a shared endpoint waits for a prediction."""
_BEGIN = frozenset(
    {
        *(f"models.{verb}" for verb in ("upload", "delete", "deleteVersion")),
        *(f"endpoints.{verb}" for verb in ("create", "update", "delete")),
        *(f"endpoints.{verb}" for verb in ("deployModel", "undeployModel", "mutateDeployedModel")),
        *(f"deploymentResourcePools.{verb}" for verb in ("create", "patch", "delete")),
        *(f"modelDeploymentMonitoringJobs.{verb}" for verb in ("create", "patch", "delete")),
        *(f"batchPredictionJobs.{verb}" for verb in ("create", "delete")),
    }
)
_PREDICTS = ("predict", "rawPredict", "explain", "streamRawPredict", "directPredict", "directRawPredict")


def is_management(method: str | None) -> bool:
    """Whether a call of this method id counts as a management request."""
    return bool(method) and str(method).rpartition(".")[2] not in _PREDICTS


def begins_operation(method: str | None) -> bool:
    """Whether a call of this method id begins a long-running operation or a job."""
    return ".".join(str(method).split(".")[-2:]) in _BEGIN
