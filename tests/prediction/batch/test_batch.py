"""`python -m prediction batch` against models that really serve."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulator.ml.caller import Caller, until
from tests.prediction.deployment import Deployment, patient, run
from tests.running import ROOT

pytestmark = pytest.mark.tensorflow


def _file(folder: Path, rows: list[object], name: str = "rows.jsonl") -> str:
    (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(folder / name)


def _staged(deployment: Deployment) -> list[str]:
    bucket = Caller(deployment.emulator, deployment.project).bucket
    listed = deployment.emulator.storage().objects().list(bucket=bucket, prefix="batch/").execute()
    return [item["name"] for item in listed.get("items", [])]


def _taken(deployment: Deployment) -> list[str]:
    """The staged files, which are removed."""
    bucket, names = Caller(deployment.emulator, deployment.project).bucket, _staged(deployment)
    for name in names:
        deployment.emulator.storage().objects().delete(bucket=bucket, object=name).execute()
    return names


def test_local_files(deployment: Deployment, tmp_path: Path) -> None:
    """Rows of several files become one file in order, and nothing stays in the bucket."""
    first, second = _file(tmp_path, [patient(32)]), _file(tmp_path, [patient(32, "fixed"), patient(96)], "b.jsonl")
    output = tmp_path / "out.jsonl"

    done = deployment.run("batch", "risk", "--input", first, second, "--output", str(output), "--batch-size", "2")

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"3 predictions in {output}\n"
    assert done.stderr.splitlines()[-1] == "succeeded"
    rows = [json.loads(line)["prediction_probability"] for line in output.read_text().splitlines()]
    assert [round(row[0] if isinstance(row, list) else row, 2) for row in rows][:2] == [0.25, 0.75]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.jsonl", "out.jsonl", "rows.jsonl"]
    assert _staged(deployment) == []


def test_rejected_rows(deployment: Deployment, tmp_path: Path) -> None:
    """Rejected rows give exit code 3 and a file with the errors and counts."""
    output = tmp_path / "out.jsonl"
    rows = _file(tmp_path, [1.5, "text", [1]])

    done = deployment.run("batch", "numbers", "--input", rows, "--output", str(output))

    assert (done.returncode, done.stdout) == (3, f"1 prediction in {output}, 2 rows rejected\n")
    assert json.loads(output.read_text()) == {"double": 3.0, "half": 0.75}
    assert len((tmp_path / "out.jsonl.errors").read_text().splitlines()) == 2


def test_files_in_a_bucket(deployment: Deployment, tmp_path: Path) -> None:
    """A job reads gs:// wildcards and writes a gs:// folder, with another signature."""
    caller = Caller(deployment.emulator, deployment.project)
    caller.upload("given", b"1\n", "a.json")
    caller.upload("given", b"2\n", "b.json")
    place = f"gs://{caller.bucket}"

    done = deployment.run(
        *("batch", "numbers", "--input", f"{place}/given/*.json", "--output", f"{place}/taken/"),
        *("--signature", "negative", "--workers", "1"),
    )

    objects = deployment.emulator.storage().objects()
    names = [
        item["name"] for item in objects.list(bucket=caller.bucket, prefix="taken/prediction.r").execute()["items"]
    ]
    contents = [json.loads(objects.get_media(bucket=caller.bucket, object=name).execute()) for name in names]
    assert (done.returncode, done.stdout) == (0, f"2 predictions in {place}/taken/\n"), done.stderr
    assert [next(iter(row.values())) for row in contents] == [-1.0, -2.0]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["numbers", "--input", "none.json", "--output", "x"], 2, "--input: none.json is not a file"),
        (["numbers", "--input", "README.md", "--output", "none/x"], 2, "--output: none is not a folder"),
        (
            ["numbers", "--input", "README.md", "--output", "README.md"],
            2,
            "would overwrite the input README.md: name another",
        ),
        (["numbers", "--input", "README.md", "--output", "docs"], 2, "--output: docs is a folder: name a file in it"),
        (["numbers", "--input", "README.md", "gs://b/x", "--output", "x"], 2, "not both"),
        (["nothing", "--input", "README.md", "--output", "x"], 1, "nothing"),
        (["numbers", "--input", "gs://no-such-bucket/x", "--output", "x"], 1, "No file matches gs://no-such-bucket/x"),
    ],
)
def test_errors_are_one_line(deployment: Deployment, words: list[str], code: int, says: str) -> None:
    """An error is one line with an exit code; no file is left here or in the bucket."""
    done = deployment.run("batch", *words)

    assert done.returncode == code
    assert says in done.stderr.splitlines()[-1]
    assert not Path("x").exists()
    assert _staged(deployment) == []


