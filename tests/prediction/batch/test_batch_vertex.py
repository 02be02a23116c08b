"""`python -m prediction batch` on Vertex AI, against models that really run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.vertex.caller import until
from tests.prediction.deployment import Deployment, file_of, json_lines, patient
from tests.prediction.vertex_deployment import MACHINE, VertexDeployment
from tests.running import ROOT

pytestmark = pytest.mark.tensorflow
CREATE = "aiplatform.projects.locations.batchPredictionJobs.create"


@pytest.fixture
def vertex(vertex_deployment: VertexDeployment) -> Iterator[VertexDeployment]:
    """The models, on an emulator without faults. No job leaves anything in the bucket."""
    yield vertex_deployment
    vertex_deployment.emulator.faults()
    assert vertex_deployment.staged() == []


def lines_of(rows: list[Any]) -> str:
    """A file with a JSON value on each line."""
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def test_local_files(vertex: VertexDeployment, tmp_path: Path) -> None:
    """Rows of several files become one file in order; a single output, bare on Vertex AI, has its name."""
    first = file_of(tmp_path, "a.jsonl", lines_of([patient(32)]))
    second = file_of(tmp_path, "b.jsonl", lines_of([patient(32, "fixed"), patient(96), patient(32)]))
    output = tmp_path / "out.jsonl"

    done = vertex.batch("risk", "--input", first, second, "--output", str(output), "--batch-size", "2")

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"4 predictions in {output}\n"
    assert done.stderr.splitlines()[-1] == "succeeded"
    assert json_lines(output) == [{"prediction_probability": [value]} for value in (0.25, 0.75, 0.75, 0.25)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl", "out.jsonl"]
    [job] = [each for each in vertex.jobs() if each["name"].endswith(done.stderr.split()[1])]
    assert job["dedicatedResources"]["machineSpec"] == {"machineType": "n1-standard-2"}
    assert job["manualBatchTuningParameters"] == {"batchSize": 2}


def test_rejected_rows_are_named(vertex: VertexDeployment, tmp_path: Path) -> None:
    """A row without a result has its file, line and error, also one that is not valid JSON."""
    rows = file_of(tmp_path, "rows.jsonl", lines_of([patient(32), patient("x")]) + "{\n" + lines_of([patient(96)]))  # type: ignore[arg-type]  # no number
    output = tmp_path / "out.jsonl"

    done = vertex.batch("risk", "--input", rows, "--output", str(output))

    assert (done.returncode, done.stdout) == (3, f"2 predictions in {output}, 2 rows rejected\n"), done.stderr
    assert [row["prediction_probability"] for row in json_lines(output)] == [[0.25], [0.75]]
    rejected = json_lines(tmp_path / "out.jsonl.rejected")
    assert [(row["file"], row["line"]) for row in rejected] == [(rows, 2), (rows, 3)]
    assert all(row["error"] for row in rejected)


def test_results_are_joined_with_rows(vertex: VertexDeployment, tmp_path: Path) -> None:
    """By the row that each result holds: with a key that the model does not take, and with the row itself."""
    table = file_of(tmp_path, "rows.csv", "id,age,thal,note\n7,32,normal,a\n8,96,normal,b\n9,32,normal,c\n")
    keyed, whole = tmp_path / "keyed.jsonl", tmp_path / "whole.jsonl"

    one = vertex.batch("risk", "--input", table, "--output", str(keyed), "--key", "id")
    other = vertex.batch("risk", "--input", table, "--output", str(whole), "--with-input")

    assert (one.returncode, other.returncode) == (0, 0), one.stderr + other.stderr
    assert keyed.read_text().splitlines() == [
        f'{{"id":{key},"prediction_probability":[{value}]}}' for key, value in ((7, 0.25), (8, 0.75), (9, 0.25))
    ]
    assert [(row["instance"]["id"], row["prediction"]) for row in json_lines(whole)] == [
        (key, {"prediction_probability": [value]}) for key, value in ((7, 0.25), (8, 0.75), (9, 0.25))
    ]


def test_a_key_that_the_model_returns_is_not_repeated(vertex: VertexDeployment, tmp_path: Path) -> None:
    """The model takes and returns `id`: it is in the result once."""
    rows = file_of(tmp_path, "rows.jsonl", lines_of([{"id": 3, "x": 1.5}, {"id": 2, "x": 2}]))
    output = tmp_path / "out.jsonl"

    done = vertex.batch("keyed", "--input", rows, "--output", str(output), "--key", "id")

    assert done.returncode == 0, done.stderr
    assert json_lines(output) == [{"id": 3, "y": 3.0}, {"id": 2, "y": 4.0}]


def test_a_version_can_be_chosen(vertex: VertexDeployment, prediction_models: Path, tmp_path: Path) -> None:
    """A job needs no endpoint: it asks any version, by its name or number; one that does not exist is an error."""
    vertex.upload("keyed", prediction_models / "keyed", "v2")
    rows, output = file_of(tmp_path, "rows.jsonl", '{"id": 1, "x": 1}\n'), str(tmp_path / "out.jsonl")

    for version, number in ((["--version", "v2"], "2"), (["--version", "2"], "2"), ([], "1")):
        done = vertex.batch("keyed", "--input", rows, "--output", output, *version)
        assert done.returncode == 0, done.stderr
        assert vertex.jobs()[0]["modelVersionId"] == number
    done = vertex.batch("keyed", "--input", rows, "--output", output, "--version", "v9")
    assert (done.returncode, "has no version v9" in done.stderr) == (1, True)


def test_files_in_a_bucket(vertex: VertexDeployment) -> None:
    """The results stay where the job wrote them, which the command prints: each beside its row."""
    vertex.vertex.files.upload("given", lines_of([patient(32)]).encode(), "a.jsonl")
    place = f"gs://{vertex.vertex.files.bucket}"

    done = vertex.batch(
        "risk", "--input", f"{place}/given/*.jsonl", "--output", f"{place}/taken/", "--staging", f"{place}/batch"
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"1 prediction in {place}/taken/prediction-risk-")
    bucket, _, prefix = done.stdout.split()[-1].removeprefix("gs://").partition("/")
    objects = vertex.emulator.storage().objects()
    [item] = objects.list(bucket=bucket, prefix=f"{prefix}/prediction.results-").execute()["items"]
    content = objects.get_media(bucket=bucket, object=item["name"]).execute()
    assert json.loads(content) == {"instance": patient(32), "prediction": [0.25]}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "--machine-type: is required on Vertex AI, for example n1-standard-2"),
        ([*MACHINE, "--signature", "other"], "--signature: cannot be chosen on Vertex AI"),
        ([*MACHINE, "--output-format", "CSV"], "--output-format: must be JSON on Vertex AI"),
        ([*MACHINE, "--local"], "--local uses no endpoint: leave out"),
    ],
)
def test_what_a_job_cannot_do_is_refused_at_once(
    vertex: VertexDeployment, words: list[str], says: str, tmp_path: Path
) -> None:
    """A usage error with the option's name; no job is started."""
    rows, before = file_of(tmp_path, "rows.jsonl", "1\n"), len(vertex.jobs())

    done = vertex.run("batch", "risk", "--input", rows, "--output", str(tmp_path / "out"), *words)

    assert (done.returncode, len(vertex.jobs())) == (2, before)
    assert says in done.stderr.splitlines()[-1]


