"""A rollout is interrupted at each of its calls; the same stack file, or the one before, is then one plain `up`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.ml.caller import until
from tests.kills.interruptions import HOWS, Step, assert_settled, interrupt
from tests.kills.lives import Life
from tests.kills.vertex_life import VertexLife
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]
ML, VERTEX, STORAGE = "ml.projects.", "aiplatform.projects.locations.", "storage."
LIVES: dict[str, type[Life]] = {"ml": Life, "vertex": VertexLife}
ROLLOUT = {
    "ml": [
        *(Step(f"{ML}models.{name}", is_operation=True) for name in ("patch", "versions.create", "versions.patch")),
        Step(f"{ML}models.versions.delete", is_operation=True),
        *(Step(f"{STORAGE}{name}") for name in ("buckets.patch", "objects.insert")),
        *(Step(f"{ML}{name}") for name in ("predict", "models.versions.setDefault")),
    ],
    "vertex": [
        *(Step(f"{VERTEX}models.{name}", is_operation=True) for name in ("upload", "deleteVersion")),
        *(
            Step(f"{VERTEX}endpoints.{name}", is_operation=True)
            for name in ("deployModel", "mutateDeployedModel", "undeployModel")
        ),
        Step(f"{VERTEX}endpoints.patch"),
        Step(f"{VERTEX}endpoints.patch", number=2),
        *(Step(f"{VERTEX}models.{name}") for name in ("patch", "mergeVersionAliases")),
    ],
}
"""What changes something in a rollout, or is a gate. The second patch of an endpoint moves its traffic."""
FIRST = {
    "ml": [
        *(Step(f"{STORAGE}{name}") for name in ("buckets.insert", "objects.insert")),
        *(Step(f"{ML}{name}") for name in ("models.create", "models.versions.setDefault")),
        Step(f"{ML}models.versions.create", is_operation=True),
    ],
    "vertex": [
        *(Step(f"{STORAGE}{name}") for name in ("buckets.insert", "objects.insert")),
        *(
            Step(f"{VERTEX}{name}", is_operation=True)
            for name in ("endpoints.create", "models.upload", "endpoints.deployModel")
        ),
        *(Step(f"{VERTEX}{name}") for name in ("endpoints.patch", "models.patch")),
    ],
}
"""What changes something in a first deployment."""
WAYS = ("same file", "old file")
NORMAL = {
    ("Ctrl-C", f"{ML}models.versions.create", "old file"),
    ("Ctrl-C", f"{VERTEX}endpoints.undeployModel", "old file"),
    ("failure", f"{VERTEX}models.mergeVersionAliases", "old file"),
}
NORMAL_FIRST = {("Ctrl-C", f"{VERTEX}endpoints.deployModel", "old file")}


def _cells(steps: dict[str, list[Step]], normal: set[tuple[str, str, str]]) -> Iterator[object]:
    """How it is interrupted, platform, step, and which stack file follows."""
    for how in HOWS:
        for platform in LIVES:
            for step in steps[platform]:
                for way in WAYS:
                    cell = how, str(step), way
                    marks = () if cell in normal else pytest.mark.faults
                    yield pytest.param(how, platform, step, way, marks=marks, id=f"{how}-{platform}-{step}-{way}")


@pytest.fixture(scope="session")
def usual(emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Platform -> what each part of a life leaves that nobody interrupts; `nothing` is before the first."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    found: dict[str, dict[str, Any]] = {}
    for platform, kind in LIVES.items():
        (folder / platform).mkdir()
        life = kind(emulator, f"test-uninterrupted-{platform}", folder / platform)
        found[platform] = {"nothing": life.inventory()}
        for part in ("up", "update"):
            _configure(life, part)
            life.engine.stack("up", "--skip-preview")
            found[platform][part] = life.inventory()
    return found


def _configure(life: Life, part: str) -> None:
    """Writes the stack file of this part; what the second one changes, the first one declares."""
    life.configure(part)
    if part == "up" and not isinstance(life, VertexLife):
        life.engine.config["tf2-models:bucket"] = {"labels": {"stage": "a"}}
        life.engine.edit("mult.description", "Times")


@pytest.mark.parametrize(("how", "platform", "step", "way"), list(_cells(ROLLOUT, NORMAL)))
def test_an_interrupted_rollout_follows_the_stack_file(
    how: str,
    platform: str,
    step: Step,
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
    interrupt(life, how, step)

    part = "update" if way == "same file" else "up"
    _configure(life, part)
    print(life.engine.recover("up") if how == "kill" else life.engine.stack("up"))

    assert life.inventory() == usual[platform][part]
    assert_settled(life)


@pytest.mark.parametrize(("how", "platform", "step", "way"), list(_cells(FIRST, NORMAL_FIRST)))
def test_an_interrupted_first_deployment_is_completed_or_destroyed(
    how: str,
    platform: str,
    step: Step,
    way: str,
    emulator: RunningEmulator,
    project: str,
    tmp_path: Path,
    usual: dict[str, dict[str, Any]],
) -> None:
    """The same file completes it; before it there was nothing, so `destroy` leaves nothing."""
    life = LIVES[platform](emulator, project, tmp_path)
    _configure(life, "up")
    interrupt(life, how, step)

    verb = "up" if way == "same file" else "destroy"
    print(life.engine.recover(verb) if how == "kill" else life.engine.stack(verb))

    assert life.inventory() == usual[platform]["up" if verb == "up" else "nothing"]
    if verb == "up":
        assert_settled(life)
    else:
        assert life.engine.resources() == {}


DELETIONS = {"ml": f"{ML}models.versions.delete", "vertex": f"{VERTEX}endpoints.undeployModel"}


@pytest.mark.faults
@pytest.mark.parametrize("recovers", [False, True], ids=["pulumi destroy", "make down"])
@pytest.mark.parametrize("platform", list(DELETIONS))
def test_a_cancelled_destroy_fails_and_the_next_one_completes_it(
    platform: str,
    recovers: bool,
    emulator: RunningEmulator,
    project: str,
    tmp_path: Path,
    usual: dict[str, dict[str, Any]],
) -> None:
    """The engine itself counts it as a success if no deletion failed, although resources are left."""
    life = LIVES[platform](emulator, project, tmp_path)
    life.configure("up")
    life.engine.stack("up", "--skip-preview")
    emulator.faults({"method": DELETIONS[platform], "operation": "never"})
    process = life.engine.begin_recovery("destroy") if recovers else life.engine.begin("destroy", "--skip-preview")
    until(emulator.is_faulted, "the first deletion")

    os.killpg(process.pid, signal.SIGINT)
    text = process.communicate(timeout=BOUND)[0]
    emulator.faults()

    assert process.returncode != 0, text
    assert "Traceback" not in text
    life.engine.recover("destroy")
    assert life.engine.resources() == {}
    assert life.inventory() == usual[platform]["nothing"]
