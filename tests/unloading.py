"""Deletes what a test deployed, since its nodes are processes on an emulator that hundreds of tests share."""

from __future__ import annotations

import contextlib
from typing import Any

from googleapiclient.errors import HttpError

from tests.emulator.ml.caller import until
from tests.running import RunningEmulator


def unload(emulator: RunningEmulator, project: str) -> None:
    """Deletes the versions of a project, the default one of a model last; undeploys what Vertex AI serves."""
    models = emulator.ml().projects().models()
    for model in models.list(parent=f"projects/{project}").execute().get("models", []):
        versions = models.versions().list(parent=model["name"]).execute().get("versions", [])
        for version in sorted(versions, key=lambda version: bool(version.get("isDefault"))):
            with contextlib.suppress(HttpError):  # an operation of a failed test may still run
                _await(emulator, models.versions().delete(name=version["name"]).execute())
    _undeploy(emulator, project)


def _undeploy(emulator: RunningEmulator, project: str) -> None:
    """Ends every deployed model of the region that the tests of Vertex AI use."""
    endpoints, place = emulator.vertex().projects().locations().endpoints(), f"projects/{project}/locations/us-central1"
    for endpoint in endpoints.list(parent=place).execute().get("endpoints", []):
        name = endpoint["name"]
        if endpoint.get("trafficSplit"):
            endpoints.patch(name=name, updateMask="trafficSplit", body={}).execute()
        for deployed in endpoint.get("deployedModels", []):
            with contextlib.suppress(HttpError):  # an operation of a failed test may still run
                endpoints.undeployModel(endpoint=name, body={"deployedModelId": deployed["id"]}).execute()


def _await(emulator: RunningEmulator, operation: dict[str, Any]) -> None:
    operations, name = emulator.ml().projects().operations(), operation["name"]
    until(lambda: operations.get(name=name).execute().get("done"), f"the end of {name}")
