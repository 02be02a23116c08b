"""`ml.DefaultVersion`: the version that serves requests without a version."""

from __future__ import annotations

from dataclasses import replace

import pulumi
from pulumi import dynamic
from typing_extensions import Unpack

from gcp import errors
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.gate import admission
from resources.ml import default_handover, names
from resources.ml.predictor import gate_of
from resources.ml.schema import DEFAULT_VERSION, DefaultVersionArgs
from resources.ml.service import ML
from resources.schema.fields import Changes

_deleted: dict[str, State] = {}
"""Identity -> inputs of what this process deleted. One process serves one run of the engine."""


class DefaultVersionProvider(Provider):
    """`projects.models.versions.setDefault` of `ml` v1."""

    schema = DEFAULT_VERSION
    service = ML
    create_adopts_existing = True

    def identity(self, inputs: State) -> str:
        """`projects/P/models/M/defaultVersion`."""
        return f"{names.model(inputs['project'], inputs['model'])}/defaultVersion"

    def check(self, _olds: State, news: State) -> dynamic.CheckResult:
        """As for every resource, but keeps only those facts about versions that a later run needs.

        Notes the state's default version, which may succeed a version that is deleted in this run.
        """
        if _olds:
            default_handover.serves(_olds)
        failures = super().check(_olds, news).failures
        return dynamic.CheckResult(admission.kept(self._before(_olds, news), news), failures)

    def judge(self, olds: State, news: State) -> admission.Verdict:
        """Refuses a version that is known to break clients, or a gate without samples."""
        return admission.judge_default(self._before(olds, news), news)

    def _before(self, olds: State, news: State) -> State:
        """The state of the same model's default version; for one that this run replaces, the state that was kept."""
        same = all(olds.get(name) == news.get(name) for name in self.schema.names("path"))
        return (olds if same else {}) or _deleted.get(self.identity(news), {})

    def compared(self, olds: State, news: State) -> Changes:
        """As the schema says; also, a new gate needs samples, and only the manifest may have some."""
        found = super().compared(olds, news)
        asks = "gate" in found.local and _needs_manifest(news)
        return replace(found, patch=sorted([*found.patch, "gate"])) if asks else found

    def observe(self, call: Call, inputs: State) -> State:
        """`projects.models.get`: its `defaultVersion`. Raises `NotFound` if the model has none."""
        current = self._current(call, inputs)
        if not current:
            raise errors.NotFound("the model has no default version")
        return {"version": current}

    def _current(self, call: Call, inputs: State) -> str:
        """The default version's name; empty if the model has none."""
        name = names.model(inputs["project"], inputs["model"])
        model = call.api.call(call.methods("projects.models").get(name=name))
        return names.last((model.get("defaultVersion") or {}).get("name", ""))

    def make(self, call: Call, inputs: State) -> State:
        """Sets the default, unless the version is already the default, as a model's first version is."""
        return self.patch(call, _deleted.pop(self.identity(inputs), {}), inputs, ["version"])

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`projects.models.versions.setDefault` after the gate, which a first version does not need."""
        del mask
        version, current = news["version"], self._current(call, news)
        gate = gate_of(call, olds, news, str(olds.get("version") or current))
        if current and current != version:
            gate.admit(version)
        elif _needs_manifest(news):
            gate.require_samples(version)
        if current != version:
            name = names.version(news["project"], news["model"], version)
            call.api.call(default_handover.versions(call).setDefault(name=name, body={}), repeatable=True)
        default_handover.serves(news)
        return {"version": version}

    def delete(self, _id: str, _props: State) -> None:
        """As for every resource; keeps the old state for `make`, as the engine does not pass it to `create`."""
        _deleted[self.identity(_props)] = self._with_quiet(self.schema.inputs_of(_props), "old_inputs")
        super().delete(_id, _props)

    def remove(self, call: Call, inputs: State) -> None:
        """Does nothing: a model with versions always has a default, and the next declaration changes it."""


def _needs_manifest(news: State) -> bool:
    """Whether an explicit gate has no samples, except perhaps those of the manifest in the bucket."""
    return admission.is_explicit(news.get("gate") or {}) and not admission.knows_samples(news, str(news["version"]))


class DefaultVersion(Resource, module="ml", name="DefaultVersion"):
    """The version of a model that serves requests without a version. Deleting this resource changes nothing."""

    provider = DefaultVersionProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[DefaultVersionArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