def test_unfetched_results_stay_in_the_bucket(deployment: Deployment, tmp_path: Path) -> None:
    """If results cannot be fetched, the exit code is 1, the error names their folder, and the input is removed."""
    rows = _file(tmp_path, [1])
    deployment.emulator.faults({"method": "storage.objects.get", "status": 403, "times": 100})

    done = deployment.run("batch", "numbers", "--input", rows, "--output", str(tmp_path / "out"))

    deployment.emulator.faults()
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]

    bucket, staged = Caller(deployment.emulator, deployment.project).bucket, _taken(deployment)
    folder = staged[0].rpartition("/")[0]
    assert done.returncode == 1
    assert f"they are kept in gs://{bucket}/{folder}/" in done.stderr.splitlines()[-1]
    assert {name.rpartition("/")[0] for name in staged} == {folder}
    assert folder.endswith("/output")


def test_interrupted_while_results_are_fetched(deployment: Deployment, tmp_path: Path) -> None:
    """Ctrl-C during the download keeps the results in the bucket and names them; the input is removed."""
    rows, emulator = _file(tmp_path, [1]), deployment.emulator
    emulator.faults({"method": "storage.objects.get", "hold": "before"})
    command = [sys.executable, "-m", "prediction", "batch", "numbers", "--input", rows, "--output", "out"]
    where = ["--project", deployment.project, "--endpoint", emulator.endpoint]
    with subprocess.Popen([*command, *where], cwd=ROOT, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr is not None
        until(emulator.is_faulted, "the download has begun")
        os.kill(started.pid, signal.SIGINT)
        emulator.faults()
        said = started.stderr.read()

    bucket, staged = Caller(emulator, deployment.project).bucket, _taken(deployment)
    assert started.returncode == 130
    kept = f"they are kept in gs://{bucket}/{staged[0].rpartition('/')[0]}/"
    assert said.splitlines()[-1] == f"interrupted: the results were not fetched: {kept}"
    assert not [path for path in Path(ROOT).iterdir() if path.name in ("out", ".out.part")]


def test_interrupted(deployment: Deployment, tmp_path: Path) -> None:
    """Ctrl-C cancels the job; nothing is written, and nothing stays in the bucket."""
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(b"1\n" * 2_000_000)
    command = [sys.executable, "-m", "prediction", "batch", "numbers", "--input", str(rows)]
    where = ["--project", deployment.project, "--endpoint", deployment.emulator.endpoint]
    jobs = deployment.emulator.ml().projects().jobs()
    with subprocess.Popen(
        [*command, "--output", str(tmp_path / "out"), *where], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as started:
        assert started.stderr is not None
        job_id = started.stderr.readline().split()[1]
        name = f"projects/{deployment.project}/jobs/{job_id}"
        started.stderr.readline()  # it waits
        os.kill(started.pid, signal.SIGINT)
        said = started.stderr.read()

    assert started.returncode == 130
    assert said.splitlines()[-1] == f"interrupted: the job {job_id} is cancelled"
    until(lambda: jobs.get(name=name).execute()["state"] == "CANCELLED", "the end of the job")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]
    assert _staged(deployment) == []


def test_help() -> None:
    """The help has examples and exit codes."""
    done = run("batch", "--help")

    assert done.returncode == 0
    assert "python -m prediction batch hd_prediction --input" in done.stdout
    assert "exit codes:" in done.stdout
