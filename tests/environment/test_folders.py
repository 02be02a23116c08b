"""Folders that cannot be written to: one line names the folder and says what to do, before any work is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.environment.disks import filled, read_only, small
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.kinds.world import World
from tests.models.conftest import make_checkout, models_command
from tests.running import BOUND, ROOT, RunningEmulator


def emulator(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the emulator's command line, whose `serve` must fail to start."""
    command = [sys.executable, "-m", "emulator", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BOUND, check=False)


def test_a_mounted_disk_is_visible_only_to_its_test(tmp_path: Path) -> None:
    """The process that started the tests does not see it, so it cannot be left behind."""
    with small(tmp_path / "disk", 1) as disk:
        own, outside = (Path(f"/proc/{pid}/mounts").read_text() for pid in (os.getpid(), os.getppid()))

    assert f" {disk} " in own
    assert f" {disk} " not in outside


@pytest.mark.parametrize("verb", ["up", "serve"])
def test_the_emulator_refuses_a_read_only_folder(tmp_path: Path, verb: str) -> None:
    """It does not start; the error names the option for another folder."""
    with read_only(tmp_path / "data") as data:
        done = emulator(verb, "--data", str(data), "--port", "0")

    said = "cannot be the emulator's folder: Read-only file system; free space there, or name another with --data"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {data} {said}\n"


@pytest.mark.parametrize("verb", ["up", "serve"])
def test_the_emulator_refuses_a_full_disk(tmp_path: Path, verb: str) -> None:
    """It does not start, although it can make the folder."""
    with small(tmp_path / "disk", 1) as disk, filled(disk):
        done = emulator(verb, "--data", str(disk / "data"), "--port", "0")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {disk / 'data'} cannot be the emulator's folder: No space left on device; ")
    assert done.stderr.count("\n") == 1


def test_the_emulator_refuses_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    """It does not change the file."""
    (tmp_path / "state.sqlite3").write_bytes(b"not a database, but long enough to be taken for one" * 100)
    done = emulator("serve", "--data", str(tmp_path), "--port", "0")

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "its database cannot be read (file is not a database)" in done.stderr
    assert (tmp_path / "state.sqlite3").read_bytes().startswith(b"not a database")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("build", "line: build/line cannot be written: Read-only file system; free space, or make it writable"),
        ("models/cards", "models/cards: cannot write the card; make the folder writable"),
    ],
)
def test_a_build_checks_its_folders_before_training(tmp_path: Path, place: str, said: str) -> None:
    """The error about the folder of builds or of cards comes before the training."""
    root = make_checkout(tmp_path / "checkout")
    with read_only(root / place):
        done = models_command(root, "build", "line")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"models: {said}, then rerun the command\n"
    assert not (root / "trainings.txt").exists()


@pytest.mark.faults
@pytest.mark.tensorflow
@pytest.mark.parametrize("left", [0, 4096, 20480])
def test_a_build_on_a_full_disk_fails_and_can_be_repeated(tmp_path: Path, left: int) -> None:
    """One line names the folder; a partial build does not look complete, and with space the build succeeds."""
    root = make_checkout(tmp_path / "checkout")
    with small(root / "build", 1) as build:
        with filled(build, but=left):
            done = models_command(root, "build", "line")
            whole = [path.parent.name for path in (root / "build").glob("line/[!.]*/saved_model.pb")]
        again = models_command(root, "build", "line")

    assert (done.returncode, whole) == (1, [])
    [line] = done.stderr.splitlines()
    assert line.startswith("models: line: build/line/")
    assert "cannot be written: " in line
    assert "No space left on device" in line
    assert line.endswith("; free space, then rerun the command")
    assert (again.returncode, again.stderr) == (0, "")


def test_a_savedmodel_made_elsewhere_needs_no_temporary_file(
    emulator: RunningEmulator, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest that is uploaded for it is not written to a file, which a killed process would leave."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))

    world = World(emulator, project, tmp_path)
    uri = str(world.made(SAVED_MODEL.provider, SAVED_MODEL.declare(world))["uri"])

    bucket, _, prefix = uri.removeprefix("gs://").partition("/")
    content = (
        emulator.storage().objects().get_media(bucket=bucket, object=f"{prefix.rstrip('/')}/manifest.json").execute()
    )
    assert "saved_model.pb" in json.loads(content)["files"]
