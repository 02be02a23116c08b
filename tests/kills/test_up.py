"""An `up` in which its endpoint goes wrong or is killed, as its user sees it; and the `up` after it."""

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
def test_a_fault_in_the_middle_of_an_up(name: str, emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """One line with resource, method, cause and next step, and no traceback; the next `up` makes what was asked for."""
    life = Life(emulator, project, tmp_path)
    life.configure("up")
    fault = FAULTS[name]
    emulator.faults(fault)
    text = life.engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)
    emulator.faults()

    told = [line for line in text.partition("Diagnostics:")[2].splitlines() if fault["method"] in line]
    assert len(told) == 1, text
    assert "Traceback" not in text
    _is_whole(life)


def test_an_emulator_that_is_killed_and_comes_back(
    emulator_factory: Callable[..., RunningEmulator], project: str, tmp_path: Path
) -> None:
    """On the same port: the `up` goes on, or fails with one line; the next one makes what was asked for."""
    first = emulator_factory()
    life = Life(first, project, tmp_path)
    life.configure("up")
    first.faults({"method": VERSION, "hold": "after"})
    process = life.engine.begin("up", "--skip-preview")
    until(life.is_held, "the first version is being made")

    first.kill()
    life.emulator = emulator_factory("--port", str(urlsplit(first.endpoint).port), data=first.data)
    text, _ = process.communicate(timeout=BOUND)

    assert "Traceback" not in text
    assert process.returncode == 0 or f"create version projects/{project}/models/mult/versions/" in text
    _is_whole(life)


@pytest.mark.parametrize("victim", ["engine", "provider"])
def test_an_upload_in_chunks_that_is_killed(
    victim: str, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """What was sent does not look whole, and is sent again; the session that is left holds no name."""
    life = Life(emulator, project, tmp_path)
    life.configure("up")
    life.engine.edit("mult.versions.v2", None)
    variables = tmp_path / "x2.0" / "variables"
    variables.mkdir()
    (variables / "variables.data").write_bytes(b"x" * (3 * uploads.CHUNK))
    # The small file, the beginning of the large one, and one or two of its three chunks.
    emulator.faults({"method": INSERT, "delay": 0, "times": 3}, {"method": INSERT, "hold": "after"})
    process = life.engine.begin("up", "--skip-preview")
    until(life.is_held, "the large file is being sent")

    process.kill() if victim == "engine" else os.kill(life.engine.provider(process.pid), signal.SIGKILL)
    emulator.faults()
    process.communicate(timeout=BOUND)

    [bucket] = inventory(emulator, project)["buckets"]
    names = [item["name"] for item in bucket["objects"]]
    assert [name for name in names if name.endswith(("variables.data", "manifest.json"))] == []
    _is_whole(life)


def _is_whole(life: Life) -> None:
    """After one more `up` the world, the state and the program say the same, and nothing is there twice."""
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
