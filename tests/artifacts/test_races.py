"""Stacks that come and go at the same moment, their calls in every order that matters."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from tests.artifacts.conftest import WHOLE, Shared, Stack
from tests.artifacts.stepping import Turns
from tests.running import RunningEmulator

CALLS = 10
"""At least as many as either party makes here; what is beyond the last one is passed over."""
SAMPLES = 150


def _schedules(switches: int) -> Iterator[tuple[str, ...]]:
    """Every order in which the turn goes over between `goes` and `comes` so many times, at most."""

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
    """Each party's verb, their calls in this order."""
    turns = Turns(order)

    def take_part(party: str) -> None:
        stack, verb = parties[party]
        with turns.taking_part(party, stack.provider):
            getattr(stack, verb)()

    for done in [_threads().submit(take_part, party) for party in parties]:
        done.result(timeout=120)


@cache
def _threads() -> ThreadPoolExecutor:
    """One for each party, for all tests: each thread has a connection."""
    return ThreadPoolExecutor(3)


def _one_goes_as_another_comes(shared: Shared, order: Sequence[str]) -> None:
    going, coming = shared.stack("going"), shared.stack("coming")
    going.create()

    _run(order, goes=(going, "delete"), comes=(coming, "create"))

    assert coming.is_served(), order
    assert shared.files() == WHOLE, order
    assert shared.claims() == 1, order


@pytest.mark.parametrize("switches", [1, *(pytest.param(more, marks=pytest.mark.faults) for more in (2, 3))])
def test_who_comes_has_the_whole_artifact(
    switches: int, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """Wherever the last user's `destroy` stands when another stack's `up` begins, and the other way round."""
    for number, order in enumerate(_schedules(switches)):
        _one_goes_as_another_comes(Shared(emulator, f"{project}-{number}", tmp_path / str(number)), order)


@pytest.mark.faults
def test_two_go_as_a_third_comes(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """Orders drawn by a fixed seed: one who goes may put back what the other deletes."""
    draw = random.Random(20)  # noqa: S311 - the same orders at every run
    for number in range(SAMPLES):
        shared = Shared(emulator, f"{project}-{number}", tmp_path / str(number))
        first, second, third = (shared.stack(name) for name in ("first", "second", "third"))
        first.create()
        second.create()
        order = draw.choices(("first", "second", "third"), (3, 3, 2), k=3 * CALLS)

        _run(order, first=(first, "delete"), second=(second, "delete"), third=(third, "create"))

        assert third.is_served(), order
        assert (shared.files(), shared.claims()) == (WHOLE, 1), order


@pytest.mark.parametrize("verb", ["create", "delete"])
def test_two_that_do_the_same_are_as_one(verb: str, emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """Two first `up`s, or two `destroy`s, call by call in turn and in blocks."""
    for block in range(1, CALLS):
        shared = Shared(emulator, f"{project}-{block}", tmp_path / str(block))
        one, two = shared.stack("one"), shared.stack("two")
        if verb == "delete":
            one.create()
            two.create()

        _run((*["one"] * block, *["two"] * block) * CALLS, one=(one, verb), two=(two, verb))

        assert (one.is_served(), two.is_served()) == (verb == "create",) * 2
        assert (shared.files(), shared.claims()) == ((WHOLE, 2) if verb == "create" else (set(), 0))
