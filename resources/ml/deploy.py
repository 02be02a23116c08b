"""Declares the resources of a stack on `ml` v1, in the order of creation, and its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pulumi

from resources.config import plan as shared_plan
from resources.config import stack_state
from resources.ml.batch_prediction_job import BatchPredictionJob
from resources.ml.config import plan
from resources.ml.default_version import DefaultVersion
from resources.ml.model import Model
from resources.ml.traffic_split import TrafficSplit
from resources.ml.version import Version
from resources.stack import or_else

Resources = Mapping[str, pulumi.Resource]


def declare(
    wanted: plan.Stack, owner: pulumi.Output[str], bucket: pulumi.Resource, saved: Resources
) -> Iterator[tuple[str, Any]]:
    """Declares all models, then all jobs; yields the stack's outputs. Arguments as in `Platform.declare`."""
    before = outputs_before(wanted.models)
    served = {model.name: _deploy(model, saved, owner, before[model.name]) for model in wanted.models}
    yield "models", {m.name: summary(wanted, m, served[m.name], before[m.name]) for m in wanted.models}
    for job in wanted.jobs:
        yield f"batchPredictionJobs.{job.name}", _run(job, owner, bucket, served[job.model])


def _deploy(
    model: plan.Model, saved: Resources, owner: pulumi.Output[str], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Declares a model, its versions and its split; returns them by name. The default version is created first."""
    made = Model(model.name, owner=owner, **model.inputs)

    def declared(version: plan.Version, *after: pulumi.Resource) -> Version:
        behind = [saved[shared_plan.logical_name(version.saved_model)]] if version.saved_model else []
        options = pulumi.ResourceOptions(depends_on=[made, *behind, *after], replace_with=[made])
        return Version(f"{model.name}-{version.name}", options, owner=owner, **model.version_inputs(version))

    default = declared(model.versions[0])
    # When the default version is recreated, another one has become the default in between: it must be set again.
    options = pulumi.ResourceOptions(depends_on=[made, default], replace_with=[default])
    served = DefaultVersion(model.name, options, **model.default_version_inputs)
    # Replaced versions, including the old default, are deleted once another one serves.
    found = {model.default: served, **{v.name: declared(v, default, served) for v in model.versions[1:]}}
    if not model.declares_split(before):
        return found
    after = pulumi.ResourceOptions(depends_on=[default, *(found[name] for name in model.split)])
    return {**found, plan.SPLIT_GATE: TrafficSplit(model.name, after, **model.traffic_split_inputs(before))}


def _run(job: plan.Job, owner: pulumi.Output[str], bucket: pulumi.Resource, served: Resources) -> dict[str, Any]:
    """Declares a batch prediction job; returns its entry in the stack's outputs.

    Args:
        job: as declared.
        owner: the stack's `Identity.token`.
        bucket: the stack's.
        served: version of the job's model -> the resource that makes it serve.
    """
    after = pulumi.ResourceOptions(depends_on=[bucket, served[job.version]])
    done = BatchPredictionJob(job.name, after, owner=owner, **job.inputs)
    return {"jobId": or_else(done.job_id), "results": or_else(done.prediction_output)}


def summary(
    wanted: plan.Stack, model: plan.Model, found: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """A model's entry in the stack's outputs.

    Args:
        wanted: the stack.
        model: as declared.
        found: version name -> the resource that makes it serve; `plan.SPLIT_GATE` -> the `ml.TrafficSplit`, if any.
        before: the model in the stack's outputs before this run.
    """
    gated, default = found.get(plan.SPLIT_GATE), or_else(found[model.default].version)
    split = _split(model, gated.served_split, before) if gated else {}
    return {**plan.summary(wanted, model, default), **split}


def _split(model: plan.Model, served: pulumi.Output[Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The traffic split for clients, and whether the declared one passed its gate.

    It is still the old one if the resource failed, or if it does not exist and this run skips it (`--target`). In
    preview it is the declared one.
    """
    old = before.get("trafficSplit") or None
    if pulumi.runtime.is_dry_run():
        return {"trafficSplit": model.split, plan.SPLIT_GATE: plan.PASSED}
    gate = served.apply(lambda split: plan.PASSED if split else before.get(plan.SPLIT_GATE, plan.NOT_RUN))
    split = or_else(served.apply(lambda split: split or old), old)
    return {"trafficSplit": split, plan.SPLIT_GATE: or_else(gate, plan.FAILED)}


def outputs_before(models: Iterable[plan.Model]) -> dict[str, dict[str, Any]]:
    """Model -> its entry in the stack's outputs before this run; empty if it was not in them.

    They are read only if a traffic split is declared, since clients read it from there.
    """
    models = list(models)
    if not any(model.split for model in models):
        return {model.name: {} for model in models}
    entries = stack_state.outputs().get("models")
    known = entries if isinstance(entries, dict) else {}
    return {m.name: known[m.name] if isinstance(known.get(m.name), dict) else {} for m in models}
