"""Vertex AI as a platform of stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from artifact_format.manifest import Artifact
from gcp import errors, settings
from resources.config.entries import Section
from resources.config.job_entries import KEY
from resources.config.plan import merged
from resources.config.platform import Platform, Save
from resources.config.shared_entries import SharedReader
from resources.vertex.config import entries, job_entries, model_entries, pool_entries, serving_image
from resources.vertex.config.plan import Stack
from resources.vertex.service import VERTEX

if TYPE_CHECKING:
    import pulumi


class VertexPlatform(Platform[Stack]):
    """`aiplatform` v1."""

    service = VERTEX
    keys = entries.VertexKeys

    def sections(self, values: Mapping[str, Any]) -> Iterable[Section]:
        """Tables of the keys of jobs, pools, models and versions."""
        return entries.sections(values)

    def read(self, reader: SharedReader) -> Stack:
        """Reads pools, models (each with an endpoint) and batch prediction jobs."""
        if reader.values.get("endpoint") == settings.GLOBAL:
            reader.note([("endpoint", "must be regional, or a URL: Vertex AI serves in regions")])
        if not reader.region:
            reader.failures.append(("gcp:region", "is missing: `pulumi config set gcp:region us-central1`"))
        for key, reason in entries.REFUSED_KEYS.items():
            if reader.values.get(key):
                reader.note([(key, f"is not for Vertex AI: {reason}")])
        reader.note(serving_image.template_failures(str(reader.values.get(serving_image.KEY, ""))))
        pools = pool_entries.read(reader)
        models = model_entries.Reader(reader, pools).models(reader.values.get("models"))
        jobs = job_entries.Reader(reader, models).jobs(reader.values.get(KEY))
        saved = [version.saved_model for model in models for version in model.versions if version.saved_model]
        return Stack(
            project=reader.project,
            settings=reader.settings,
            google_setup=reader.google_setup,
            bucket=reader.bucket,
            saved_models=merged(saved),
            models=models,
            pools=list(pools.values()),
            warnings=reader.warnings,
            jobs=jobs,
        )

    def with_pins(self, error: errors.InvalidInput, find: Callable[[str], Artifact]) -> errors.InvalidInput:
        """Returns the error unchanged: stack files on Vertex AI have no pins."""
        del find
        return error

    def declare(
        self, stack: Stack, owner: pulumi.Output[str], bucket: pulumi.Resource, save: Save
    ) -> Iterable[tuple[str, Any]]:
        """Declares pools, endpoints, model versions, deployed models, traffic splits, registry models and jobs."""
        from resources.vertex import deploy  # not needed to read a stack file

        return deploy.declare(stack, owner, bucket, save)
