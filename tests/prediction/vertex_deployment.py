"""Real models on Vertex AI of an emulator: in the registry, and some of them behind endpoints."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resources.vertex.names import VERSION_LABEL
from tests.emulator.vertex.caller import LOCATION, SERVING, VertexCaller
from tests.prediction.deployment import MANIFESTS, run
from tests.running import RunningEmulator

OPTIONS = ("--platform", "vertex", "--region", LOCATION)
MACHINE = ("--machine-type", "n1-standard-2")


class VertexDeployment:
    """Version v1 of the models in `MANIFESTS`, in a project of their own, as a stack would upload them.

    Attributes:
        vertex: Google's client for the project.
    """

    def __init__(self, emulator: RunningEmulator, project: str, models: Path) -> None:
        self.emulator, self.project, self.vertex = emulator, project, VertexCaller(emulator, project)
        for name in MANIFESTS:
            self.upload(name, models / name)

    def upload(self, name: str, folder: Path, version: str = "v1") -> str:
        """Uploads a version of a model; returns its full name. The first version of a model is its default."""
        place = f"{name}/{version}"
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.vertex.files.upload(f"{place}/1", path.read_bytes(), path.relative_to(folder).as_posix())
        self.vertex.files.upload(f"{place}/1", json.dumps(MANIFESTS[name]).encode(), "manifest.json")
        label = {"labels": {VERSION_LABEL: version}, "containerSpec": SERVING, "displayName": name}
        is_first = version == "v1"
        where: dict[str, Any] = {"modelId": name} if is_first else {"parentModel": f"{self.vertex.place}/models/{name}"}
        uri = f"gs://{self.vertex.files.bucket}/{place}"
        return self.vertex.upload(uri=uri, model=label, **where)

    def serve(self, name: str, version: str) -> None:
        """Deploys a version behind an endpoint with the name of its model."""
        endpoints = self.vertex.endpoints
        create = endpoints.create(parent=self.vertex.place, endpointId=name, body={"displayName": name})
        endpoint = self.vertex.response(create.execute())["name"]
        self.vertex.deploy(endpoint, version, split={"0": 100})

    def jobs(self) -> list[dict[str, Any]]:
        """The project's batch prediction jobs, the latest first."""
        calls = self.vertex.locations.batchPredictionJobs()
        found: list[dict[str, Any]] = calls.list(parent=self.vertex.place).execute().get("batchPredictionJobs", [])
        return found

    def staged(self) -> list[str]:
        """The names of what jobs left below the folder for uploads."""
        listed = self.emulator.storage().objects().list(bucket=self.vertex.files.bucket, prefix="batch/").execute()
        return [item["name"] for item in listed.get("items", [])]

    def where(self) -> list[str]:
        """The options that choose this project at this endpoint."""
        return ["--project", self.project, "--endpoint", self.emulator.endpoint, *OPTIONS]

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs `python -m prediction` for this project at this endpoint."""
        return run(*arguments, *self.where(), env=env)

    def batch(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `python -m prediction batch` with a machine type."""
        return self.run("batch", *arguments, *MACHINE)
