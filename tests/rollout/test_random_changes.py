"""Random changes of one stack, one after the other: each ends as declared, whatever came before."""

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
def test_each_random_change_ends_as_declared(
    emulator: RunningEmulator, project: str, tmp_path: Path, seed: int
) -> None:
    """After every step the versions are as declared, preview is empty, and the unchanged model kept answering."""
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
