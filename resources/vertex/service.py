"""Vertex AI, `aiplatform` v1, as calls need to know it."""

from __future__ import annotations

from gcp.services import Service
from resources.vertex import quotas

VERTEX = Service(
    name="aiplatform",
    regional_root="https://{region}-aiplatform.googleapis.com/",
    operations=(
        "projects.locations.operations",
        "projects.locations.models.operations",
        "projects.locations.endpoints.operations",
        "projects.locations.deploymentResourcePools.operations",
        "projects.locations.modelDeploymentMonitoringJobs.operations",
    ),
    concurrent_operations=quotas.OPERATIONS,
    calls_per_minute=quotas.CALLS_PER_MINUTE,
    is_counted=quotas.is_management,
    named=frozenset(
        {
            *("get", "create", "patch", "update", "delete", "upload", "mergeVersionAliases", "deleteVersion"),
            *("deployModel", "undeployModel", "mutateDeployedModel"),
        }
    ),
)
