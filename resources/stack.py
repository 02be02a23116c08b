"""The stack itself: `stack.Identity`, which identifies it as long as its state exists, and its configuration."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import pulumi
from pulumi import dynamic

from gcp import errors
from gcp.services import Service
from resources.deploy_errors import ArtifactError
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.schema.fields import Schema, output

if TYPE_CHECKING:
    from artifact_format.manifest import Artifact
    from resources.config.platform import Declared, Platform

__all__ = ["Identity", "configuration", "or_else"]


class IdentityArgs(TypedDict, total=False):
    """No inputs."""


class IdentityOutputs(TypedDict, total=False):
    """Outputs."""

    token: Annotated[str, output("Random, so that two stacks of the same name differ.")]


IDENTITY = Schema("stack identity", "", IdentityArgs, IdentityOutputs)


class IdentityProvider(Provider):
    """A random token in the state; no API stores it."""

    schema = IDENTITY
    service = Service(name="")

    def identity(self, inputs: State) -> str:
        """A constant: a stack has one identity."""
        del inputs
        return "identity"

    def make(self, call: Call, inputs: State) -> State:
        """Generates the token."""
        del call, inputs
        return {"token": secrets.token_hex(16)}

    def read(self, id_: str, props: State) -> dynamic.ReadResult:
        """Returns the state, which nothing outside can change."""
        return dynamic.ReadResult(id_, dict(props), {})

    def observe(self, call: Call, inputs: State) -> State:
        """Nothing to read: no API stores it."""
        del call
        return inputs

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Nothing to do: it has no inputs."""
        del call, news, mask
        return olds

    def remove(self, call: Call, inputs: State) -> None:
        """Nothing to do: it exists in the state only."""


class Identity(Resource, module="stack", name="Identity"):
    """Which stack this is. Its `token` is the `owner` of buckets, models and versions."""

    provider = IdentityProvider

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(resource_name, {}, opts)


def configuration(platform: Platform[Declared], resolve: Callable[..., Artifact], failure: type[Exception]) -> Declared:
    """What the running stack's configuration declares.

    Args:
        platform: where the stack deploys to.
        resolve: finds artifacts: `models.resolve`.
        failure: the exception that `resolve` raises if an artifact is not found.

    Raises:
        pulumi.RunError: the stack must not run here, or its configuration is wrong. Lists everything that is wrong.
    """
    from resources.config import plan, secret_values, stack_config  # the provider's process needs none of them

    _require_own_state()

    def noted(name: str, parameters: Mapping[str, Any] | None, rebuild: bool) -> Artifact:  # noqa: FBT001 - Resolve
        verify = not pulumi.runtime.is_dry_run()  # the build on this machine is read in `up` only
        try:
            artifact = resolve(name, parameters, root=Path.cwd(), allow_rebuild=rebuild, verify=verify)
        except failure as error:
            raise ArtifactError(str(error)) from None
        for note in plan.notes(name, artifact):
            pulumi.log.warn(note)
        return artifact

    values = pulumi.runtime.get_config_env()
    source = secret_values.Source.of(pulumi.get_stack(), filter(pulumi.runtime.is_config_secret, values))
    try:
        found = stack_config.read(values, noted, platform, source)
    except errors.InvalidInput as error:
        rebuild = stack_config.allows_rebuild(values)
        explained = platform.with_pins(error, lambda name: noted(name, None, rebuild))
        raise pulumi.RunError(f"the configuration of stack {pulumi.get_stack()} is wrong:\n{explained}") from None
    for warning in found.warnings:
        pulumi.log.warn(warning)
    return found


def _require_own_state() -> None:
    """Raises `RunError` for other stacks in the local state, and for a local stack with an endpoint elsewhere."""
    from resources.config import local_endpoint, state_backend
    from resources.engine import engine_process

    stack, project = pulumi.get_stack(), Path.cwd()
    where = engine_process.folder() or project
    reason = state_backend.refusal(stack, project, where)
    if (
        not reason
        and stack in local_endpoint.STACKS
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


def or_else(output: pulumi.Output[Any], instead: Any = None) -> pulumi.Output[Any]:
    """For the stack's outputs: `instead` if the resource failed (`--continue-on-error`)."""
    return output.recover(lambda _: instead)
