"""What a monitoring job, which the service numbers and gives no etag, leaves to others and takes for its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcp import errors
from resources.schema.labels import LABEL
from tests.emulator.vertex.caller import VertexCaller
from tests.kinds.vertex.monitoring_job import MONITORING_JOB
from tests.kinds.world import World
from tests.providers import Request, State, as_engine, call_as
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow
_URN = Request("urn:pulumi:test::p::pulumi-python:dynamic/vertex:ModelMonitoringJob::m")


@pytest.fixture
def world(emulator: RunningEmulator, project: str, tmp_path: Path) -> World:
    """A project of the test's own."""
    return World(emulator, project, tmp_path)


@pytest.fixture
def service(emulator: RunningEmulator, project: str) -> VertexCaller:
    """What somebody else does, and sees."""
    return VertexCaller(emulator, project)


def jobs(service: VertexCaller) -> list[State]:
    """The monitoring jobs of the project."""
    listed = service.locations.modelDeploymentMonitoringJobs().list(parent=service.place).execute()
    found: list[State] = listed.get("modelDeploymentMonitoringJobs", [])
    return found


def test_labels_of_others_stay(world: World, service: VertexCaller) -> None:
    """A patch of labels replaces the whole map: those that others set are read right before, and sent along."""
    provider, inputs = world.provider(MONITORING_JOB.provider), as_engine(MONITORING_JOB.declare(world))
    created = provider.create(dict(inputs))
    [job] = jobs(service)
    patch = service.locations.modelDeploymentMonitoringJobs().patch(
        name=job["name"], updateMask="labels", body={"labels": {**job["labels"], "cost": "theirs"}}
    )
    service.response(patch.execute())

    provider.update(created.id, as_engine(created.outs or {}), {**inputs, "labels": {"team": "b"}})

    assert [each["labels"] for each in jobs(service)] == [{"team": "b", "cost": "theirs"}]


def test_a_job_that_a_killed_run_made_is_found_by_its_mark(world: World, service: VertexCaller) -> None:
    """The state lost it: the next run of the same declaration takes it over; another stack is refused."""
    provider = world.provider(MONITORING_JOB.provider)
    inputs = as_engine({**MONITORING_JOB.declare(world), "owner": "token"})
    call_as(_URN, provider.create, dict(inputs))

    outs = call_as(_URN, provider.create, dict(inputs)).outs or {}

    assert [each["name"] for each in jobs(service)] == [outs["name"]]
    with pytest.raises(errors.AlreadyExists, match="adopt: true takes it over"):
        call_as(_URN, provider.create, {**inputs, "owner": "another"})


def test_a_job_that_another_stack_made_in_its_place_stays(world: World, service: VertexCaller) -> None:
    """Ours was deleted by hand, and theirs watches the endpoint now: `destroy` finds ours gone."""
    provider = world.provider(MONITORING_JOB.provider)
    inputs = as_engine({**MONITORING_JOB.declare(world), "owner": "token"})
    ours = call_as(_URN, provider.create, dict(inputs))
    call_as(_URN, provider.delete, ours.id, as_engine(ours.outs or {}))
    call_as(_URN, provider.create, {**inputs, "owner": "another"})

    call_as(_URN, provider.delete, ours.id, as_engine(ours.outs or {}))

    [job] = jobs(service)
    assert LABEL in job["labels"]
