"""The `Service` of AI Platform Prediction, `ml` v1."""

from __future__ import annotations

from gcp import errors
from gcp.services import Hint, Quota, Service
from resources.ml import quotas

ML = Service(
    name="ml",
    regional_root="https://{region}-ml.googleapis.com/",
    operations=("projects.operations",),
    concurrent_operations=quotas.OPERATIONS,
    quotas=(Quota(per_minute=quotas.CALLS_PER_MINUTE, counts=quotas.is_management),),
    named=frozenset({"get", "create", "patch", "setDefault", "delete"}),  # delete returns an operation
    name_keys={"jobs": "jobId"},
    hints=(
        Hint(
            "Google takes no new projects on ml v1: deploy to Vertex AI (tf2-models:platform: vertex), use a project "
            "that already uses ml v1, or set tf2-models:endpoint to the emulator's (`python -m emulator up`)",
            of=(errors.Sunset,),
        ),
    ),
)
