"""The descriptor of Vertex AI, `aiplatform` v1 and v1beta1, for API calls."""

from __future__ import annotations

from dataclasses import replace

from gcp import errors
from gcp.services import Hint, Quota, Service
from resources.vertex import quotas

_LATE = (errors.ResourceExhausted, errors.OperationFailed)
"""The machine quota may be checked by the call itself, or later by its operation."""

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
    quotas=(
        Quota(per_minute=quotas.OPERATIONS_PER_MINUTE, counts=quotas.begins_operation),
        Quota(per_minute=quotas.CALLS_PER_MINUTE, counts=quotas.is_management),
    ),
    named=frozenset(
        {
            *("get", "create", "patch", "update", "delete", "upload", "mergeVersionAliases", "deleteVersion"),
            *("deployModel", "undeployModel", "mutateDeployedModel"),
        }
    ),
    hints=(
        Hint(
            "Ask for more of this quota in the region (https://console.cloud.google.com/iam-admin/quotas), or use "
            "fewer replicas or another machine type: the maximum of replicas counts",
            of=_LATE,
            words=r"quotas? (are|is) exceeded|replica counts|PerProjectPerRegion",
        ),
        Hint(
            "These credentials may not run containers as that service account: `gcloud iam service-accounts "
            "add-iam-policy-binding ACCOUNT --member=user:YOU --role=roles/iam.serviceAccountUser`",
            of=(errors.PermissionDenied, errors.InvalidArgument, errors.OperationFailed),
            words=r"\bact ?as\b",
        ),
    ),
)
VERTEX_PREVIEW = replace(VERTEX, version="v1beta1", limits_of=VERTEX)
"""The version with Google's preview features. Its calls count against the same quotas."""
