"""A process is killed during an `up`, an update or a `destroy`; the recovery then completes it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.emulator.ml.caller import until
from tests.kills.lives import VERBS, Life, Moment, Undisturbed
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]
CREATE = "ml.projects.models.versions.create"
MOMENTS = 50
VICTIMS = ("engine", "provider")
LIVES = [
    pytest.param(victim, index, marks=() if index == 1 else pytest.mark.faults)
    for index in range(MOMENTS)
    for victim in VICTIMS
]


@pytest.fixture(scope="session")
def usual(emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Undisturbed]:
    """Each part of a life without kills."""
    life = Life(emulator, "test-undisturbed-life", tmp_path_factory.mktemp("undisturbed"))
    return {part: life.undisturbed(part) for part in VERBS}


@pytest.fixture
def life(emulator: RunningEmulator, project: str, tmp_path: Path) -> Life:
    """A stack that is not deployed yet."""
    return Life(emulator, project, tmp_path)


@pytest.mark.parametrize(("victim", "index"), LIVES)
def test_the_recovery_completes_a_killed_command(
    victim: str, index: int, life: Life, usual: dict[str, Undisturbed]
) -> None:
    """It leaves what an undisturbed run leaves: nothing lost, duplicated, partial or running."""
    for part, verb in VERBS.items():
        moment = Moment.at_random(part, victim, index)
        text = life.run_and_kill(part, victim, moment, usual[part])
        print(f"{part}: the {victim} was killed at {moment}:\n{text}")
        print(life.engine.recover(verb))
        life.assert_same(part, usual[part])


SIGNALS = {"Ctrl-C": [signal.SIGINT], "Ctrl-C twice": [signal.SIGINT, signal.SIGINT], "SIGTERM": [signal.SIGTERM]}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.faults) for name in SIGNALS])
def test_an_up_that_a_signal_ended_can_be_repeated(name: str, life: Life, usual: dict[str, Undisturbed]) -> None:
    """A terminal or a CI system sends it to all processes of `make up`: each ends, and the next `up` continues."""
    life.configure("up")
    life.emulator.faults({"method": CREATE, "hold": "after"})
    process = life.engine.begin_recovery("up")
    until(life.is_held, "the creation of the first version")
    text = ""
    for number in SIGNALS[name]:
        os.killpg(process.pid, number)
        text += _read_until(process, "received; ")
    if len(SIGNALS[name]) == 1:  # the engine waits for the pending calls
        life.emulator.faults()
    text += process.communicate(timeout=BOUND)[0]
    life.emulator.faults()

    assert process.returncode != 0, text
    assert "Traceback" not in text
    print(text, life.engine.recover("up"))
    life.assert_same("up", usual["up"])


def _read_until(process: subprocess.Popen[str], text: str) -> str:
    """The output of a process up to the line that contains this text."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            break
    return "".join(lines)


@pytest.mark.faults
def test_a_killed_up_can_be_destroyed(life: Life, usual: dict[str, Undisturbed]) -> None:
    """`destroy` also deletes a partly created version that the state lacks, even if the state file was cut off."""
    life.configure("up")
    life.emulator.faults({"method": CREATE, "hold": "after"})
    process = life.engine.begin("up", "--skip-preview")
    until(life.is_held, "the creation of the first version")
    process.kill()
    process.communicate(timeout=BOUND)
    life.emulator.faults()
    assert life.engine.pending() != []
    life.engine.cut_state()

    life.engine.recover("destroy")

    life.assert_same("destroy", usual["destroy"])


@pytest.mark.faults
@pytest.mark.parametrize(("verb", "left"), [("up", ["v3"]), ("destroy", [])])
def test_a_partly_created_version_that_is_no_longer_declared_is_deleted(verb: str, left: list[str], life: Life) -> None:
    """The state did not have it, so nothing else would ever delete it."""
    life.configure("update")
    life.emulator.faults({"method": CREATE, "delay": 0}, {"method": CREATE, "hold": "after"})
    process = life.engine.begin("up", "--skip-preview")
    until(life.is_held, "the creation of the second version")
    process.kill()
    process.communicate(timeout=BOUND)
    life.emulator.faults()
    assert "Version mult-v1" in life.engine.pending()

    life.engine.edit("mult.versions.v1", None)
    text = life.engine.recover(verb)

    assert "deleting what it made" in text
    versions = [version["name"] for model in life.inventory()["models"] for version in model["versions"]]
    assert [name.rpartition("/")[2] for name in versions] == left
    assert life.engine.pending() == []
    if verb == "up":
        assert life.engine.preview() == {}
