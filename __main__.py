"""The deployment: configuration -> artifacts -> resources -> outputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

import models
from resources import errors, ml, plan, stack, storage


def artifact(name: str, parameters: Mapping[str, Any] | None, rebuild: bool) -> models.Artifact:  # noqa: FBT001 - Resolve
    """What an entry of the stack file names, from its card or from the build on this machine, read only in `up`."""
    verify = not pulumi.runtime.is_dry_run()
    try:
        return models.resolve(name, parameters, root=Path.cwd(), allow_rebuild=rebuild, verify=verify)
    except models.ModelsError as error:
        raise errors.ArtifactError(str(error)) from None


def deploy(
    model: plan.Model, saved: Mapping[str, pulumi.Resource], owner: pulumi.Output[str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Declares a model: its default version (made first, deleted last), the default setting, then the rest.

    Returns:
        Version name -> the resource after which it serves.
    """
    made = ml.Model(model.name, owner=owner, **model.inputs)

    def declared(version: plan.Version, *after: pulumi.Resource) -> ml.Version:
        behind = [saved[plan.logical_name(version.saved_model)]] if version.saved_model else []
        options = pulumi.ResourceOptions(depends_on=[made, *behind, *after], replace_with=[made])
        return ml.Version(f"{model.name}-{version.name}", options, owner=owner, **version.inputs)

    default = declared(model.versions[0])
    # Versions of the split pass their gate when the default is set: they are made before that, and deleted after it.
    split = {version.name: declared(version, default) for version in model.before_default(before)}
    # Where the default is deleted and made again, another version has become the default meanwhile: it is set again.
    options = pulumi.ResourceOptions(depends_on=[made, default, *split.values()], replace_with=[default])
    served = ml.DefaultVersion(model.name, options, **model.default_version_inputs(before))
    # What is replaced, the old default among it, goes when another one serves.
    rest = [version for version in model.versions[1:] if version.name not in split]
    return {model.default: served, **split, **{v.name: declared(v, default, served) for v in rest}}


def summary(
    wanted: plan.Stack, model: plan.Model, served: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """What the stack's outputs say of a model."""
    default = served[model.name][model.default]
    split = stack.split(model, default.served_split, before)
    return plan.summary(wanted, model, stack.known(default.version), split)


def main() -> None:
    """Reads the whole configuration before the first resource is registered."""
    wanted = stack.configuration(artifact)
    owner = stack.Identity("stack").token
    bucket = storage.Bucket(wanted.bucket["name"], owner=owner, **wanted.bucket)
    emptied = [bucket] * bool(wanted.bucket.get("forceDestroy"))  # made again, it is filled again; else it is kept
    inside = pulumi.ResourceOptions(depends_on=[bucket], replace_with=[*emptied])
    saved = {key: storage.SavedModel(key, inside, owner=owner, **item) for key, item in wanted.saved_models.items()}
    pulumi.export("bucket", stack.known(bucket.name))
    before = stack.outputs_before(wanted.models)
    served = {model.name: deploy(model, saved, owner, before.get(model.name, {})) for model in wanted.models}
    pulumi.export("models", {m.name: summary(wanted, m, served, before.get(m.name, {})) for m in wanted.models})
    for job in wanted.jobs:
        after = pulumi.ResourceOptions(depends_on=[bucket, served[job.model][job.version]])
        done = ml.BatchPredictionJob(job.name, after, owner=owner, **job.inputs)
        found = {"jobId": stack.known(done.job_id), "results": stack.known(done.prediction_output)}
        pulumi.export(f"batchPredictionJobs.{job.name}", found)


main()
