"""A process is killed in the middle of an `up`, an update or a `destroy`; then there is what was asked for."""

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
    """Each part of a life in which nobody is killed."""
    life = Life(emulator, "test-undisturbed-life", tmp_path_factory.mktemp("undisturbed"))
    return {part: life.undisturbed(part) for part in VERBS}


@pytest.fixture
def life(emulator: RunningEmulator, project: str, tmp_path: Path) -> Life:
    """A stack that is not deployed yet."""
    return Life(emulator, project, tmp_path)


@pytest.mark.parametrize(("victim", "index"), LIVES)
def test_a_kill_in_every_part_of_a_life(victim: str, index: int, life: Life, usual: dict[str, Undisturbed]) -> None:
    """After each, the recovery leaves what an undisturbed run leaves: nothing lost, doubled, half done or running."""
    for part, verb in VERBS.items():
        moment = Moment.drawn(part, victim, index)
        text = life.killed(part, victim, moment, usual[part])
        print(f"{part}: the {victim} was killed at {moment}:\n{text}")
        print(life.engine.recover(verb))
        life.is_as(part, usual[part])


SIGNALS = {"Ctrl-C": [signal.SIGINT], "Ctrl-C twice": [signal.SIGINT, signal.SIGINT], "SIGTERM": [signal.SIGTERM]}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.faults) for name in SIGNALS])
def test_a_signal_in_the_middle_of_an_up(name: str, life: Life, usual: dict[str, Undisturbed]) -> None:
    """What a terminal or a CI system sends to all processes of `make up`: each ends, and the next `up` goes on."""
    life.configure("up")
    life.emulator.faults({"method": CREATE, "hold": "after"})
    process = life.engine.begin_recovery("up")
    until(life.is_held, "the first version is being made")
    text = ""
    for number in SIGNALS[name]:
        os.killpg(process.pid, number)
        text += _until_told(process, "received; ")
    if len(SIGNALS[name]) == 1:  # the engine waits for the calls that are under way
        life.emulator.faults()
    text += process.communicate(timeout=BOUND)[0]
    life.emulator.faults()

    assert process.returncode != 0, text
    assert "Traceback" not in text
    print(text, life.engine.recover("up"))
    life.is_as("up", usual["up"])


def _until_told(process: subprocess.Popen[str], text: str) -> str:
    """What a process prints up to the line that has this text."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            break
    return "".join(lines)


def test_a_killed_up_is_destroyed(life: Life, usual: dict[str, Undisturbed]) -> None:
    """What was half made, and the state does not know, goes too; also where the state itself was being written."""
    life.configure("up")
    life.emulator.faults({"method": CREATE, "hold": "after"})
    process = life.engine.begin("up", "--skip-preview")
    until(life.is_held, "the first version is being made")
    process.kill()
    process.communicate(timeout=BOUND)
    life.emulator.faults()
    assert life.engine.pending() != []
    life.engine.cut_state()

    life.engine.recover("destroy")

    life.is_as("destroy", usual["destroy"])


@pytest.mark.faults
def test_what_is_half_made_and_declared_no_more_is_told(life: Life) -> None:
    """Nothing is forgotten silently: the recovery names it and says what to do; declared once more it is taken over."""
    life.configure("update")
    declared = life.engine.config["tf2-models:models"]["mult"]["versions"]["v1"]
    life.emulator.faults({"method": CREATE, "delay": 0}, {"method": CREATE, "hold": "after"})
    process = life.engine.begin("up", "--skip-preview")
    until(life.is_held, "the second version is being made")
    process.kill()
    process.communicate(timeout=BOUND)
    life.emulator.faults()

    life.engine.edit("mult.versions.v1", None)
    text = life.engine.recover("up", fails=True)
    assert "Version::mult-v1 was being created when an update was killed" in text
    assert "Version mult-v1" in life.engine.pending()
    text = life.engine.recover("destroy", fails=True)  # the model cannot go: the version is in it
    assert "Version::mult-v1 was being created when an update was killed" in text
    assert "Version mult-v1" in life.engine.pending()

    life.engine.edit("mult.versions.v1", declared)
    life.engine.recover("up")
    assert life.engine.pending() == []
    assert life.engine.preview() == {}
