"""Errors of the real engine about a faulty machine, project or program."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.artifacts import checkout
from tests.engine import Engine, write_program
from tests.environment.disks import filled, small
from tests.program.stacks import Deployment
from tests.running import RunningEmulator

pytestmark = pytest.mark.engine


def lines_with(text: str, part: str) -> list[str]:
    """The lines of an output that contain a text; asserts that there is no traceback."""
    assert "Traceback" not in text, text
    return [line for line in text.splitlines() if part in line]


def test_an_altered_build_is_found_before_anything_is_created(
    emulator_factory: Callable[..., RunningEmulator], project: str, tmp_path: Path
) -> None:
    """With `allowRebuild`, the program reads the build's bytes even in `up --skip-preview`."""
    emulator, root = emulator_factory(), checkout.program(tmp_path / "checkout")
    folder = checkout.build(root).folder
    assert folder is not None
    content = (folder / "saved_model.pb").read_bytes()
    (folder / "saved_model.pb").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    engine = Engine(tmp_path / "engine", root)
    version = {"artifact": "line", "machineType": "n1-standard-2", "manualScaling": {"nodes": 1}}
    config = {
        "endpoint": emulator.endpoint,
        "allowRebuild": True,
        "runtimeVersion": "2.21",
        "models": {"m": {"defaultVersion": "v1", "versions": {"v1": version}}},
    }
    engine.write({"gcp:project": project, **{f"tf2-models:{key}": value for key, value in config.items()}})

    [line] = lines_with(engine.stack("up", "--skip-preview", fails=True), "models.m.versions.v1.artifact")

    assert "build/line/" in line
    assert "its files have changed since it was built; remove it and build again" in line
    assert emulator.calls() == {}
    assert engine.resources().keys() <= {"Stack tf2-models-test"}


@pytest.mark.faults
def test_the_error_about_a_disabled_api_says_how_to_enable_it(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """The line has the command, with the service and the project."""
    stack = Deployment(emulator, project, tmp_path)
    stack.declare({"m": {"defaultVersion": "v1", "versions": {"v1": stack.version(2.0)}}})
    stack.engine.config["tf2-models:retrySeconds"] = 0
    stack.engine.write(stack.engine.config)
    facts = {"service": "ml.googleapis.com", "consumer": f"projects/{project}"}
    details = [{"reason": "SERVICE_DISABLED", "metadata": facts}]
    emulator.faults({"method": "ml.projects.models.create", "status": 403, "message": "Disabled.", "details": details})
    text = stack.engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)
    emulator.faults()
    assert stack.engine.up()["created"] > 0
    stack.engine.stack("destroy", "--suppress-progress")

    errors = lines_with(text, "create model")
    assert errors
    assert all(f"`gcloud services enable ml.googleapis.com --project {project}`" in line for line in errors)


@pytest.mark.faults
def test_a_missing_credentials_file_is_an_error(project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found before any call; the line names the variable but not the file."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    engine = Engine(tmp_path / "engine")
    version = {
        "artifact": "gs://a-bucket/folder",
        "pythonVersion": "3.7",
        "machineType": "n1-standard-2",
        "manualScaling": {"nodes": 1},
    }
    config = {
        "endpoint": "https://ml.example.invalid",
        "runtimeVersion": "2.11",
        "models": {"m": {"defaultVersion": "v1", "versions": {"v1": version}}},
    }
    engine.write({"gcp:project": project, **{f"tf2-models:{key}": value for key, value in config.items()}})

    errors = lines_with(engine.stack("up", "--skip-preview", "--suppress-progress", fails=True), "GOOGLE_APPLICATION")

    assert errors
    assert all("is not a valid credentials file" in line and "missing.json" not in line for line in errors)


@pytest.mark.faults
def test_an_up_on_a_full_disk_can_be_repeated(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """Once there is space, the recovery completes the stack, and nothing is created twice."""
    with small(tmp_path / "disk", 4) as disk:
        stack = Deployment(emulator, project, disk)
        stack.declare({"m": {"defaultVersion": "v1", "versions": {"v1": stack.version(2.0)}}})
        with filled(disk, but=8192):
            stack.engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)
        stack.engine.recover("up")
        served = stack.served()
        preview = stack.engine.preview()
        stack.engine.stack("destroy", "--suppress-progress")

    assert served == {"m": {"v1": "READY*"}}
    assert preview == {}


PROGRAM = """
from resources import ml, storage
storage.Bucket("b", name="Bucket!", location=7, labels=[])
"""


@pytest.mark.faults
def test_wrong_arguments_of_a_constructor_are_reported(tmp_path: Path) -> None:
    """There is one plain line for each, with the constructor and the key."""
    program = write_program(tmp_path / "program", PROGRAM)
    engine = Engine(tmp_path / "engine", program)
    engine.write({"gcp:project": "p-one"})

    errors = lines_with(engine.stack("up", "--skip-preview", fails=True), "Bucket('b').")

    keys = {found[1] for line in errors if (found := re.search(r"Bucket\('b'\)\.(\w+): ", line))}
    assert keys == {"labels", "location", "name"}, errors
