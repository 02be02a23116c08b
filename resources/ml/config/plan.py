"""What the `ml` part of a stack file declares: the inputs of each resource, under the API's names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from resources.config import plan
from resources.ml import rules
from resources.ml.schema import VERSION
from resources.ml.service import ML
from resources.schema import secrets

SPLIT_GATE = "splitGate"
"""Key in the stack's outputs of a model with an `ml.TrafficSplit`: the result of its gate in the last run."""
PASSED, FAILED, NOT_RUN = "passed", "failed: the previous split serves", "not run"
"""Its values. The program only checks whether the key exists."""


@dataclass(kw_only=True)
class Version:
    """A version as declared: inputs under the API's names, and the artifact of its `deploymentUri`.

    Attributes:
        inputs: of its `ml.Version`.
        saved_model: inputs of its `storage.SavedModel`; None if the stack does not manage the artifact.
        samples: how many samples its artifact has; None if unknown.
        named: whether the stack file names it.
    """

    inputs: dict[str, Any]
    saved_model: dict[str, Any] | None = None
    samples: int | None = None
    named: bool = True

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.inputs["name"])

    @property
    def artifact(self) -> dict[str, Any]:
        """What `ml.DefaultVersion` needs to know about its artifact; empty if nothing is known."""
        if self.saved_model is None or self.samples is None:
            return {}
        digest = {} if self.named else {"contentDigest": self.saved_model["contentDigest"]}
        return {"samples": self.samples, **digest}


@dataclass(kw_only=True)
class Model:
    """A model as declared. `versions` has the default version first; `split` is version -> percent.

    `allowed` is the version that may break clients; empty for none.
    """

    inputs: dict[str, Any]
    default: str
    versions: list[Version]
    gate: dict[str, Any] = field(default_factory=dict)
    split: dict[str, Any] = field(default_factory=dict)
    allowed: str = ""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.inputs["name"])

    def version_inputs(self, version: Version) -> dict[str, Any]:
        """The inputs of the `ml.Version` of one of its versions."""
        known = {"signatures": version.saved_model["signatures"]} if version.saved_model else {}
        allowed = {"allowBreakingChange": self.allowed} if self.allowed == version.name else {}
        return {**version.inputs, **known, **allowed}

    @property
    def default_version_inputs(self) -> dict[str, Any]:
        """The inputs of its `ml.DefaultVersion`."""
        return {**self._facts, "version": self.default, **self._judged(self.versions)}

    def declares_split(self, before: Mapping[str, Any]) -> bool:
        """Whether it has an `ml.TrafficSplit`.

        A stack deployed by an earlier release has none. It gets one when its split, as shown in its outputs, changes
        for the first time, so that an upgrade alone changes nothing.

        Args:
            before: the model in the stack's outputs before this run; empty if it was not in them.
        """
        return bool(self.split) and (SPLIT_GATE in before or before.get("trafficSplit") != self.split)

    def traffic_split_inputs(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs of its `ml.TrafficSplit`; argument as above."""
        uris = {each.name: each.inputs["deploymentUri"] for each in self.versions if each.name in self.split}
        given = {"previousSplit": before.get("trafficSplit"), "previousDefault": before.get("defaultVersion")}
        known = {name: value for name, value in given.items() if value}
        facts = {"trafficSplit": self.split, "deploymentUris": uris, "defaultVersion": self.default}
        concerned = [each for each in self.versions if each.name in {*self.split, self.default}]
        return {**self._facts, **facts, **known, **self._judged(concerned)}

    @property
    def _facts(self) -> dict[str, Any]:
        return {"project": self.inputs["project"], "model": self.inputs["name"]}

    def _judged(self, versions: Iterable[Version]) -> dict[str, Any]:
        """What a gate needs to know about these versions."""
        versions = list(versions)
        known = {version.name: version.saved_model["signatures"] for version in versions if version.saved_model}
        given = {
            "gate": self.gate,
            "signatures": known,
            "artifacts": {version.name: version.artifact for version in versions if version.artifact},
            "allowBreakingChange": self.allowed,
        }
        return {name: value for name, value in given.items() if value}


@dataclass(kw_only=True)
class Job:
    """A batch prediction job as declared: inputs under the API's names, and the model and version that predict."""

    inputs: dict[str, Any]
    model: str
    version: str

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.inputs["name"])


@dataclass(kw_only=True)
class Stack(plan.Stack):
    """What a stack on `ml` v1 declares."""

    models: list[Model]
    jobs: list[Job] = field(default_factory=list)


def summary(stack: Stack, model: Model, default: Any) -> dict[str, Any]:
    """A model's entry in the stack's outputs: name, default version, versions, prediction URL, shares.

    Args:
        stack: that declares it.
        model: as declared.
        default: the name of the version that serves by default; an output of its resource.
    """
    name = f"projects/{stack.project}/models/{model.inputs['name']}"
    return {
        "name": name,
        "defaultVersion": default,
        "versions": sorted(version.name for version in model.versions),
        "predictUrl": f"{ML.url(stack.settings)}/v1/{name}:predict",
        **({"trafficSplit": model.split} if model.split else {}),
    }


def version_name(inputs: Mapping[str, Any]) -> str:
    """The generated name of an unnamed version: a new name for each change that the API does not allow in place.

    Secrets are not hashed: they could be guessed from a short hash in a public name.
    """
    labels = inputs.get("labels", {}) if rules.is_mls1(inputs) else {}  # which are not patched there
    facts = [(path, str(value)) for path, value in secrets.leaves([VERSION.unchangeable(inputs), labels])]
    return f"v_{hashlib.sha256(json.dumps(sorted(facts)).encode()).hexdigest()[:10]}"
