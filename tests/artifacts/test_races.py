"""Stacks deployed and destroyed at the same time, with their calls in every order that matters."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from tests.artifacts.conftest import ALL_FILES, Shared, Stack
from tests.artifacts.intercepted_calls import Turns
from tests.running import RunningEmulator

CALLS = 10
"""At least as many as either party makes here; further turns are skipped."""
SAMPLES = 150


def _schedules(switches: int) -> Iterator[tuple[str, ...]]:
    """Every order in which the turn passes between `goes` and `comes` this many times."""

    def grow(order: tuple[str, ...], party: str, left: int) -> Iterator[tuple[str, ...]]:
        other = "comes" if party == "goes" else "goes"
        if not left:
            yield (*order, *[party] * CALLS)
            return
        for calls in range(1, CALLS + 1 - order.count(party)):
            yield from grow((*order, *[party] * calls), other, left - 1)

    for party in ("goes", "comes"):
        yield from grow((), party, switches)


def _run(order: Sequence[str], **parties: tuple[Stack, str]) -> None:
    """Runs the method of each party at the same time, with their calls in this order."""
    turns = Turns(order)

    def take_part(party: str) -> None:
        stack, verb = parties[party]
        with turns.taking_part(party, stack.provider):
            getattr(stack, verb)()

    for done in [_threads().submit(take_part, party) for party in parties]:
        done.result(timeout=120)


@cache
def _threads() -> ThreadPoolExecutor:
    """Threads for at most three parties, shared by all tests, since each thread has a connection."""
    return ThreadPoolExecutor(3)


def _destroy_one_and_create_another(shared: Shared, order: Sequence[str]) -> None:
    going, coming = shared.stack("going"), shared.stack("coming")
    going.create()

    _run(order, goes=(going, "delete"), comes=(coming, "create"))

    assert coming.is_complete(), order
    assert shared.files() == ALL_FILES, order
    assert shared.claims() == 1, order


@pytest.mark.parametrize("switches", [1, *(pytest.param(more, marks=pytest.mark.faults) for more in (2, 3))])
def test_a_new_stack_gets_the_complete_artifact_while_another_is_destroyed(
    switches: int, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """It gets it wherever the other stack's `destroy` is when its `up` starts, and the other way round."""
    for number, order in enumerate(_schedules(switches)):
        _destroy_one_and_create_another(Shared(emulator, f"{project}-{number}", tmp_path / str(number)), order)


@pytest.mark.faults
def test_a_new_stack_gets_the_complete_artifact_while_two_others_are_destroyed(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """The orders are random with a fixed seed; one `destroy` may restore what the other deletes."""
    draw = random.Random(20)  # noqa: S311 - the same orders at every run
    for number in range(SAMPLES):
        shared = Shared(emulator, f"{project}-{number}", tmp_path / str(number))
        first, second, third = (shared.stack(name) for name in ("first", "second", "third"))
        first.create()
        second.create()
        order = draw.choices(("first", "second", "third"), (3, 3, 2), k=3 * CALLS)

        _run(order, first=(first, "delete"), second=(second, "delete"), third=(third, "create"))

        assert third.is_complete(), order
        assert (shared.files(), shared.claims()) == (ALL_FILES, 1), order


@pytest.mark.parametrize("verb", ["create", "delete"])
def test_two_stacks_can_be_created_or_destroyed_at_once(
    verb: str, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """Their calls alternate one by one, and in blocks."""
    for block in range(1, CALLS):
        shared = Shared(emulator, f"{project}-{block}", tmp_path / str(block))
        one, two = shared.stack("one"), shared.stack("two")
        if verb == "delete":
            one.create()
            two.create()

        _run((*["one"] * block, *["two"] * block) * CALLS, one=(one, verb), two=(two, verb))

        assert (one.is_complete(), two.is_complete()) == (verb == "create",) * 2
        assert (shared.files(), shared.claims()) == ((ALL_FILES, 2) if verb == "create" else (set(), 0))
