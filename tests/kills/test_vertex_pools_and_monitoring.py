"""An `up` is interrupted at a call for a resource pool or a monitoring job; the next one completes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.inventory import inventory
from tests.kills.interruptions import HOWS, Step, assert_settled, interrupt
from tests.kills.vertex_life import State, VertexLife
from tests.program.test_vertex import REGION
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

_LOCATIONS = "aiplatform.projects.locations"
_POOLS, _JOBS = f"{_LOCATIONS}.deploymentResourcePools", f"{_LOCATIONS}.modelDeploymentMonitoringJobs"
STEPS: dict[str, list[Step]] = {
    "up": [Step(f"{_POOLS}.create", is_operation=True), Step(f"{_JOBS}.create")],
    "update": [Step(f"{_POOLS}.{verb}", is_operation=True) for verb in ("create", "patch", "delete")]
    + [Step(f"{_JOBS}.patch", is_operation=True)],
}
"""Part of the life -> its calls that change a pool or a monitoring job."""
NORMAL = {("kill", f"{_JOBS}.create"), ("Ctrl-C", f"{_POOLS}.patch")}
_POOL: State = {"machineType": "n1-standard-2", "autoScaling": {"minNodes": 1, "maxNodes": 2}}
_MONITORING: State = {
    "objectiveConfig": {"predictionDriftDetectionConfig": {"defaultDriftThreshold": {"value": 0.25}}},
    "loggingSamplingStrategy": {"randomSampleConfig": {"sampleRate": 0.5}},
    "modelDeploymentMonitoringScheduleConfig": {"monitorInterval": "3600s"},
}


class WatchedLife(VertexLife):
    """With a monitoring job, whose objectives follow the versions, and two pools, one of which becomes another."""

    def configurations(self, folder: Path) -> dict[str, State]:
        """See `Life`."""
        found = super().configurations(folder)
        for config in found.values():
            config["tf2-models:models"]["mult"]["vertex"] = {"monitoring": _MONITORING}
        found["up"]["tf2-models:resourcePools"] = {"small": _POOL, "other": _POOL}
        found["update"]["tf2-models:resourcePools"] = {
            "small": {**_POOL, "autoScaling": {"minNodes": 2, "maxNodes": 3}},
            "other": {**_POOL, "machineType": "n1-standard-4"},
        }
        return found

    def inventory(self) -> State:
        """With pools, and what is monitored of how many deployed models: their ids are those of one project."""
        found, place = super().inventory(), f"projects/{self.project}/locations/{REGION}"
        pools = inventory(self.emulator, self.project)["vertex"]["pools"]
        locations = self.emulator.vertex().projects().locations()
        jobs = locations.modelDeploymentMonitoringJobs().list(parent=place).execute()
        endpoints = locations.endpoints().list(parent=place).execute().get("endpoints", [])
        deployed = {each["id"] for endpoint in endpoints for each in endpoint.get("deployedModels", [])}
        monitored = [
            {each["deployedModelId"] for each in job["modelDeploymentMonitoringObjectiveConfigs"]}
            for job in jobs.get("modelDeploymentMonitoringJobs", [])
        ]
        watched = [len(ids) if ids == deployed else f"{ids} is not {deployed}" for ids in monitored]
        return {**found, "pools": sorted(pools, key=_in_order), "watched": watched}


def _in_order(pool: State) -> str:
    return json.dumps(pool, sort_keys=True)


def _cells() -> list[Any]:
    """Part, step, and how it is interrupted."""
    return [
        pytest.param(
            *(part, step, how),
            marks=() if (how, str(step)) in NORMAL else pytest.mark.faults,
            id=f"{how}-{part}-{step}",
        )
        for part, steps in STEPS.items()
        for step in steps
        for how in HOWS
    ]


@pytest.fixture(scope="session")
def usual(emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> State:
    """What each part of a life leaves that nobody interrupts."""
    life, found = WatchedLife(emulator, "test-uninterrupted-watched", tmp_path_factory.mktemp("watched")), State()
    for part in STEPS:
        life.configure(part)
        life.engine.stack("up", "--skip-preview")
        found[part] = life.inventory()
    return found


@pytest.mark.parametrize(("part", "step", "how"), _cells())
def test_an_interrupted_up_is_completed(
    part: str, step: Step, how: str, emulator: RunningEmulator, project: str, tmp_path: Path, usual: State
) -> None:
    """There is one pool of each name and one job, as after a run that nobody interrupts."""
    life = WatchedLife(emulator, project, tmp_path)
    for earlier in [*STEPS][: [*STEPS].index(part)]:
        life.configure(earlier)
        life.engine.stack("up", "--skip-preview")
    life.configure(part)
    interrupt(life, how, step)

    print(life.engine.recover("up") if how == "kill" else life.engine.stack("up", "--skip-preview"))

    assert life.inventory() == usual[part]
    assert_settled(life)
