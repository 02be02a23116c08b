"""The stack itself: `stack.Identity`, which stack it is for as long as its state lives, and what it declares."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import pulumi
from pulumi import dynamic

from gcp import errors
from gcp.services import Service
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.schema.fields import Schema, output

if TYPE_CHECKING:
    from models import Artifact
    from resources.config import plan

__all__ = ["Identity", "configuration", "known", "outputs_before", "run_job", "summary"]


class IdentityArgs(TypedDict, total=False):
    """There is nothing to say of it."""


class IdentityOutputs(TypedDict, total=False):
    """What comes back."""

    token: Annotated[str, output("Random: two stacks named alike differ in it.")]


IDENTITY = Schema("stack identity", "", IdentityArgs, IdentityOutputs)


class IdentityProvider(Provider):
    """A random token in the state; no API knows of it."""

    schema = IDENTITY
    service = Service(name="")

    def identity(self, inputs: State) -> str:
        """There is one in a stack."""
        del inputs
        return "identity"

    def make(self, call: Call, inputs: State) -> State:
        """Generates the token."""
        del call, inputs
        return {"token": secrets.token_hex(16)}

    def read(self, id_: str, props: State) -> dynamic.ReadResult:
        """Nothing can change it from outside: a refresh finds what the state holds."""
        return dynamic.ReadResult(id_, dict(props), {})

    def observe(self, call: Call, inputs: State) -> State:
        """Nothing to see: no API knows of it."""
        del call
        return inputs

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """It has no inputs that could change."""
        del call, news, mask
        return olds

    def remove(self, call: Call, inputs: State) -> None:
        """It is gone with the state."""


class Identity(Resource, module="stack", name="Identity"):
    """Which stack this is. Its `token` is the `owner` of buckets, models and versions."""

    provider = IdentityProvider

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(resource_name, {}, opts)


def configuration(resolve: Callable[..., Artifact], failure: type[Exception]) -> plan.Stack:
    """What the configuration of the stack that runs declares.

    Args:
        resolve: finds artifacts: `models.resolve`.
        failure: what it raises if an artifact is not found.

    Raises:
        pulumi.RunError: the stack must not run here, or its configuration is wrong; lists everything that is wrong.
    """
    from resources.config import (  # the provider's process needs none of them
        deployed_versions,
        plan,
        secret_values,
        stack_config,
    )

    _require_own_state()

    def noted(name: str, parameters: Mapping[str, Any] | None, rebuild: bool) -> Artifact:  # noqa: FBT001 - Resolve
        verify = not pulumi.runtime.is_dry_run()  # the build on this machine is read in `up` only
        try:
            artifact = resolve(name, parameters, root=Path.cwd(), allow_rebuild=rebuild, verify=verify)
        except failure as error:
            raise errors.ArtifactError(str(error)) from None
        for note in plan.notes(name, artifact):
            pulumi.log.warn(note)
        return artifact

    values = pulumi.runtime.get_config_env()
    source = secret_values.Source.of(pulumi.get_stack(), filter(pulumi.runtime.is_config_secret, values))
    try:
        return stack_config.read(values, noted, source)
    except errors.InvalidInput as error:
        rebuild = values.get("tf2-models:allowRebuild") == "true"
        told = deployed_versions.with_pins(error, lambda name: noted(name, None, rebuild))
        raise pulumi.RunError(f"the configuration of stack {pulumi.get_stack()} is wrong:\n{told}") from None


def _require_own_state() -> None:
    """Raises `RunError` for another stack in the local state, and for the local stack on another machine's endpoint."""
    from resources.config import local_endpoint, state_backend
    from resources.engine import engine_process

    stack, project = pulumi.get_stack(), Path.cwd()
    where = engine_process.folder() or project
    reason = state_backend.refusal(stack, project, where)
    if (
        not reason
        and stack == local_endpoint.STACK
        and state_backend.is_local(state_backend.current(project), project, where)
    ):
        endpoint = (
            os.environ.get(local_endpoint.ENDPOINT_VARIABLE)
            or pulumi.runtime.get_config_env().get(local_endpoint.KEY)
            or ""
        )
        reason = local_endpoint.failure(endpoint)
        reason = reason and f"{local_endpoint.KEY} {reason}"
    if reason:
        raise pulumi.RunError(reason)


def known(output: pulumi.Output[Any], instead: Any = None) -> pulumi.Output[Any]:
    """For the stack's outputs: `instead` where its resource failed (`--continue-on-error`)."""
    return output.recover(lambda _: instead)


def summary(
    wanted: plan.Stack, model: plan.Model, found: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """What the stack's outputs say of a model.

    Args:
        wanted: the stack.
        model: as declared.
        found: version name -> the resource after which it serves; `plan.SPLIT_GATE` -> the `ml.TrafficSplit`, if any.
        before: the model in the stack's outputs before this run.
    """
    from resources.config import plan  # the provider's process does not need it

    gated, default = found.get(plan.SPLIT_GATE), known(found[model.default].version)
    split = _split(model, gated.served_split, before) if gated else {}
    return {**plan.summary(wanted, model, default), **split}


def run_job(
    job: plan.Job, owner: pulumi.Output[str], bucket: pulumi.Resource, served: Mapping[str, pulumi.Resource]
) -> dict[str, Any]:
    """Declares a batch prediction job; returns what the stack's outputs say of it.

    Args:
        job: as declared.
        owner: the stack's `Identity.token`.
        bucket: the stack's.
        served: version of the job's model -> the resource after which it serves.
    """
    from resources import ml

    after = pulumi.ResourceOptions(depends_on=[bucket, served[job.version]])
    done = ml.BatchPredictionJob(job.name, after, owner=owner, **job.inputs)
    return {"jobId": known(done.job_id), "results": known(done.prediction_output)}


def _split(model: plan.Model, served: pulumi.Output[Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The traffic split that clients are to ask, and whether the declared one passed its gate.

    It is still the old one if the resource failed, or if this run leaves it out (`--target`) before it was made. In
    preview it is the declared one.
    """
    from resources.config import plan  # as above

    old = before.get("trafficSplit") or None
    if pulumi.runtime.is_dry_run():
        return {"trafficSplit": model.split, plan.SPLIT_GATE: plan.PASSED}
    gate = served.apply(lambda split: plan.PASSED if split else before.get(plan.SPLIT_GATE, plan.NOT_RUN))
    split = known(served.apply(lambda split: split or old), old)
    return {"trafficSplit": split, plan.SPLIT_GATE: known(gate, plan.FAILED)}


def outputs_before(models: Iterable[plan.Model]) -> dict[str, dict[str, Any]]:
    """Model -> its entry in the stack's outputs before this run, empty if the model was not in them.

    They are read only if a traffic split is declared: it is what clients read.
    """
    models = list(models)
    if not any(model.split for model in models):
        return {model.name: {} for model in models}
    full = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    try:
        found = _outputs(full)
    except Exception:  # noqa: BLE001 - Pulumi raises it bare; a state of the old layout knows plain names only
        found = _outputs(pulumi.get_stack())
    entries = found.get("models")
    known = entries if isinstance(entries, dict) else {}
    return {m.name: known[m.name] if isinstance(known.get(m.name), dict) else {} for m in models}


def _outputs(name: str) -> dict[str, Any]:
    """The outputs of a stack's last finished run, from the engine: nothing shows in the preview."""
    found = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value
    return dict((found or {}).get("outputs") or {})
