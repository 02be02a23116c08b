"""AI Platform Prediction as a platform of stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from artifact_format.manifest import Artifact
from gcp import errors
from resources.config.entries import Section
from resources.config.job_entries import KEY
from resources.config.plan import merged
from resources.config.platform import Platform, Save
from resources.config.shared_entries import SharedReader
from resources.ml.config import entries, job_entries, model_entries
from resources.ml.config.plan import Stack
from resources.ml.service import ML

if TYPE_CHECKING:
    import pulumi


class MlPlatform(Platform[Stack]):
    """`ml` v1."""

    service = ML
    keys = entries.MlKeys

    def sections(self, values: Mapping[str, Any]) -> Iterable[Section]:
        """Those of jobs, models and versions."""
        return entries.sections(values)

    def read(self, reader: SharedReader) -> Stack:
        """Models and batch prediction jobs."""
        for key in entries.OF_VERTEX:
            if reader.values.get(key):
                reader.note([(key, "is for Vertex AI: leave it out, or set platform: vertex")])
        models = model_entries.Reader(reader).models(reader.values.get("models"))
        jobs = job_entries.Reader(reader.project, reader.region, {model.inputs["name"]: model for model in models})
        found = jobs.jobs(reader.values.get(KEY))
        reader.note(jobs.failures)
        saved = [version.saved_model for model in models for version in model.versions if version.saved_model]
        return Stack(
            project=reader.project,
            settings=reader.settings,
            google_setup=reader.google_setup,
            bucket=reader.bucket,
            saved_models=merged(saved),
            models=models,
            jobs=found,
        )

    def with_pins(self, error: errors.InvalidInput, find: Callable[[str], Artifact]) -> errors.InvalidInput:
        """By the versions in the state."""
        from resources.ml.config import deployed_versions  # only an invalid configuration needs it

        return deployed_versions.with_pins(error, find)

    def declare(
        self, stack: Stack, owner: pulumi.Output[str], bucket: pulumi.Resource, save: Save
    ) -> Iterable[tuple[str, Any]]:
        """Models, their versions and their defaults, traffic splits, batch prediction jobs."""
        from resources.ml import deploy  # reading a stack file does not need the resources

        return deploy.declare(stack, owner, bucket, save())
