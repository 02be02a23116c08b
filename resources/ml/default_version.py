"""`ml.DefaultVersion`: which version answers where a caller names none."""

from __future__ import annotations

import pulumi
from pulumi import dynamic
from typing_extensions import Unpack

from resources import errors
from resources._provider import Call, Provider, State
from resources._resource import Resource
from resources.ml import _default, _gate, _names
from resources.ml.schema import DEFAULT_VERSION, DefaultVersionArgs


class DefaultVersionProvider(Provider):
    """`projects.models.versions.setDefault` of `ml` v1."""

    schema = DEFAULT_VERSION
    takes_what_is_there = True

    def identity(self, inputs: State) -> str:
        """`projects/P/models/M/defaultVersion`."""
        return f"{_names.model(inputs['project'], inputs['model'])}/defaultVersion"

    def check(self, _olds: State, news: State) -> dynamic.CheckResult:
        """As every resource; what the state says serves may be an heir of a version that goes in this run."""
        if _olds:
            _default.serves(_olds)
        return super().check(_olds, news)

    def observe(self, call: Call, inputs: State) -> State:
        """`projects.models.get`: its `defaultVersion`. Raises `NotFound` where the model has none."""
        current = self._current(call, inputs)
        if not current:
            raise errors.NotFound("the model has no default version")
        return {"version": current}

    def _current(self, call: Call, inputs: State) -> str:
        """The default version's name; empty where the model has none."""
        name = _names.model(inputs["project"], inputs["model"])
        model = call.api.call(call.api.ml("projects.models").get(name=name))
        return _names.last((model.get("defaultVersion") or {}).get("name", ""))

    def make(self, call: Call, inputs: State) -> State:
        """Sets the default, unless it is the default already: a model's first version is."""
        return self.patch(call, {}, inputs, ["version"])

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`projects.models.versions.setDefault`, which answers at once, after the gate; a first version needs none."""
        del olds, mask
        versions = _default.versions(call)
        name = _names.version(news["project"], news["model"], news["version"])
        current = self._current(call, news)
        if current and current != news["version"]:
            uri = call.api.call(versions.get(name=name)).get("deploymentUri", "")
            _gate.check(call, name, uri, news.get("gate") or {})
        if current != news["version"]:
            call.api.call(versions.setDefault(name=name, body={}), repeatable=True)
        _default.serves(news)
        return {"version": news["version"]}

    def remove(self, call: Call, inputs: State) -> None:
        """Nothing: a model that has versions has a default, and the next declaration moves it."""


class DefaultVersion(Resource, module="ml", name="DefaultVersion"):
    """Which version of a model answers where a caller names none. Deleting it changes nothing."""

    provider = DefaultVersionProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[DefaultVersionArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
