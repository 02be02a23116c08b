"""A stack file's batch prediction jobs on Vertex AI, with the real engine on the emulator."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.vertex.caller import VertexCaller, until
from tests.engine import Engine
from tests.program.test_vertex import configuration
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]
CREATE = "aiplatform.projects.locations.batchPredictionJobs.create"
RUNNING = ("JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_RUNNING")


class Jobs:
    """A stack with a model and one job, whose rows are in a bucket outside the stack."""

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self.emulator, self.engine, self.vertex = emulator, Engine(folder / "engine"), VertexCaller(emulator, project)
        self._configuration = configuration(emulator, project, folder)
        self.calls = self.vertex.locations.batchPredictionJobs()
        self.place = f"gs://{self.vertex.files.bucket}"
        self.vertex.files.upload("in", b"1\n2\n3\n", "rows.json")
        self.vertex.files.upload("in", b"1\n" * 3_000_000, "many.json")
        self.many = [f"{self.place}/in/many.json"]

    def declare(self, **fields: Any) -> None:
        """Writes the stack file with one job."""
        entry = {
            "model": "mult",
            "dataFormat": "JSON",
            "inputPaths": [f"{self.place}/in/rows.json"],
            "outputPath": f"{self.place}/out",
            "machineType": "n1-standard-2",
            **fields,
        }
        self.engine.write({**self._configuration, "tf2-models:batchPredictionJobs": {"nightly": entry}})

    def jobs(self) -> list[dict[str, Any]]:
        """The location's jobs, oldest first."""
        listed = self.calls.list(parent=self.vertex.place).execute().get("batchPredictionJobs", [])
        return sorted(listed, key=lambda job: str(job["createTime"]))

    def states(self) -> list[str]:
        """The states of the location's jobs, oldest first."""
        return [job["state"].removeprefix("JOB_STATE_") for job in self.jobs()]

    def results(self, folder: str) -> list[Any]:
        """The rows of results in a folder."""
        objects = self.emulator.storage().objects()
        bucket, _, prefix = folder.removeprefix("gs://").partition("/")
        listed = objects.list(bucket=bucket, prefix=f"{prefix}/prediction.results-").execute()["items"]
        contents = [objects.get_media(bucket=bucket, object=each["name"]).execute() for each in listed]
        return [json.loads(line) for content in contents for line in content.splitlines()]

    def killed_in(self, fault: dict[str, Any]) -> None:
        """An `up` that is killed while a call is held."""
        self.emulator.faults(fault)
        process = self.engine.begin("up", "--skip-preview")
        until(self.emulator.is_faulted, "the call is held")
        process.kill()
        self.emulator.faults()
        process.communicate(timeout=BOUND)


@pytest.fixture
def stack(emulator: RunningEmulator, project: str, tmp_path: Path) -> Jobs:
    """A stack that is not deployed yet."""
    return Jobs(emulator, project, tmp_path)


def test_a_job_runs_when_its_inputs_change(stack: Jobs) -> None:
    """After a kill `up` finds its job; no change means no call; a change makes a new job; `destroy` deletes it."""
    stack.declare()
    stack.killed_in({"method": CREATE, "hold": "after"})

    stack.engine.recover("up")
    [first] = stack.jobs()
    assert (first["state"], first["completionStats"]["successfulCount"]) == ("JOB_STATE_SUCCEEDED", "3")
    output = stack.engine.outputs()["batchPredictionJobs.nightly"]
    assert output["jobId"] == first["name"].rpartition("/")[2]
    folder = first["outputInfo"]["gcsOutputDirectory"]
    counts = {"predictionCount": 3, "errorCount": 0}
    assert {key: output["results"][key] for key in ("outputPath", *counts)} == {"outputPath": folder, **counts}
    assert [row["prediction"] for row in stack.results(folder)] == [2.0, 4.0, 6.0]

    stack.emulator.reset_calls()
    assert stack.engine.up() == {"unchanged": 13}
    assert stack.emulator.calls() == {}

    # One row a call: the job must still run when `destroy` cancels it, however slow the engine is.
    stack.declare(inputPaths=stack.many, batchSize=1, wait=False, version="v2")
    assert stack.engine.preview() == {"BatchPredictionJob nightly": "replace"}
    stack.engine.up()
    [second] = stack.jobs()
    assert second["state"] in RUNNING
    assert (second["name"] != first["name"], second["modelVersionId"]) == (True, "2")
    assert [row["prediction"] for row in stack.results(folder)] == [2.0, 4.0, 6.0]

    stack.engine.stack("destroy", "--skip-preview")
    assert stack.jobs() == []


