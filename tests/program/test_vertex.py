"""The life of a stack on Vertex AI, with the real engine on the emulator."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from tests.emulator import saved_models
from tests.engine import Engine
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

REGION = "us-central1"
SCALING = {"machineType": "n1-standard-2", "autoScaling": {"minNodes": 1, "maxNodes": 2}}


def configuration(emulator: RunningEmulator, project: str, folder: Path) -> dict[str, Any]:
    """A model with two versions behind one endpoint."""
    one, two = (saved_models.write(folder / name, factor) for name, factor in (("one", 2.0), ("two", 3.0)))
    return {
        "gcp:project": project,
        "gcp:region": REGION,
        "tf2-models:platform": "vertex",
        "tf2-models:endpoint": emulator.endpoint,
        "tf2-models:servingImage": f"{REGION}-docker.pkg.dev/demo/serving/tensorflow:{{tensorflow}}",
        "tf2-models:models": {
            "mult": {
                "description": "Multiplies",
                "labels": {"team": "a"},
                "defaultVersion": "v1",
                "versions": {"v1": {"artifact": str(one), **SCALING}, "v2": {"artifact": str(two), **SCALING}},
            }
        },
    }


@pytest.fixture
def engine(emulator: RunningEmulator, project: str, tmp_path: Path) -> Engine:
    """A stack that is not deployed yet."""
    engine = Engine(tmp_path / "engine")
    engine.write(configuration(emulator, project, tmp_path))
    return engine


class Service:
    """What the emulator says of a project's endpoint `mult` and its model."""

    def __init__(self, client: Any, project: str) -> None:
        self._locations = client.projects().locations()
        self.parent = f"projects/{project}/locations/{REGION}"

    @property
    def endpoints(self) -> Any:
        """The methods of endpoints."""
        return self._locations.endpoints()

    @property
    def models(self) -> Any:
        """The methods of models."""
        return self._locations.models()

    def endpoint(self) -> dict[str, Any]:
        """The endpoint."""
        found: dict[str, Any] = self.endpoints.get(name=f"{self.parent}/endpoints/mult").execute()
        return found

    def shares(self) -> list[int]:
        """The shares of the split, the smallest first."""
        return sorted(self.endpoint().get("trafficSplit", {}).values())

    def versions(self) -> dict[str, str]:
        """Name of a version -> its number."""
        listed = self.models.listVersions(name=f"{self.parent}/models/mult").execute()["models"]
        return {each["labels"]["tf2-models-version"]: each["versionId"] for each in listed}

    def answers(self, count: int = 40) -> set[float]:
        """Different predictions for 1.0."""
        predict = self.endpoints.predict(endpoint=f"{self.parent}/endpoints/mult", body={"instances": [1.0]})
        return {predict.execute()["predictions"][0] for _ in range(count)}


@pytest.fixture
def service(emulator: RunningEmulator, project: str) -> Iterator[Service]:
    """The emulator's side of the stack."""
    url = f"{emulator.endpoint}/discovery/v1/apis/aiplatform/v1/rest"
    with urllib.request.urlopen(url, timeout=BOUND) as answer:  # noqa: S310 - loopback
        document = {**json.load(answer), "rootUrl": f"{emulator.endpoint}/"}
    with build_from_document(document) as client:
        yield Service(client, project)


def test_a_stack_on_vertex_is_deployed_changed_repaired_and_destroyed(
    engine: Engine, emulator: RunningEmulator, service: Service
) -> None:
    """The whole life of a stack: up, no-op, scaling, split, a new version, drift, destroy."""
    assert engine.up() == {"created": 12}
    assert (service.shares(), service.answers()) == ([100], {2.0})
    assert service.versions() == {"v1": "1", "v2": "2"}

    emulator.reset_calls()
    assert engine.preview() == {}
    assert engine.up() == {"unchanged": 12}
    assert emulator.calls() == {}

    _scaling_is_changed_in_place(engine, emulator)
    _the_split_moves(engine, service)
    _a_new_version_takes_over(engine, service)
    _drift_is_reverted(engine, service)
    _what_is_deployed_again_by_hand_is_refused_while_it_has_traffic(engine, service)
    _an_endpoint_is_made_again_where_downtime_is_allowed(engine, service)

    engine.stack("destroy", "--suppress-progress")
    assert engine.resources() == {}
    assert service.endpoints.list(parent=service.parent).execute().get("endpoints", []) == []
    assert service.models.list(parent=service.parent).execute().get("models", []) == []


def _scaling_is_changed_in_place(engine: Engine, emulator: RunningEmulator) -> None:
    engine.edit("mult.versions.v1.autoScaling", {"minNodes": 2, "maxNodes": 3})
    engine.edit("mult.description", "Multiplies numbers")
    emulator.reset_calls()
    assert engine.up() == {"updated": 3, "unchanged": 9}
    calls = emulator.calls()
    assert calls["aiplatform.projects.locations.endpoints.mutateDeployedModel"] == 1
    assert "aiplatform.projects.locations.endpoints.deployModel" not in calls


