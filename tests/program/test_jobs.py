"""A stack file's batch prediction jobs, with the real engine on the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulator.ml.caller import Caller, until
from tests.program.stacks import Deployment
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]
CREATE = "ml.projects.jobs.create"


class Jobs(Deployment):
    """A stack with a model and one job, whose rows are in a bucket outside the stack."""

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        super().__init__(emulator, project, folder)
        self.caller = Caller(emulator, project)
        self.caller.upload("in", b"1\n2\n3\n", "rows.json")
        self.caller.upload("in", b"1\n" * 3_000_000, "many.json")
        self.models = {"mult": {"defaultVersion": "v1", "versions": {"v1": self.version(2.0)}}}

    def job(self, **fields: Any) -> None:
        """Writes the stack file with this job."""
        bucket = f"gs://{self.caller.bucket}"
        entry = {
            "model": "mult",
            "dataFormat": "JSON",
            "inputPaths": [f"{bucket}/in/rows.json"],
            "outputPath": f"{bucket}/out",
            **fields,
        }
        self.declare(self.models, batchPredictionJobs={"nightly": entry})

    def jobs(self) -> list[dict[str, Any]]:
        """The project's jobs, oldest first."""
        listed = self.emulator.ml().projects().jobs().list(parent=f"projects/{self.project}").execute()
        return sorted(listed.get("jobs", []), key=lambda job: str(job["createTime"]))

    def results(self) -> bytes:
        """The results that the job has written."""
        name = "out/prediction.results-00000-of-00001"
        found: bytes = self.emulator.storage().objects().get_media(bucket=self.caller.bucket, object=name).execute()
        return found


def test_a_job_runs_when_its_inputs_change(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """After a kill `up` finds its job; no change means no call; a change makes a new job; `destroy` cancels it."""
    stack = Jobs(emulator, project, tmp_path)
    stack.job()
    emulator.faults({"method": CREATE, "hold": "after"})
    process = stack.engine.begin("up", "--skip-preview")
    until(emulator.is_faulted, "the job is being made")
    process.kill()
    emulator.faults()
    process.communicate(timeout=BOUND)

    stack.engine.recover("up")
    [first] = stack.jobs()
    assert (first["state"], first["predictionOutput"]["predictionCount"]) == ("SUCCEEDED", "3")
    assert stack.results() == b'{"y":2.0}\n{"y":4.0}\n{"y":6.0}\n'
    output = stack.engine.outputs()["batchPredictionJobs.nightly"]
    assert (output["jobId"], output["results"]["predictionCount"]) == (first["jobId"], 3)

    emulator.reset_calls()
    assert stack.engine.up() == {"unchanged": 8}
    assert emulator.calls() == {}

    # One row a call: the job must still run when `destroy` cancels it, however slow the engine is.
    stack.job(inputPaths=[f"gs://{stack.caller.bucket}/in/many.json"], batchSize=1, wait=False)
    assert stack.engine.preview() == {"BatchPredictionJob nightly": "replace"}
    stack.engine.up()
    _, second = stack.jobs()
    assert (second["predictionInput"]["versionName"], second["state"] in ("QUEUED", "PREPARING", "RUNNING")) == (
        f"projects/{project}/models/mult/versions/v1",
        True,
    )

    stack.engine.stack("destroy", "--skip-preview")
    assert [job["state"] for job in stack.jobs()] == ["SUCCEEDED", "CANCELLED"]


def test_a_changed_job_is_cancelled_after_a_kill(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """The state does not contain the first job; it is cancelled before the changed declaration starts another."""
    stack = Jobs(emulator, project, tmp_path)
    stack.job(inputPaths=[f"gs://{stack.caller.bucket}/in/many.json"], batchSize=1)
    process = stack.engine.begin("up", "--skip-preview")
    until(lambda: [job for job in stack.jobs() if job["state"] == "RUNNING"], "the job runs")
    process.kill()
    process.communicate(timeout=BOUND)

    stack.job()
    stack.engine.recover("up")
    assert [job["state"] for job in stack.jobs()] == ["CANCELLED", "SUCCEEDED"]
    assert stack.engine.preview() == {}


def test_a_job_that_fails_fails_the_up(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """One line gives the job's own reason; after the fix, `up` starts another job."""
    stack = Jobs(emulator, project, tmp_path)
    missing = f"gs://{stack.caller.bucket}/later/rows.json"
    stack.job(inputPaths=[missing])

    text = stack.engine.stack("up", "--skip-preview", fails=True)
    [error] = [line for line in text.partition("Diagnostics:")[2].splitlines() if missing in line]
    assert f"is FAILED: No file matches {missing}" in error
    assert "run `pulumi up` again" in error

    stack.caller.upload("later", b"5\n", "rows.json")
    stack.engine.up()
    failed, done = stack.jobs()
    assert [failed["state"], done["state"]] == ["FAILED", "SUCCEEDED"]
    assert done["jobId"] == f"{failed['jobId']}_2"
    assert stack.results() == b'{"y":10.0}\n'
