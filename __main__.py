"""The deployment: configuration -> artifacts -> resources -> outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

import models
from resources import ml, stack, storage
from resources.config import plan


def deploy(
    model: plan.Model, saved: Mapping[str, pulumi.Resource], owner: pulumi.Output[str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Declares a model and returns what serves: its default, made first and deleted last; the rest; the split."""
    made = ml.Model(model.name, owner=owner, **model.inputs)

    def declared(version: plan.Version, *after: pulumi.Resource) -> ml.Version:
        behind = [saved[plan.logical_name(version.saved_model)]] if version.saved_model else []
        options = pulumi.ResourceOptions(depends_on=[made, *behind, *after], replace_with=[made])
        return ml.Version(f"{model.name}-{version.name}", options, owner=owner, **model.version_inputs(version))

    default = declared(model.versions[0])
    # Where the default is deleted and made again, another version has become the default meanwhile: it is set again.
    options = pulumi.ResourceOptions(depends_on=[made, default], replace_with=[default])
    served = ml.DefaultVersion(model.name, options, **model.default_version_inputs)
    # What is replaced, the old default among it, goes when another one serves.
    found = {model.default: served, **{v.name: declared(v, default, served) for v in model.versions[1:]}}
    if not model.declares_split(before):
        return found
    after = pulumi.ResourceOptions(depends_on=[default, *(found[name] for name in model.split)])
    return {**found, plan.SPLIT_GATE: ml.TrafficSplit(model.name, after, **model.traffic_split_inputs(before))}


def main() -> None:
    """Reads the whole configuration before the first resource is registered."""
    wanted = stack.configuration(models.resolve, models.ModelsError)
    owner = stack.Identity("stack").token
    bucket = storage.Bucket(wanted.bucket["name"], owner=owner, **wanted.bucket)
    emptied = [bucket] * bool(wanted.bucket.get("forceDestroy"))  # made again, it is filled again; else it is kept
    inside = pulumi.ResourceOptions(depends_on=[bucket], replace_with=[*emptied])
    saved = {key: storage.SavedModel(key, inside, owner=owner, **item) for key, item in wanted.saved_models.items()}
    pulumi.export("bucket", stack.known(bucket.name))
    before = stack.outputs_before(wanted.models)
    served = {model.name: deploy(model, saved, owner, before[model.name]) for model in wanted.models}
    pulumi.export("models", {m.name: stack.summary(wanted, m, served[m.name], before[m.name]) for m in wanted.models})
    for job in wanted.jobs:
        pulumi.export(f"batchPredictionJobs.{job.name}", stack.run_job(job, owner, bucket, served[job.model]))


main()
