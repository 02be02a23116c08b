"""A monitoring job that follows the deployed models of its endpoint, with the real engine on the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulator.vertex.caller import VertexCaller
from tests.engine import Engine
from tests.program.test_vertex import configuration
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

_JOBS = "aiplatform.projects.locations.modelDeploymentMonitoringJobs"
_DRIFT = {"predictionDriftDetectionConfig": {"defaultDriftThreshold": {"value": 0.25}}}
_CLOSER = {"predictionDriftDetectionConfig": {"defaultDriftThreshold": {"value": 0.5}}}
_MONITORING: dict[str, Any] = {
    "objectiveConfig": _DRIFT,
    "loggingSamplingStrategy": {"randomSampleConfig": {"sampleRate": 0.5}},
    "modelDeploymentMonitoringScheduleConfig": {"monitorInterval": "3600s"},
}


@pytest.fixture
def engine(emulator: RunningEmulator, project: str, tmp_path: Path) -> Engine:
    """A stack with a monitoring job, which is not deployed yet."""
    config = configuration(emulator, project, tmp_path)
    config["tf2-models:models"]["mult"]["vertex"] = {"monitoring": dict(_MONITORING)}
    engine = Engine(tmp_path / "engine")
    engine.write(config)
    return engine


@pytest.fixture
def service(emulator: RunningEmulator, project: str) -> VertexCaller:
    """The emulator's side of the stack."""
    return VertexCaller(emulator, project)


def jobs(service: VertexCaller) -> list[dict[str, Any]]:
    """The monitoring jobs of the project."""
    listed = service.locations.modelDeploymentMonitoringJobs().list(parent=service.place).execute()
    found: list[dict[str, Any]] = listed.get("modelDeploymentMonitoringJobs", [])
    return found


def monitored(service: VertexCaller) -> dict[str, Any]:
    """Id of a deployed model -> what is monitored of it."""
    [job] = jobs(service)
    return {
        each["deployedModelId"]: each["objectiveConfig"] for each in job["modelDeploymentMonitoringObjectiveConfigs"]
    }


def deployed(service: VertexCaller) -> set[str]:
    """The ids of the endpoint's deployed models."""
    endpoint = service.endpoints.get(name=f"{service.place}/endpoints/mult").execute()
    return {each["id"] for each in endpoint["deployedModels"]}


def test_monitoring_follows_the_deployed_models(
    engine: Engine, emulator: RunningEmulator, service: VertexCaller
) -> None:
    """Up, no-op, another machine, one version monitored otherwise, a fixed field, drift, destroy."""
    assert engine.up() == {"created": 13}
    assert monitored(service) == dict.fromkeys(deployed(service), _DRIFT)
    assert engine.up() == {"unchanged": 13}
    engine.stack("refresh", "--suppress-progress")
    assert engine.preview() == {}

    _a_second_deployed_model_is_monitored_in_the_same_up(engine, emulator, service)
    _each_version_has_its_own_objectives(engine, service)
    _a_fixed_field_makes_another_job(engine, service)
    _drift_is_put_back(engine, service)

    engine.stack("destroy", "--suppress-progress")
    assert (engine.resources(), jobs(service)) == ({}, [])


def _a_second_deployed_model_is_monitored_in_the_same_up(
    engine: Engine, emulator: RunningEmulator, service: VertexCaller
) -> None:
    """The emulator refuses objectives of what is not deployed, and the old one is undeployed after the patch."""
    before = deployed(service)
    engine.edit("mult.versions.v1.machineType", "n1-standard-4")
    emulator.reset_calls()

    engine.up()

    assert emulator.calls()[f"{_JOBS}.patch"] == 1
    assert f"{_JOBS}.create" not in emulator.calls()
    assert monitored(service) == dict.fromkeys(deployed(service), _DRIFT)
    assert len(before & deployed(service)) == 1


def _each_version_has_its_own_objectives(engine: Engine, service: VertexCaller) -> None:
    engine.edit("mult.vertex.monitoring.objectiveConfigs", {"v2": _CLOSER})
    assert engine.up()["updated"] == 1
    assert sorted(each == _CLOSER for each in monitored(service).values()) == [False, True]

    engine.edit("mult.vertex.monitoring.objectiveConfig", None)
    assert engine.up()["updated"] == 1
    assert list(monitored(service).values()) == [_CLOSER]


def _a_fixed_field_makes_another_job(engine: Engine, service: VertexCaller) -> None:
    [before] = jobs(service)
    engine.edit("mult.vertex.monitoring.samplePredictInstance", [1.5])

    assert engine.up()["replaced"] == 1

    [job] = jobs(service)
    assert (job["samplePredictInstance"], job["name"] == before["name"]) == ([1.5], False)


def _drift_is_put_back(engine: Engine, service: VertexCaller) -> None:
    [job] = jobs(service)
    patch = service.locations.modelDeploymentMonitoringJobs().patch(
        name=job["name"], updateMask="displayName", body={"displayName": "theirs"}
    )
    service.response(patch.execute())
    engine.stack("refresh", "--suppress-progress")
    assert engine.preview() == {"ModelMonitoringJob mult": "update"}
    engine.up()
    assert [each["displayName"] for each in jobs(service)] == ["mult"]
