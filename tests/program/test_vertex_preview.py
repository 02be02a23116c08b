"""Versions and pools that use Google's preview features, with the real engine on the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulator.vertex.caller import PREBUILT, VertexCaller
from tests.engine import Engine
from tests.program.test_vertex import configuration
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

_SPEC = {"idleScaledownPeriod": "300s", "minScaleupPeriod": "600s"}
_TO_ZERO: dict[str, Any] = {"preview": True, "initialReplicaCount": 1, "scaleToZeroSpec": _SPEC}
_BETA = {"initialReplicaCount", "scaleToZeroSpec"}


@pytest.fixture
def engine(emulator: RunningEmulator, project: str, tmp_path: Path) -> Engine:
    """A stack whose default version scales to zero, beside one on a pool that does; it is not deployed yet."""
    config = configuration(emulator, project, tmp_path)
    versions: dict[str, Any] = config["tf2-models:models"]["mult"]["versions"]
    versions["v1"] |= {"autoScaling": {"minNodes": 0, "maxNodes": 2}, "vertex": dict(_TO_ZERO)}
    own = {"container": {"image": PREBUILT["imageUri"]}, "vertex": {"resourcePool": "idle"}}
    versions["v2"] = {"artifact": versions["v2"]["artifact"], **own}
    pool = {"machineType": "n1-standard-2", "autoScaling": {"minNodes": 0, "maxNodes": 2}, "vertex": dict(_TO_ZERO)}
    config["tf2-models:resourcePools"] = {"idle": pool}
    engine = Engine(tmp_path / "engine")
    engine.write(config)
    return engine


class Service:
    """The emulator's side of the stack, in both versions of the API."""

    def __init__(self, emulator: RunningEmulator, project: str) -> None:
        self.stable, self.beta = (VertexCaller(emulator, project, version=name) for name in ("v1", "v1beta1"))

    def resources(self, version: VertexCaller) -> dict[str, Any]:
        """The dedicated resources of the default version, and those of the pool."""
        endpoint = version.endpoints.get(name=f"{version.place}/endpoints/mult").execute()
        [pool] = (
            version.locations.deploymentResourcePools().list(parent=version.place).execute()["deploymentResourcePools"]
        )
        [own] = [each["dedicatedResources"] for each in endpoint["deployedModels"] if "dedicatedResources" in each]
        return {"version": own, "pool": pool["dedicatedResources"]}


@pytest.fixture
def service(emulator: RunningEmulator, project: str) -> Service:
    """The emulator's side of the stack."""
    return Service(emulator, project)


def test_scaling_to_zero_goes_round(engine: Engine, service: Service) -> None:
    """Up, no-op, refresh, a change in place, drift, and back to a minimum of 1 without the preview."""
    assert engine.up()["created"] == 13
    for resources in service.resources(service.beta).values():
        assert (resources["initialReplicaCount"], resources["scaleToZeroSpec"]) == (1, _SPEC)
        assert "minReplicaCount" not in resources
    assert not any(_BETA & resources.keys() for resources in service.resources(service.stable).values())
    assert engine.up() == {"unchanged": 13}
    engine.stack("refresh", "--suppress-progress")
    assert engine.preview() == {}

    _what_only_the_preview_has_is_changed_in_place(engine, service)
    _its_drift_is_seen(engine, service)
    _it_is_left_in_place(engine, service)

    engine.stack("destroy", "--suppress-progress")
    assert engine.resources() == {}


def _edit(engine: Engine, key: str, value: Any) -> None:
    """Changes a key of the default version and of the pool; None removes."""
    config = engine.config
    for entry in (config["tf2-models:models"]["mult"]["versions"]["v1"], config["tf2-models:resourcePools"]["idle"]):
        entry[key] = value
        if value is None:
            del entry[key]
    engine.write(config)


def _what_only_the_preview_has_is_changed_in_place(engine: Engine, service: Service) -> None:
    _edit(engine, "vertex", {**_TO_ZERO, "initialReplicaCount": 2})
    engine.edit("mult.onlinePredictionConsoleLogging", value=True)

    assert engine.up() == {"updated": 2, "unchanged": 11}

    assert [each["initialReplicaCount"] for each in service.resources(service.beta).values()] == [2, 2]


def _its_drift_is_seen(engine: Engine, service: Service) -> None:
    """By v1 it would not be: v1 does not answer these fields."""
    beta = service.beta
    [pool] = beta.locations.deploymentResourcePools().list(parent=beta.place).execute()["deploymentResourcePools"]
    body = {"dedicatedResources": {**pool["dedicatedResources"], "initialReplicaCount": 1}}
    patch = beta.locations.deploymentResourcePools().patch(
        name=pool["name"], updateMask="dedicatedResources", body=body
    )
    beta.response(patch.execute())

    engine.stack("refresh", "--suppress-progress")

    assert list(engine.preview().values()) == ["update"]
    engine.up()
    assert [each["initialReplicaCount"] for each in service.resources(beta).values()] == [2, 2]


def _it_is_left_in_place(engine: Engine, service: Service) -> None:
    """The service refuses an initial count beside a minimum of 1: it is cleared by the version that has it."""
    _edit(engine, "vertex", None)
    _edit(engine, "autoScaling", {"minNodes": 1, "maxNodes": 2})

    assert engine.up() == {"updated": 2, "unchanged": 11}

    for resources in service.resources(service.beta).values():
        assert resources["minReplicaCount"] == 1
        assert "initialReplicaCount" not in resources
