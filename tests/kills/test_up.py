"""An `up` during which the endpoint fails or is killed, and the `up` after it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from resources.storage.transfer import uploads
from tests.emulator.ml.caller import until
from tests.inventory import inventory
from tests.kills.lives import Life
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow, pytest.mark.faults]
VERSION, INSERT = "ml.projects.models.versions.create", "storage.objects.insert"
FAULTS: dict[str, dict[str, Any]] = {
    "denied": {"method": VERSION, "status": 403},
    "operation failed": {"method": VERSION, "operation": "error", "message": "Bad model detected."},
    "page of a proxy": {"method": "ml.projects.models.create", "html": 200, "times": 1000},
    "upload refused": {"method": INSERT, "status": 401},
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_during_an_up_is_one_line_and_can_be_repeated(
    name: str, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """The line has the resource, method, cause and next step; the next `up` completes the stack."""
    life = Life(emulator, project, tmp_path)
    life.configure("up")
    fault = FAULTS[name]
    emulator.faults(fault)
    text = life.engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)
    emulator.faults()

    errors = [line for line in text.partition("Diagnostics:")[2].splitlines() if fault["method"] in line]
    assert len(errors) == 1, text
    assert "Traceback" not in text
    _assert_complete(life)


def test_an_up_survives_a_restart_of_the_emulator_or_can_be_repeated(
    emulator_factory: Callable[..., RunningEmulator], project: str, tmp_path: Path
) -> None:
    """After a kill it restarts on the same port; the `up` continues or fails with one line, and the next completes."""
    first = emulator_factory()
    life = Life(first, project, tmp_path)
    life.configure("up")
    first.faults({"method": VERSION, "hold": "after"})
    process = life.engine.begin("up", "--skip-preview")
    until(life.is_held, "the creation of the first version")

    first.kill()
    life.emulator = emulator_factory("--port", str(urlsplit(first.endpoint).port), data=first.data)
    text, _ = process.communicate(timeout=BOUND)

    assert "Traceback" not in text
    assert process.returncode == 0 or f"create version projects/{project}/models/mult/versions/" in text
    _assert_complete(life)


@pytest.mark.parametrize("victim", ["engine", "provider"])
def test_a_killed_upload_in_chunks_can_be_repeated(
    victim: str, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """The partial upload does not look complete and is sent again; the leftover session has no object."""
    life = Life(emulator, project, tmp_path)
    life.configure("up")
    life.engine.edit("mult.versions.v2", None)
    variables = tmp_path / "x2.0" / "variables"
    variables.mkdir()
    (variables / "variables.data").write_bytes(b"x" * (3 * uploads.CHUNK))
    # Three calls pass: the small file, the start of the large one, and one or two of its three chunks.
    emulator.faults({"method": INSERT, "delay": 0, "times": 3}, {"method": INSERT, "hold": "after"})
    process = life.engine.begin("up", "--skip-preview")
    until(life.is_held, "the upload of the large file")

    process.kill() if victim == "engine" else os.kill(life.engine.provider(process.pid), signal.SIGKILL)
    emulator.faults()
    process.communicate(timeout=BOUND)

    [bucket] = inventory(emulator, project)["buckets"]
    names = [item["name"] for item in bucket["objects"]]
    assert [name for name in names if name.endswith(("variables.data", "manifest.json"))] == []
    _assert_complete(life)


def _assert_complete(life: Life) -> None:
    """Asserts that after one more `up` the APIs, the state and the program agree, and nothing exists twice."""
    life.engine.recover("up")
    text = life.engine.stack("refresh", "--skip-preview", "--suppress-progress", "--expect-no-changes")
    assert "warning" not in text
    assert life.engine.preview() == {}
    found = inventory(life.emulator, life.project)
    assert found["running"] == []
    [model] = found["models"]
    assert model["default"].endswith("/v1")
    declared = life.engine.config["tf2-models:models"]["mult"]["versions"]
    assert [version["state"] for version in model["versions"]] == ["READY"] * len(declared)
    [bucket] = found["buckets"]
    assert len([item for item in bucket["objects"] if item["name"].endswith("manifest.json")]) == len(declared)
