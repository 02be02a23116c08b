"""Versions that share a resource pool, with the real engine on the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulator.vertex.caller import PREBUILT, VertexCaller
from tests.engine import Engine
from tests.program.test_vertex import configuration
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

_POOLS = "aiplatform.projects.locations.deploymentResourcePools"
_ENDPOINTS = "aiplatform.projects.locations.endpoints"


@pytest.fixture
def engine(emulator: RunningEmulator, project: str, tmp_path: Path) -> Engine:
    """A stack of two versions on one pool, which is not deployed yet."""
    config = configuration(emulator, project, tmp_path)
    del config["tf2-models:servingImage"]
    versions: dict[str, Any] = config["tf2-models:models"]["mult"]["versions"]
    for name, version in versions.items():
        facts = {"container": {"image": PREBUILT["imageUri"]}, "vertex": {"resourcePool": "small"}}
        versions[name] = {"artifact": version["artifact"], **facts}
    config["tf2-models:resourcePools"] = {
        "small": {"machineType": "n1-standard-2", "autoScaling": {"minNodes": 1, "maxNodes": 2}}
    }
    engine = Engine(tmp_path / "engine")
    engine.write(config)
    return engine


@pytest.fixture
def service(emulator: RunningEmulator, project: str) -> VertexCaller:
    """The emulator's side of the stack."""
    return VertexCaller(emulator, project)


def pools(service: VertexCaller) -> list[dict[str, Any]]:
    """The pools of the project."""
    listed = service.locations.deploymentResourcePools().list(parent=service.place).execute()
    found: list[dict[str, Any]] = listed.get("deploymentResourcePools", [])
    return found


def shared(service: VertexCaller) -> set[str]:
    """The ids of the pools that the endpoint's deployed models run on."""
    deployed = service.endpoints.get(name=f"{service.place}/endpoints/mult").execute()["deployedModels"]
    return {each["sharedResources"].rpartition("/")[2] for each in deployed}


def test_a_pool_that_others_use_is_not_taken_over(engine: Engine, service: VertexCaller) -> None:
    """A pool of this id serves an endpoint of somebody else: refused by name, and its replicas stay."""
    engine.config["tf2-models:resourcePools"]["small"]["vertex"] = {"resourcePoolId": "theirs"}
    engine.write(engine.config)
    resources = {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1, "maxReplicaCount": 1}
    body = {"deploymentResourcePoolId": "theirs", "deploymentResourcePool": {"dedicatedResources": resources}}
    made = service.locations.deploymentResourcePools().create(parent=service.place, body=body).execute()
    name, endpoint = service.response(made)["name"], service.endpoint()
    service.deploy(endpoint, service.upload(), dedicatedResources=None, sharedResources=name)

    text = engine.stack("up", "--skip-preview", fails=True)

    assert "endpoints that are not this stack's use it" in text
    assert [pool["dedicatedResources"] for pool in pools(service)] == [resources]


def test_versions_run_on_a_pool(engine: Engine, emulator: RunningEmulator, service: VertexCaller) -> None:
    """Up, no-op, replicas patched in place, other machines, a version that leaves, destroy."""
    assert engine.up() == {"created": 13}
    [pool] = pools(service)
    assert shared(service) == {pool["name"].rpartition("/")[2]}
    assert service.predict(f"{service.place}/endpoints/mult")["predictions"] == [2.0]
    assert engine.up() == {"unchanged": 13}
    engine.stack("refresh", "--suppress-progress")
    assert engine.preview() == {}

    _replicas_are_patched_in_place(engine, emulator, service)
    _other_machines_are_another_pool(engine, service)
    _a_pool_goes_after_the_versions_on_it(engine, service)

    engine.stack("destroy", "--suppress-progress")
    assert (engine.resources(), pools(service)) == ({}, [])


def _edit(engine: Engine, key: str, value: Any) -> None:
    """Changes a key of the pool."""
    engine.config["tf2-models:resourcePools"]["small"][key] = value
    engine.write(engine.config)


def _replicas_are_patched_in_place(engine: Engine, emulator: RunningEmulator, service: VertexCaller) -> None:
    _edit(engine, "autoScaling", {"minNodes": 2, "maxNodes": 3})
    emulator.reset_calls()

    assert engine.up() == {"updated": 1, "unchanged": 12}

    calls = emulator.calls()
    assert calls[f"{_POOLS}.patch"] == 1
    assert not {f"{_POOLS}.create", f"{_POOLS}.delete", f"{_ENDPOINTS}.deployModel"} & calls.keys()
    [pool] = pools(service)
    assert (pool["dedicatedResources"]["minReplicaCount"], pool["dedicatedResources"]["maxReplicaCount"]) == (2, 3)


def _other_machines_are_another_pool(engine: Engine, service: VertexCaller) -> None:
    """What runs on the first one is deployed on the second, takes the traffic, and then the first one goes.

    The service refuses to delete a pool that is in use, so that an `up` that succeeds deleted it last.
    """
    [before] = shared(service)
    _edit(engine, "machineType", "n1-standard-4")

    engine.up()

    [pool] = pools(service)
    assert shared(service) == {pool["name"].rpartition("/")[2]} != {before}
    assert service.predict(f"{service.place}/endpoints/mult")["predictions"] == [2.0]


def _a_pool_goes_after_the_versions_on_it(engine: Engine, service: VertexCaller) -> None:
    """Each version gets machines of its own in the same `up` that deletes the pool."""
    config = engine.config
    for version in config["tf2-models:models"]["mult"]["versions"].values():
        del version["vertex"]
        version["machineType"] = "n1-standard-2"
    del config["tf2-models:resourcePools"]
    engine.write(config)

    engine.up()

    assert pools(service) == []
    assert service.predict(f"{service.place}/endpoints/mult")["predictions"] == [2.0]
