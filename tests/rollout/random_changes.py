"""A stack file that changes at random, step by step, and what must then be deployed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.emulator.ml.caller import until
from tests.program.stacks import Deployment
from tests.running import BOUND

Model = dict[str, Any]

_HELD = ("versions.create", "versions.delete", "versions.setDefault", "versions.patch", "create", "delete", "patch")
_OTHER = {"n1-standard-2": "n1-standard-4", "n1-standard-4": "n1-standard-2"}
_MOST = 3
"""The most versions of a model, and the most models."""


class Edits:
    """Random edits of a stack file. The model `stays` never changes; an edit that is not possible does nothing.

    Args:
        stack: not deployed yet.
        chance: the random source of every choice.
    """

    def __init__(self, stack: Deployment, chance: random.Random) -> None:
        self._stack, self._chance, self._made = stack, chance, 0
        self._labels: dict[str, str] = {}
        alone = {"defaultVersion": "v1", "versions": {"v1": stack.version(2)}}
        self.models: dict[str, Model] = {"stays": alone, "changes": self._new_model()}
        self.all: tuple[Callable[[], None], ...] = (
            self.add_version,
            self.remove_version,
            self.move_default,
            self.rename_version,
            self.scale,
            self.replace,
            self.label,
            self.add_model,
            self.remove_model,
        )

    def declare(self) -> None:
        """Writes the file."""
        bucket = {"name": f"{self._stack.project}-tf2-models", "labels": self._labels}
        self._stack.declare(self.models, bucket=bucket)

    def served(self) -> dict[str, dict[str, str]]:
        """What `Deployment.served` must return."""
        return {
            name: {version: "READY" + "*" * (version == model["defaultVersion"]) for version in model["versions"]}
            for name, model in self.models.items()
        }

    def add_version(self) -> None:
        """Adds a version to a model that has room for one more."""
        model = self._model()
        if len(model["versions"]) < _MOST:
            model["versions"][self._name()] = self._new()

    def remove_version(self) -> None:
        """Removes a version that is not the default."""
        model = self._model()
        others = [name for name in model["versions"] if name != model["defaultVersion"]]
        if others:
            del model["versions"][self._chance.choice(others)]

    def move_default(self) -> None:
        """Makes any version of a model the default, possibly the current one."""
        model = self._model()
        model["defaultVersion"] = self._chance.choice(list(model["versions"]))

    def rename_version(self) -> None:
        """Gives any version of a model another name, possibly the default one."""
        model = self._model()
        old, new = self._chance.choice(list(model["versions"])), self._name()
        model["versions"][new] = model["versions"].pop(old)
        if model["defaultVersion"] == old:
            model["defaultVersion"] = new

    def scale(self) -> None:
        """Changes the number of nodes, which the API does in place."""
        version, nodes = self._version(), self._chance.randint(1, 2)
        if "manualScaling" in version:
            version["manualScaling"] = {"nodes": nodes}
        else:
            version["autoScaling"] = {**version["autoScaling"], "minNodes": nodes}

    def replace(self) -> None:
        """Changes the machine type or the kind of scaling, which the API cannot do in place."""
        version = self._version()
        version["allowDowntime"] = True
        if self._chance.random() < 1 / 2:
            version["machineType"] = _OTHER[version["machineType"]]
        elif version.pop("autoScaling", None):
            version["manualScaling"] = {"nodes": 1}
        else:
            del version["manualScaling"]
            version["autoScaling"] = {"minNodes": 1, "maxNodes": 2}

    def label(self) -> None:
        """Labels the bucket, a model or a version."""
        place = self._chance.choice([self._model(), self._version()])
        labels = place.setdefault("labels", {}) if self._chance.random() < 2 / 3 else self._labels
        labels["step"] = str(self._chance.randint(1, 9))

    def add_model(self) -> None:
        """Adds a model with one version."""
        if len(self.models) < _MOST:
            self.models[f"m{self._name()}"] = self._new_model()

    def remove_model(self) -> None:
        """Removes an added model with all its versions."""
        added = [name for name in self.models if name not in ("stays", "changes")]
        if added:
            del self.models[self._chance.choice(added)]

    def _model(self) -> Model:
        return self.models[self._chance.choice([name for name in self.models if name != "stays"])]

    def _version(self) -> dict[str, Any]:
        found: dict[str, Any] = self._chance.choice(list(self._model()["versions"].values()))
        return found

    def _name(self) -> str:
        self._made += 1
        return f"v{self._made}"

    def _new(self) -> dict[str, Any]:
        return self._stack.version(self._chance.randint(3, 5), **self._scaling())

    def _new_model(self) -> Model:
        name = self._name()
        return {"defaultVersion": name, "versions": {name: self._new()}}

    def _scaling(self) -> dict[str, Any]:
        return self._chance.choice([{"manualScaling": {"nodes": 1}}, {"autoScaling": {"minNodes": 1, "maxNodes": 2}}])


class Walk:
    """A stack whose file changes at random and is then deployed in a way chosen at random.

    Args:
        stack: not deployed yet.
        seed: the same seed gives the same steps.
    """

    def __init__(self, stack: Deployment, seed: str) -> None:
        self._stack, self._chance = stack, random.Random(seed)  # noqa: S311 - steps, not secrets
        self.edits = Edits(stack, self._chance)
        self._ways = (self.normally, self.normally, self.after_a_kill, self.after_a_taint, self.after_drift)

    def step(self) -> str:
        """Makes up to three changes of the file and deploys it; returns a description of both."""
        edits = self._chance.sample(self.edits.all, k=self._chance.randint(1, 3))
        for edit in edits:
            edit()
        self.edits.declare()
        way = self._chance.choice(self._ways)
        details = way()
        return f"{', '.join(edit.__name__ for edit in edits)}; deployed {way.__name__}{details}"

    def normally(self) -> str:
        """Runs `up` once."""
        self._stack.engine.up()
        return ""

    def after_a_kill(self) -> str:
        """Kills the engine during a call of a random method, if there is one, then runs the recovery."""
        method, side = f"ml.projects.models.{self._chance.choice(_HELD)}", self._chance.choice(("before", "after"))
        self._stack.emulator.faults({"method": method, "hold": side})
        process = self._stack.engine.begin("up", "--skip-preview")
        until(lambda: self._stack.emulator.is_faulted() or process.poll() is not None, "a held call, or the end")
        process.kill()
        self._stack.emulator.faults()
        process.communicate(timeout=BOUND)
        self._stack.engine.recover("up")
        return f" {side} {method}"

    def after_a_taint(self) -> str:
        """Taints a deployed resource, but none of the model `stays`, and runs `up`, which replaces it."""
        known = [name for name in self._stack.engine.resources() if name.startswith(("Version", "DefaultVersion"))]
        name = self._chance.choice(sorted(name for name in known if "stays" not in name))
        self._stack.engine.run("state", "taint", self._stack.urn(name), "--stack", "test", "--yes")
        self._stack.engine.up()
        return f" with {name}"

    def after_drift(self) -> str:
        """Changes a description and a default outside Pulumi, refreshes, and runs `up`."""
        models = self._stack.emulator.ml().projects().models()
        parent = f"projects/{self._stack.project}/models/changes"
        listed = models.versions().list(parent=parent).execute()["versions"]
        name = self._chance.choice(sorted(version["name"] for version in listed))
        models.versions().setDefault(name=name, body={}).execute()
        models.patch(name=parent, updateMask="description", body={"description": "changed outside"}).execute()
        self._stack.engine.stack("refresh", "--skip-preview")
        self._stack.engine.up()
        return f" after {name} was set default"
