"""`python -m prediction batch --local` gives the results of an endpoint without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.prediction.deployment import Deployment, patient, run
from tests.running import ROOT

pytestmark = pytest.mark.tensorflow


def _file(folder: Path, rows: list[object], name: str) -> str:
    (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(folder / name)


@pytest.mark.parametrize(
    ("model", "rows", "options", "code"),
    [
        ("risk", [patient(32), patient(32, "fixed"), patient(96)], ["--batch-size", "2"], 0),
        ("numbers", [1.5, "text", 2], ["--output-format", "CSV"], 3),
        ("numbers", [1.5, "text", [1], 2], ["--signature", "negative", "--workers", "1"], 3),
        ("numbers", [1.5], ["--signature", "none"], 1),
    ],
)
def test_results_and_exit_codes_are_those_of_an_endpoint(
    deployment: Deployment,
    prediction_models: Path,
    tmp_path: Path,
    model: str,
    rows: list[object],
    options: list[str],
    code: int,
) -> None:
    """Results, their order, errors and counts are the same; no other files are left."""
    inputs = [_file(tmp_path, rows, "a.jsonl"), _file(tmp_path, rows[::-1], "b.jsonl")]
    there, here = tmp_path / "there.jsonl", tmp_path / "here.jsonl"

    by_api = deployment.run("batch", model, "--input", *inputs, "--output", str(there), *options)
    local = run(
        *("batch", str(prediction_models / model), "--local", "--input", *inputs, "--output", str(here), *options)
    )

    assert (by_api.returncode, local.returncode) == (code, code), local.stderr
    assert local.stdout == by_api.stdout.replace("there.jsonl", "here.jsonl")
    for name in ("there.jsonl", "there.jsonl.errors", "there.jsonl.keys", "there.jsonl.rejected"):
        if (tmp_path / name).exists():
            other = tmp_path / name.replace("there", "here")
            assert other.read_bytes() == (tmp_path / name).read_bytes()
            other.unlink()
            (tmp_path / name).unlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["./none", "--input", "README.md", "--output", "x"],
            "./none is not a SavedModel: saved_model.pb not found in it",
        ),
        (["nothing", "--input", "README.md", "--output", "x"], "Pulumi.local.yaml has no model nothing"),
        (["m", "--input", "none.json", "--output", "x"], "--input: none.json is not a file"),
        (["m", "--input", "README.md", "--output", "gs://b/x"], "gs:// needs an endpoint"),
        (["m", "--input", "README.md", "--output", "x", "--endpoint", "global"], "leave out --endpoint"),
        (["m", "--input", "README.md", "--output", "x", "--batch-size", "0"], "--batch-size must be 1 to 1000000"),
    ],
)
def test_errors_are_one_line(words: list[str], says: str) -> None:
    """Wrong usage has exit code 2, and no job starts."""
    done = run("batch", *words, "--local")

    assert done.returncode == 2
    assert says in done.stderr.splitlines()[-1]
    assert not (ROOT / "x").exists()


@pytest.mark.parametrize("written", ["out", "out.errors", "out.keys", "out.rejected"])
@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_input_is_not_overwritten(tmp_path: Path, written: str, link: str) -> None:
    """Results or side files that would overwrite an input, also through a link, are rejected; it is unchanged."""
    rows = _file(tmp_path, [1, 2], "rows.jsonl")
    getattr(tmp_path / written, link)(rows)

    done = run("batch", "m", "--local", "--input", rows, "--output", str(tmp_path / "out"))

    assert done.returncode == 2
    assert f"{written} would overwrite the input" in done.stderr.splitlines()[-1]
    assert Path(rows).read_text() == "1\n2\n"


def _pipe(place: Path) -> None:
    os.mkfifo(place)


def _link(place: Path) -> None:
    place.symlink_to(place.parent / "somewhere")


@pytest.mark.parametrize("make", [_pipe, _link, Path.mkdir])
@pytest.mark.parametrize("written", ["out", "out.errors", "out.keys", "out.rejected"])
def test_only_regular_files_are_replaced(tmp_path: Path, written: str, make: Callable[[Path], None]) -> None:
    """Results or side files in place of a pipe, a link (/dev/stdout) or a folder are rejected."""
    rows = _file(tmp_path, [1, 2], "rows.jsonl")
    make(tmp_path / written)
    number = (tmp_path / written).lstat().st_ino

    done = run("batch", "m", "--local", "--input", rows, "--output", str(tmp_path / "out"))

    assert done.returncode == 2
    assert f"--output: {tmp_path / written} is " in done.stderr.splitlines()[-1]
    assert (tmp_path / written).lstat().st_ino == number


def test_interrupted(prediction_models: Path, tmp_path: Path) -> None:
    """Ctrl-C stops every process; existing results are unchanged, and nothing else is left."""
    rows, output = tmp_path / "rows.jsonl", tmp_path / "out"
    rows.write_bytes(b"1\n" * 6_000_000)
    output.write_bytes(b"old")
    command = [sys.executable, "-m", "prediction", "batch", str(prediction_models / "numbers"), "--local"]
    with subprocess.Popen(
        [*command, "--input", str(rows), "--output", str(output)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as started:
        assert started.stderr is not None
        assert started.stderr.readline() == "running\n"
        os.kill(started.pid, signal.SIGINT)
        said = started.stderr.read()

    assert started.returncode == 130
    assert said.splitlines()[-1] == "interrupted: nothing was written"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "rows.jsonl"]
    assert output.read_bytes() == b"old"
