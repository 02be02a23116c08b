"""Changes at random, one after the other, on one stack: whatever came before, the next one ends where it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program.clients import predicting
from tests.program.stacks import Deployment
from tests.rollout.random_changes import Walk
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow, pytest.mark.faults]
STEPS = 10


@pytest.mark.parametrize("seed", range(4))
def test_a_walk(emulator: RunningEmulator, project: str, tmp_path: Path, seed: int) -> None:
    """After every step the world is as declared, nothing is left to do, and what was left alone answered all along."""
    stack = Deployment(emulator, project, tmp_path)
    walk = Walk(stack, f"walk {seed}")
    walk.edits.declare()
    stack.engine.up()

    with predicting({"stays": stack.url("stays")}) as clients:
        for number in range(STEPS):
            print(f"step {number}: {walk.step()}")
            assert stack.served() == walk.edits.served()
            assert stack.engine.preview() == {}
            assert stack.engine.pending() == []

    assert clients["stays"].results == ([2.0], [])
    stack.engine.stack("destroy", "--skip-preview")
    assert (stack.served(), stack.buckets(), stack.engine.resources()) == ({}, [], {})
