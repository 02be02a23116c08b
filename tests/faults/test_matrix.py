"""Every call that the provider makes, gone wrong in every way, and one more try: what is wished is what there is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from gcp import errors
from tests.faults import rules
from tests.faults.stages import BEGIN, CALLED, Stage
from tests.kinds.world import World
from tests.providers import State, as_engine
from tests.running import RunningEmulator
from tests.unloading import unload

pytestmark = pytest.mark.tensorflow
STAYS = ("vertex.Model", "create")
"""Deleting it changes nothing, so half of its changes may stay."""
VERBS = [pytest.param(*key, id=" ".join(key)) for key in CALLED]


def _cells() -> Iterator[tuple[str, str, str, str]]:
    """Kind, verb, method, fault: all of them."""
    for (kind, verb), methods in CALLED.items():
        for method in methods:
            faults = [*rules.CALLS, *(rules.OPERATIONS if method in BEGIN else ())]
            yield from ((kind, verb, method, fault) for fault in faults)


def _parameters(*verbs: str) -> Iterator[ParameterSet]:
    """Each method of these verbs, or all, with one fault, another one each time; the rest is marked `faults`."""
    for turn, (_, group) in enumerate(itertools.groupby(_cells(), key=lambda cell: cell[:3])):
        cells = [cell for cell in group if cell[1] in (verbs or (cell[1],))]
        for index, cell in enumerate(cells):
            marks = () if index == 5 * turn % len(cells) else pytest.mark.faults
            yield pytest.param(*cell, id="-".join(cell), marks=marks)


def _taken_back() -> Iterator[ParameterSet]:
    """Creations and changes."""
    return (each for each in _parameters("create", "update") if each.values[:2] != STAYS)


@pytest.fixture
def world(emulator: RunningEmulator, project: str, tmp_path: Path) -> Iterator[World]:
    """A project of the test's own, on an emulator in which nothing goes wrong before and after."""
    yield World(emulator, project, tmp_path)
    emulator.faults()


def _undisturbed(folder: Path, emulator: RunningEmulator, kind: str, verb: str) -> State:
    """What there is after a verb in which nothing goes wrong."""
    return _plain(folder, emulator, kind, verb)[0]


@cache
def _plain(folder: Path, emulator: RunningEmulator, kind: str, verb: str) -> tuple[State, State]:
    """What there is after a verb in which nothing goes wrong, and after the stack file was then taken back."""
    name = f"test-plain-{kind}-{verb}".replace(" ", "-").replace(".", "-").lower()
    stage = Stage(World(emulator, name, folder / name), kind, verb)
    stage.run()
    found = stage.inventory()
    if verb in ("create", "update"):
        stage.take_back()
    taken_back = stage.inventory()
    unload(emulator, name)
    return found, taken_back


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the undisturbed runs keep their SavedModels."""
    return tmp_path_factory.mktemp("undisturbed")


@pytest.mark.parametrize(("kind", "verb"), VERBS)
def test_the_matrix_is_whole(kind: str, verb: str, world: World) -> None:
    """The methods that a verb calls are those of the table."""
    stage = Stage(world, kind, verb)
    world.emulator.reset_calls()

    stage.run()

    assert sorted(world.emulator.calls()) == sorted(CALLED[kind, verb])


@pytest.mark.parametrize(("kind", "verb", "method", "fault"), list(_parameters()))
def test_a_fault_and_one_more_try(kind: str, verb: str, method: str, fault: str, world: World, folder: Path) -> None:
    """Success, or one line: resource, method, cause, next step; after the next try there is what was wished."""
    wished = _undisturbed(folder, world.emulator, kind, verb)
    stage = Stage(world, kind, verb)
    rule = {"method": method, **rules.ALL[fault]}
    world.emulator.faults(rule)
    failure = _failure(stage, timeout=1.0 if fault == "never" else None)
    [left] = world.emulator.faults_left()
    assert left["times"] < rule.get("times", 1), "the fault was met"
    world.emulator.faults()

    if failure:
        assert failure.startswith(f"{verb} {stage.provider.schema.noun} {stage.identity}: "), failure
        assert "\n" not in failure
        _, called, step = failure.partition(method)
        assert called, failure
        assert re.search(rules.step_of(fault), step), failure
        stage.run()
    assert stage.inventory() == wished
    _is_read_as_wished(stage)


@pytest.mark.parametrize(("kind", "verb", "method", "fault"), list(_taken_back()))
def test_a_fault_and_the_stack_file_taken_back(
    kind: str, verb: str, method: str, fault: str, world: World, folder: Path
) -> None:
    """After a failure, one plain `up` of the old stack file leaves what was before, or what it leaves otherwise."""
    _, taken_back = _plain(folder, world.emulator, kind, verb)
    stage = Stage(world, kind, verb)
    before = stage.inventory()
    world.emulator.faults({"method": method, **rules.ALL[fault]})
    failure = _failure(stage, timeout=1.0 if fault == "never" else None)
    world.emulator.faults()
    if not failure:
        return

    stage.take_back()

    assert stage.inventory() in (before, taken_back)


def _failure(stage: Stage, timeout: float | None) -> str:
    """What the verb says where it fails; empty where it does not."""
    try:
        stage.run(timeout)
    except errors.Error as error:
        return str(error)
    return ""


def _is_read_as_wished(stage: Stage) -> None:
    """After all but `delete`, the world is what the state and the program say."""
    if stage.verb == "delete":
        return
    read = stage.read()

    assert as_engine(read.inputs or {}) == stage.inputs
    assert as_engine(read.outs or {}) == stage.outs
    assert stage.provider.diff(stage.identity, stage.outs, stage.inputs).changes is False
