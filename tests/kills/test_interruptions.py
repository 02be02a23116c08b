"""A rollout is interrupted at each of its calls; the same stack file, or the one before, is then one plain `up`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.ml.caller import until
from tests.inventory import inventory
from tests.kills.lives import Life
from tests.kills.vertex_life import VertexLife
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]
ML, VERTEX = "ml.projects.models.", "aiplatform.projects.locations."
OPERATIONS = {
    "ml": [f"{ML}patch", f"{ML}versions.create", f"{ML}versions.patch", f"{ML}versions.delete"],
    "vertex": [
        *(f"{VERTEX}models.upload", f"{VERTEX}models.deleteVersion", f"{VERTEX}endpoints.deployModel"),
        *(f"{VERTEX}endpoints.mutateDeployedModel", f"{VERTEX}endpoints.undeployModel"),
    ],
}
"""The methods of a rollout that begin an operation."""
CALLS = {
    "ml": ["storage.buckets.patch", "storage.objects.insert", "ml.projects.predict", f"{ML}versions.setDefault"],
    "vertex": [f"{VERTEX}endpoints.patch", f"{VERTEX}models.patch", f"{VERTEX}models.mergeVersionAliases"],
}
"""The others that change something, or are a gate."""
LIVES: dict[str, type[Life | VertexLife]] = {"ml": Life, "vertex": VertexLife}
WAYS = ("same file", "old file")
LIMIT = 20.0
"""Seconds from Ctrl-C to the end of the engine on a slow machine; an operation of these tests never ends by itself."""
NORMAL = {
    ("Ctrl-C", f"{ML}versions.create", "old file"),
    ("Ctrl-C", f"{VERTEX}endpoints.undeployModel", "old file"),
    ("failure", f"{VERTEX}models.mergeVersionAliases", "old file"),
}


def _cells() -> Iterator[object]:
    """How it is interrupted, platform, method, and which stack file follows."""
    for how in ("Ctrl-C", "failure", "kill"):
        for platform in LIVES:
            for method in [*OPERATIONS[platform], *CALLS[platform]]:
                for way in WAYS:
                    marks = () if (how, method, way) in NORMAL else pytest.mark.faults
                    yield pytest.param(how, platform, method, way, marks=marks, id=f"{how}-{method}-{way}")


@pytest.fixture(scope="session")
def usual(emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Platform -> what each part of a life leaves that nobody interrupts."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    found: dict[str, dict[str, Any]] = {}
    for platform, kind in LIVES.items():
        (folder / platform).mkdir()
        life, found[platform] = kind(emulator, f"test-uninterrupted-{platform}", folder / platform), {}
        for part in ("up", "update"):
            _configure(life, part)
            life.engine.stack("up", "--skip-preview")
            found[platform][part] = _inventory(life)
    return found


def _configure(life: Life | VertexLife, part: str) -> None:
    """Writes the stack file of this part; what the second one changes, the first one declares."""
    life.configure(part)
    if part == "up" and isinstance(life, Life):
        life.engine.config["tf2-models:bucket"] = {"labels": {"stage": "a"}}
        life.engine.edit("mult.description", "Times")


def _inventory(life: Life | VertexLife) -> dict[str, Any]:
    return life.inventory() if isinstance(life, VertexLife) else inventory(life.emulator, life.project)


@pytest.mark.parametrize(("how", "platform", "method", "way"), list(_cells()))
def test_an_interrupted_rollout_follows_the_stack_file(
    how: str,
    platform: str,
    method: str,
    way: str,
    emulator: RunningEmulator,
    project: str,
    tmp_path: Path,
    usual: dict[str, dict[str, Any]],
) -> None:
    """Nothing is lost, orphaned or different from an uninterrupted run; only after `kill -9` the recovery is needed."""
    life = LIVES[platform](emulator, project, tmp_path)
    _configure(life, "up")
    life.engine.stack("up", "--skip-preview")
    _configure(life, "update")
    text = _interrupt(life, how, method, is_operation=method in OPERATIONS[platform])
    print(text)
    assert "Traceback" not in text
    emulator.faults()

    part = "update" if way == "same file" else "up"
    _configure(life, part)
    print(life.engine.recover("up") if how == "kill" else life.engine.stack("up"))

    assert _inventory(life) == usual[platform][part]
    assert life.engine.pending() == []
    states = life.engine.resources().values()
    assert not [entry for entry in states if entry.get("initErrors") or "unfinished" in entry.get("outputs", {})]
    life.engine.stack("refresh", "--skip-preview", "--expect-no-changes")
    assert life.engine.preview() == {}


def _interrupt(life: Life | VertexLife, how: str, method: str, *, is_operation: bool) -> str:
    """Runs an `up` that ends at the first call of this method; returns the output."""
    if how == "failure":
        fault = {"operation": "error", "message": "No."} if is_operation else {"status": 403}
        life.emulator.faults({"method": method, **fault})
        return life.engine.stack("up", "--skip-preview", fails=True)
    life.emulator.faults({"method": method, **({"operation": "never"} if is_operation else {"hold": "after"})})
    process = life.engine.begin("up", "--skip-preview")
    until(life.emulator.is_faulted, f"the call of {method}")
    if how == "kill":
        process.kill()
        return process.communicate(timeout=BOUND)[0]
    begin = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    if not is_operation:
        _await_cancellation(process)
        life.emulator.faults()  # a call that was sent is waited for: only its response says what it did
    text = process.communicate(timeout=BOUND)[0]
    seconds = time.monotonic() - begin
    print(f"{method}: {seconds:.1f} s from Ctrl-C to the end")
    assert process.returncode != 0
    assert seconds < LIMIT
    return text


def _await_cancellation(process: subprocess.Popen[str]) -> None:
    """Reads the output up to the line in which the engine says that it cancels."""
    assert process.stdout
    next(line for line in process.stdout if "received; " in line)
