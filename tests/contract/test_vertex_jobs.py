"""Batch prediction jobs of Vertex AI, where the service chooses IDs: one job stays, whatever happens at its start."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.http import MediaInMemoryUpload

from gcp import errors
from resources.vertex.names import last
from tests.emulator.vertex.caller import until
from tests.kinds.vertex.batch_prediction_job import BATCH_PREDICTION_JOB as JOB
from tests.kinds.vertex.batch_prediction_job import CREATE
from tests.kinds.vertex.leaves import LOCATION
from tests.kinds.world import World
from tests.providers import State, as_engine
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow


class Scene:
    """A location with one version, and inputs of a job of it."""

    def __init__(self, world: World) -> None:
        self.world, self.inputs = world, as_engine(JOB.declare(world))
        self.calls = world.emulator.vertex().projects().locations().batchPredictionJobs()
        self.place = f"projects/{world.project}/locations/{LOCATION}"

    def created(self, **edit: Any) -> State:
        """The outputs of a job that the provider made, or found."""
        provider = self.world.provider(JOB.provider)
        try:
            return as_engine(provider.create({**self.inputs, **edit}).outs or {})
        finally:
            provider.api.http().close()  # of this thread

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """Puts a file into the bucket; returns the input of a job that reads all files of its folder."""
        objects, media = self.world.emulator.storage().objects(), MediaInMemoryUpload(content)
        objects.insert(bucket=self.world.bucket, name=name, media_body=media).execute()
        return self.source(name.partition("/")[0])

    def source(self, folder: str) -> dict[str, Any]:
        """The input of a job that reads all files of a folder."""
        uri = f"gs://{self.world.bucket}/{folder}/*"
        return {"inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [uri]}}}

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs of the location, the oldest first."""
        listed = self.calls.list(parent=self.place).execute().get("batchPredictionJobs", [])
        return sorted(listed, key=lambda job: str(job["createTime"]))

    def twin(self, job: dict[str, Any]) -> dict[str, Any]:
        """Another job that is the same, as a request that is sent twice makes it."""
        sent = ("displayName", "model", "labels", "inputConfig", "outputConfig", "dedicatedResources")
        body = {name: job[name] for name in sent}
        made: dict[str, Any] = self.calls.create(parent=self.place, body=body).execute()
        return made


@pytest.fixture
def scene(emulator: RunningEmulator, project: str, tmp_path: Path) -> Iterator[Scene]:
    """A project of the test's own."""
    yield Scene(World(emulator, project, tmp_path))
    emulator.faults()


def test_two_processes_start_one_job(scene: Scene) -> None:
    """Both see no job and start one: the older one stays, and both have its results."""
    scene.world.emulator.faults({"method": CREATE, "delay": 0.5, "times": 2})

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: scene.created(), range(2))

    [job] = scene.jobs()
    assert {last(each["name"]) for each in (one, other)} == {last(job["name"])}
    assert one["state"] == other["state"] == "JOB_STATE_SUCCEEDED"


def test_a_second_job_of_the_same_inputs_is_deleted(scene: Scene) -> None:
    """The one that is younger; the other one is taken over without another run."""
    first = scene.created()
    twin = scene.twin(scene.jobs()[0])
    until(lambda: scene.calls.get(name=twin["name"]).execute()["state"] == "JOB_STATE_SUCCEEDED", "the end of the twin")

    again = scene.created()

    assert (again["name"], [job["name"] for job in scene.jobs()]) == (first["name"], [first["name"]])


def test_a_job_that_was_cancelled_runs_again(scene: Scene) -> None:
    """A refresh drops it; the next creation starts another job, and a deletion deletes both."""
    provider = scene.world.provider(JOB.provider)
    scene.inputs = {**scene.inputs, **scene.upload("in/many.json", b"1\n" * 1_000_000), "wait": False}
    outs = scene.created()
    [job] = scene.jobs()
    scene.calls.cancel(name=job["name"], body={}).execute()
    until(lambda: scene.jobs()[0]["state"] == "JOB_STATE_CANCELLED", "the end of the job")

    identity = provider.identity(scene.inputs)
    assert provider.read(identity, dict(outs)).id == ""
    second = scene.created()
    assert second["name"] != outs["name"]

    provider.delete(identity, dict(second))
    assert scene.jobs() == []


def test_a_job_that_fails_says_why_and_runs_again(scene: Scene) -> None:
    """Rows that are rejected do not fail a job; files that are not there do."""
    with pytest.raises(
        errors.OperationFailed, match=r"is JOB_STATE_FAILED: No file matches gs://.*/later/\*.*starts another job"
    ):
        scene.created(**scene.source("later"))

    done = scene.created(**scene.upload("later/rows.json", b'1\n"x"\n'))

    assert [job["state"] for job in scene.jobs()] == ["JOB_STATE_FAILED", "JOB_STATE_SUCCEEDED"]
    assert done["completionStats"] == {"successfulCount": 1.0, "failedCount": 1.0, "incompleteCount": 0.0}