def _the_split_moves(engine: Engine, service: Service) -> None:
    engine.edit("mult.trafficSplit", {"v1": 50, "v2": 50})
    assert engine.up() == {"updated": 1, "unchanged": 11}
    assert (service.shares(), service.answers()) == ([50, 50], {2.0, 3.0})


def _a_new_version_takes_over(engine: Engine, service: Service) -> None:
    """Its machine type changes under the same name, too: a second deployed model, then the first one goes."""
    engine.edit("mult.trafficSplit", None)
    engine.edit("mult.defaultVersion", "v2")
    engine.edit("mult.versions.v1", None)
    engine.edit("mult.versions.v2.machineType", "n1-standard-4")
    engine.up()

    assert (service.shares(), service.answers()) == ([100], {3.0})
    assert service.versions() == {"v2": "2"}
    [deployed] = service.endpoint()["deployedModels"]
    assert deployed["dedicatedResources"]["machineSpec"]["machineType"] == "n1-standard-4"


def _drift_is_reverted(engine: Engine, service: Service) -> None:
    name = f"{service.parent}/endpoints/mult"
    service.endpoints.patch(name=name, updateMask="description,trafficSplit", body={"description": "?"}).execute()
    engine.stack("refresh", "--suppress-progress")
    assert engine.preview() == {"Endpoint mult": "update", "TrafficSplit mult": "update"}
    engine.up()
    assert (service.shares(), service.endpoint()["description"]) == ([100], "Multiplies numbers")


def _what_is_deployed_again_by_hand_is_refused_while_it_has_traffic(engine: Engine, service: Service) -> None:
    deployed, version = (
        next(urn for name, urn in _urns(engine).items() if name.startswith(kind)) for kind in ("Deployed", "ModelV")
    )
    for urn in (deployed, version):
        engine.run("state", "taint", urn, "--yes", "--stack", "test")
        assert "vertex.redeploy: TEXT" in engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)
        engine.run("state", "untaint", urn, "--yes", "--stack", "test")
    assert (service.shares(), engine.preview()) == ([100], {})


def _urns(engine: Engine) -> dict[str, str]:
    return {name: entry["urn"] for name, entry in engine.resources().items()}


def _an_endpoint_is_made_again_where_downtime_is_allowed(engine: Engine, service: Service) -> None:
    engine.edit("mult.vertex", {"dedicatedEndpointEnabled": True})
    engine.edit("mult.allowDowntime", value=True)
    engine.up()
    assert service.endpoint()["dedicatedEndpointEnabled"] is True
    assert (service.shares(), service.answers()) == ([100], {3.0})


def test_what_the_state_does_not_know_is_found(engine: Engine, service: Service) -> None:
    """A state was lost with a process: the next `up` takes over what it finds, by label and by id."""
    engine.up()
    before = (service.versions(), service.endpoint()["deployedModels"])
    urn = engine.resources()["ModelVersion mult-v1"]["urn"]
    engine.run("state", "delete", urn, "--yes", "--target-dependents", "--stack", "test")
    assert not [name for name in engine.resources() if name.startswith(("ModelVersion", "DeployedModel"))]

    engine.up()

    assert (service.versions(), service.endpoint()["deployedModels"]) == before


def test_a_model_of_somebody_else_gets_no_versions(engine: Engine, service: Service) -> None:
    """A model with this id and strangers' versions is refused by name, and nothing is uploaded to it."""
    body = {"displayName": "theirs", "containerSpec": {"imageUri": "us-docker.pkg.dev/p/r/i:1"}}
    service.models.upload(parent=service.parent, body={"modelId": "mult", "model": body}).execute()

    text = engine.stack("up", "--skip-preview", fails=True)

    assert "the model mult is there, and no version of it is this stack's" in text
    [version] = service.models.listVersions(name=f"{service.parent}/models/mult").execute()["models"]
    assert version["displayName"] == "theirs"
    with pytest.raises(HttpError):
        service.models.get(name=f"{service.parent}/models/mult@2").execute()


@pytest.mark.faults
def test_another_model_id_uploads_and_deploys_again_before_the_old_model_goes(engine: Engine, service: Service) -> None:
    """The endpoint, and so the address of its users, stays; at each moment something serves them."""
    engine.up()

    engine.edit("mult.vertex", {"modelId": "other"})
    engine.up()

    assert service.answers() == {2.0}
    listed = service.models.list(parent=service.parent).execute()["models"]
    assert [each["name"].rpartition("/")[2] for each in listed] == ["other"]
    assert engine.preview() == {}