def test_a_machine_type_is_refused_on_ml(deployment: Deployment, tmp_path: Path) -> None:
    """The service chooses machines there."""
    rows = file_of(tmp_path, "rows.jsonl", "1\n")

    done = deployment.run("batch", "numbers", "--input", rows, "--output", str(tmp_path / "out"), *MACHINE)

    assert (done.returncode, done.stderr) == (2, "error: --machine-type: is for Vertex AI: leave it out\n")


def test_a_job_that_fails_says_why(vertex: VertexDeployment) -> None:
    """In the service's words, on one line."""
    place = f"gs://{vertex.vertex.files.bucket}"

    done = vertex.batch("risk", "--input", f"{place}/none/*", "--output", f"{place}/taken", "--format", "JSON")

    assert done.returncode == 1
    assert f"is FAILED: No file matches {place}/none/*" in done.stderr.splitlines()[-1]


def _keyed(vertex: VertexDeployment, rows: Path, output: Path, *more: str) -> subprocess.Popen[str]:
    """Starts a job of the model `keyed`."""
    command = [sys.executable, "-m", "prediction", "batch", "keyed", "--input", str(rows), "--output", str(output)]
    return subprocess.Popen(
        [*command, *more, *MACHINE, *vertex.where()],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_command_finds_its_job(vertex: VertexDeployment, tmp_path: Path) -> None:
    """Run again, it waits for the job of the killed run, and takes its results; a third run is a job of its own."""
    rows, output = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    rows.write_text('{"id": 1, "x": 1}\n' * 20_000, encoding="utf-8")
    before = len(vertex.jobs())
    with _keyed(vertex, rows, output) as started:
        assert started.stderr is not None
        job = started.stderr.readline().split()[1]
        started.kill()

    done = vertex.batch("keyed", "--input", str(rows), "--output", str(output))

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == f"job {job}, started by an earlier run that was killed"
    assert (done.stdout, len(vertex.jobs())) == (f"20000 predictions in {output}\n", before + 1)
    assert output.read_text(encoding="utf-8") == '{"id":1,"y":2.0}\n' * 20_000

    again = vertex.batch("keyed", "--input", str(rows), "--output", str(output))
    assert (again.returncode, len(vertex.jobs())) == (0, before + 2)


def test_a_command_that_was_killed_before_its_job_starts_one(vertex: VertexDeployment, tmp_path: Path) -> None:
    """The name of a job that was never made does not stop the next run."""
    rows, output = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    rows.write_text('{"id": 1, "x": 1}\n', encoding="utf-8")
    vertex.emulator.faults({"method": "storage.objects.insert", "hold": "after"})
    with _keyed(vertex, rows, output) as started:
        until(vertex.emulator.is_faulted, "the name of the job is in the bucket")
        started.kill()
    vertex.emulator.faults()
    left = vertex.staged()

    done = vertex.batch("keyed", "--input", str(rows), "--output", str(output))

    assert (done.returncode, json_lines(output)) == (0, [{"id": 1, "y": 2.0}]), done.stderr
    assert (len(left), vertex.staged()) == (1, left)
    for name in left:
        vertex.emulator.storage().objects().delete(bucket=vertex.vertex.files.bucket, object=name).execute()


def test_interrupted(vertex: VertexDeployment, tmp_path: Path) -> None:
    """Ctrl-C cancels the job; nothing is written."""
    rows, output = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    rows.write_text('{"id": 1, "x": 1}\n' * 200_000, encoding="utf-8")
    with _keyed(vertex, rows, output, "--batch-size", "1") as started:
        assert started.stderr is not None
        job = started.stderr.readline().split()[1]
        started.stderr.readline()  # it waits
        os.kill(started.pid, signal.SIGINT)
        said = started.stderr.read()

    assert (started.returncode, said.splitlines()[-1]) == (130, f"interrupted: the job {job} is cancelled")
    until(lambda: vertex.jobs()[0]["state"] == "JOB_STATE_CANCELLED", "the end of the job")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


@pytest.mark.parametrize("fault", [{"drop": "after", "times": 2}, {"truncate": 10}])
def test_a_start_whose_response_is_lost_leaves_one_job(
    vertex: VertexDeployment, fault: dict[str, Any], tmp_path: Path
) -> None:
    """It is found by its label; if the call was sent twice, the second job is cancelled."""
    rows, output = file_of(tmp_path, "rows.jsonl", '{"id": 1, "x": 1}\n'), tmp_path / "out.jsonl"
    before = len(vertex.jobs())
    vertex.emulator.faults({"method": CREATE, **fault})

    done = vertex.batch("keyed", "--input", rows, "--output", str(output))

    assert (done.returncode, json_lines(output)) == (0, [{"id": 1, "y": 2.0}]), done.stderr
    made = vertex.jobs()[: len(vertex.jobs()) - before]
    assert made
    assert [job["state"] for job in made].count("JOB_STATE_SUCCEEDED") >= 1
