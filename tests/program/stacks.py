"""Stacks that tests deploy: models that multiply, and what the API reports about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.emulator import saved_models
from tests.engine import Engine
from tests.running import RunningEmulator


class Deployment:
    """A stack of this program on an emulator, in its own project."""

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path, name: str = "engine") -> None:
        self.emulator, self.project, self.folder = emulator, project, folder
        self.engine = Engine(folder / name)

    def version(self, factor: float, **fields: Any) -> dict[str, Any]:
        """The stack-file entry of a version that multiplies by this factor, by default on one node."""
        artifact = saved_models.write(self.folder / f"x{factor:g}", factor)
        scaling = {} if "autoScaling" in fields else {"manualScaling": {"nodes": 1}}
        return {"artifact": str(artifact), "machineType": "n1-standard-2", **scaling, **fields}

    def samples(self, name: str, *pairs: tuple[float, float]) -> str:
        """A file of samples, each an instance and its prediction."""
        file = self.folder / name
        file.write_text(json.dumps([{"instance": one, "prediction": other} for one, other in pairs]), encoding="utf-8")
        return str(file)

    def declare(self, models: Mapping[str, Any], **more: Any) -> None:
        """Writes the stack file."""
        keys = {
            "endpoint": self.emulator.endpoint,
            "bucket": {"name": f"{self.project}-tf2-models"},
            "runtimeVersion": "2.21",
            "models": dict(models),
            **more,
        }
        config = {f"tf2-models:{key}": value for key, value in keys.items()}
        self.engine.write({"gcp:project": self.project, "gcp:region": "us-central1", **config})

    def url(self, model: str, version: str | None = None) -> str:
        """The predict URL of a model or of one of its versions."""
        name = f"projects/{self.project}/models/{model}" + (f"/versions/{version}" if version else "")
        return f"{self.emulator.endpoint}/v1/{name}:predict"

    def served(self) -> dict[str, dict[str, str]]:
        """Model -> version -> its state, with a `*` at the default version."""
        models, found = self.emulator.ml().projects().models(), {}
        for model in models.list(parent=f"projects/{self.project}").execute().get("models", []):
            versions = models.versions().list(parent=model["name"]).execute().get("versions", [])
            found[_last(model)] = {_last(item): item["state"] + "*" * item.get("isDefault", False) for item in versions}
        return found

    def buckets(self) -> list[str]:
        """The buckets of the project."""
        listed = self.emulator.storage().buckets().list(project=self.project).execute()
        return [bucket["name"] for bucket in listed.get("items", [])]

    def changes(self) -> dict[str, int]:
        """The number of calls since `reset_calls` of each `ml` method that changes something."""
        verbs = ("create", "patch", "delete", "setDefault")
        calls = self.emulator.calls().items()
        return {
            method.removeprefix("ml.projects.models."): count
            for method, count in calls
            if method.startswith("ml.projects.models.") and method.endswith(verbs)
        }

    def urn(self, resource: str) -> str:
        """The URN of a resource: `Version mult-v1`."""
        found: str = self.engine.resources()[resource]["urn"]
        return found


def _last(item: Mapping[str, Any]) -> str:
    return str(item["name"]).rpartition("/")[2]
