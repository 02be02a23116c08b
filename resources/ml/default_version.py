"""`ml.DefaultVersion`: which version answers where a caller names none."""

from __future__ import annotations

from typing import Annotated, TypedDict

import pulumi
from typing_extensions import Required, Unpack

from resources import errors
from resources._provider import Call, Provider, Resource, State
from resources._schema import Schema, local, mutable, path
from resources._values import Input
from resources.ml import _names
from resources.ml.schema import Timeouts


class DefaultVersionArgs(TypedDict, total=False):
    """What a program says of a model's default version."""

    project: Annotated[Input[str], path("Project id.", default="`gcp:project`")]
    model: Required[Annotated[Input[str], path("Name of the model.")]]
    version: Required[Annotated[Input[str], mutable("Name of the version; it must be READY.")]]
    timeouts: Annotated[Timeouts, local("Bounds in seconds on create and update.", default="600")]


class DefaultVersionOutputs(TypedDict, total=False):
    """Nothing comes back beside the inputs."""


DEFAULT_VERSION = Schema("default version", "", DefaultVersionArgs, DefaultVersionOutputs)


class DefaultVersionProvider(Provider):
    """`projects.models.versions.setDefault` of `ml` v1."""

    schema = DEFAULT_VERSION

    def identity(self, inputs: State) -> str:
        """`projects/P/models/M/defaultVersion`."""
        return f"{_names.model(inputs['project'], inputs['model'])}/defaultVersion"

    def observe(self, call: Call, inputs: State) -> State:
        """`projects.models.get`: its `defaultVersion`. Raises `NotFound` where the model has none."""
        name = _names.model(inputs["project"], inputs["model"])
        model = call.api.call(call.api.ml.projects().models().get(name=name))
        default = (model.get("defaultVersion") or {}).get("name")
        if not default:
            raise errors.NotFound(f"{name} has no default version")
        return {"version": _names.last(default)}

    def make(self, call: Call, inputs: State) -> State:
        """Sets the default, unless it is the default already: a model's first version is."""
        return self.patch(call, {}, inputs, ["version"])

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`projects.models.versions.setDefault`, which answers at once."""
        del olds, mask
        try:
            if self.observe(call, news)["version"] == news["version"]:
                return {"version": news["version"]}
        except errors.NotFound:
            pass  # no default yet: set it
        name = _names.version(news["project"], news["model"], news["version"])
        answer = call.api.call(
            call.api.ml.projects().models().versions().setDefault(name=name, body={}), repeatable=True
        )
        return {"version": _names.last(answer["name"])}

    def remove(self, call: Call, inputs: State) -> None:
        """Nothing: a model that has versions has a default, and the next declaration moves it."""


class DefaultVersion(Resource, module="ml", name="DefaultVersion"):
    """Which version of a model answers where a caller names none. Deleting it changes nothing."""

    provider = DefaultVersionProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[DefaultVersionArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
