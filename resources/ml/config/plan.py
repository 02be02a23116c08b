"""What the `ml` part of a stack file declares: the inputs of every resource, under the API's names."""

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
"""Key of a model in the stack's outputs that has an `ml.TrafficSplit`: how its gate ended in the last run."""
PASSED, FAILED, NOT_RUN = "passed", "failed: the previous split serves", "not run"
"""Its values. The program only reads whether the key exists."""


@dataclass(kw_only=True)
class Version:
    """A version as declared: inputs under the API's names, and what is behind its `deploymentUri`.

    Attributes:
        inputs: of its `ml.Version`.
        saved_model: inputs of its `storage.SavedModel`; None where the artifact is not the stack's.
        samples: how many its artifact has; None if unknown.
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
        """What `ml.DefaultVersion` needs to know of its artifact; empty if nothing is known."""
        if self.saved_model is None or self.samples is None:
            return {}
        digest = {} if self.named else {"contentDigest": self.saved_model["contentDigest"]}
        return {"samples": self.samples, **digest}


@dataclass(kw_only=True)
class Model:
    """A model as declared. The default version comes first among the versions; `split` is version -> per cent.

    `allowed` is the version that may break clients; empty if none may.
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

        A stack that an earlier release deployed has none: it gets one with the first change of its split, which its
        outputs show, so that an upgrade alone changes nothing.

        Args:
            before: the model in the stack's outputs before this run; empty if the model was not in them.
        """
        return bool(self.split) and (SPLIT_GATE in before or before.get("trafficSplit") != self.split)

    def traffic_split_inputs(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs of its `ml.TrafficSplit`; the argument as above."""
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
        """What a gate goes by, of these versions."""
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
    """A batch prediction job as declared: inputs under the API's names, and the names of whom it asks."""

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


def newer_failure(made: str, runtime: Any) -> str:
    """Why a runtime does not take an artifact that this TensorFlow made; empty where it does, or is no runtime."""
    if not isinstance(runtime, str) or not rules.RUNTIME.match(runtime) or not made:
        return ""
    if rules.runtime(".".join(made.split(".")[:2])) <= rules.runtime(runtime):
        return ""
    return f"{runtime} is older than TensorFlow {made}, which made the artifact; allowNewerTensorFlow: true tries it"


def summary(stack: Stack, model: Model, default: Any) -> dict[str, Any]:
    """What the stack's outputs say of a model: its name, default version, versions, the URL that predicts, shares.

    Args:
        stack: that declares it.
        model: as declared.
        default: the name of the version that serves by default, once it is known to; an output of its resource.
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
    """The name of a version that has none of its own: another one wherever the API would take no change.

    What is secret is left out: a short hash in a name that everybody sees could be tried.
    """
    labels = inputs.get("labels", {}) if rules.is_mls1(inputs) else {}  # which are not patched there
    facts = [(path, str(value)) for path, value in secrets.leaves([VERSION.unchangeable(inputs), labels])]
    return f"v_{hashlib.sha256(json.dumps(sorted(facts)).encode()).hexdigest()[:10]}"