@pytest.mark.faults
def test_a_changed_job_is_deleted_after_a_kill(stack: Jobs) -> None:
    """The state does not contain the first job; it is deleted before the changed declaration starts another."""
    stack.declare(inputPaths=stack.many)
    process = stack.engine.begin("up", "--skip-preview")
    until(lambda: stack.states() == ["RUNNING"], "the job runs")
    process.kill()
    process.communicate(timeout=BOUND)

    stack.declare()
    stack.engine.recover("up")
    assert stack.states() == ["SUCCEEDED"]
    assert stack.engine.preview() == {}


@pytest.mark.faults
def test_a_change_that_is_taken_back_after_a_kill_leaves_no_job(stack: Jobs) -> None:
    """The changed job has ended, and is not in the state: it is deleted, and the declared one runs."""
    stack.declare()
    stack.engine.up()
    stack.declare(trigger="again")
    stack.killed_in({"method": CREATE, "hold": "after"})
    until(lambda: stack.states() == ["SUCCEEDED"], "the end of the changed job")
    [changed] = stack.jobs()

    stack.declare()
    stack.engine.recover("up")
    [job] = stack.jobs()
    assert (job["name"] != changed["name"], stack.states()) == (True, ["SUCCEEDED"])
    assert stack.engine.preview() == {}


def test_a_wait_that_is_interrupted_is_resumed(stack: Jobs) -> None:
    """Ctrl-C ends the wait and says that the job still runs; the next `up` waits for the same job."""
    stack.declare(inputPaths=stack.many)
    process = stack.engine.begin("up", "--skip-preview")
    until(lambda: stack.states() == ["RUNNING"], "the job runs")
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=BOUND)
    [running] = stack.jobs()
    assert f"the job {running['name'].rpartition('/')[2]} still runs at the service" in str(text)

    stack.engine.up()
    assert [job["name"] for job in stack.jobs()] == [running["name"]]
    assert stack.states() == ["SUCCEEDED"]


def test_a_job_that_fails_fails_the_up(stack: Jobs) -> None:
    """One line gives the job's own reason; after the fix, `up` starts another job."""
    missing = f"{stack.place}/later/rows.json"
    stack.declare(inputPaths=[missing])

    text = stack.engine.stack("up", "--skip-preview", fails=True)
    [error] = [line for line in text.partition("Diagnostics:")[2].splitlines() if missing in line]
    assert f"is JOB_STATE_FAILED: No file matches {missing}" in error
    assert "run `pulumi up` again" in error

    stack.vertex.files.upload("later", b"5\n", "rows.json")
    stack.engine.up()
    assert stack.states() == ["FAILED", "SUCCEEDED"]
    assert [row["prediction"] for row in stack.results(stack.jobs()[1]["outputInfo"]["gcsOutputDirectory"])] == [10.0]


def test_labels_of_a_job_change_only_with_another_run(stack: Jobs) -> None:
    """Preview refuses the change and names `trigger`, which runs the job again with the new labels."""
    stack.declare(labels={"team": "a"})
    stack.engine.up()

    stack.declare(labels={"team": "b"})
    text = stack.engine.stack("preview", fails=True)
    assert "labels of batch prediction job" in text
    assert "Change trigger too: the job runs again, with these labels" in text

    stack.declare(labels={"team": "b"}, trigger="again")
    stack.engine.up()
    [job] = stack.jobs()
    assert job["labels"]["team"] == "b"
