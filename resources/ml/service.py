"""The `Service` of AI Platform Prediction, `ml` v1."""

from __future__ import annotations

from gcp import errors
from gcp.services import Service
from resources.ml import quotas

ML = Service(
    name="ml",
    regional_root="https://{region}-ml.googleapis.com/",
    operations=("projects.operations",),
    concurrent_operations=quotas.OPERATIONS,
    calls_per_minute=quotas.CALLS_PER_MINUTE,
    is_counted=quotas.is_management,
    named=frozenset({"get", "create", "patch", "setDefault", "delete"}),  # delete returns an operation
    name_keys={"jobs": "jobId"},
    hints={
        errors.Sunset: "Google takes no new projects on ml v1: set tf2-models:endpoint to a server with this API "
        "(the emulator: `python -m emulator up`), or use a project that already uses it",
    },
)
