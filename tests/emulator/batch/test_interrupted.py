"""What becomes of a job when processes are killed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.batch.batch import Batch, counts
from tests.emulator.ml.caller import until
from tests.running import RunningEmulator, descendants

pytestmark = pytest.mark.tensorflow

ROWS = 240_000
PARTS = 8


def _begin(batch: Batch) -> str:
    """A job of several shards that takes a while."""
    for part in range(PARTS):
        content = b"".join(b"%d\n" % row for row in range(part * ROWS // PARTS, (part + 1) * ROWS // PARTS))
        batch.input(content, f"part{part}.json")
    return batch.begin(f"gs://{batch.ml.bucket}/in/part*", maxWorkerCount="2", batchSize="16")


def _some_done(batch: Batch, name: str) -> int:
    """How many rows are done, as soon as it is some of them."""

    def done() -> int:
        job = batch.get(name)
        assert job["state"] != "FAILED", job
        return counts(job)[0]

    found: int = until(done, "the first whole shard")
    return found


def _whole(batch: Batch, job: dict[str, Any]) -> None:
    assert job["state"] == "SUCCEEDED", job
    assert counts(job) == (ROWS, 0)
    assert batch.results(job) == [{"y": 2.0 * row} for row in range(ROWS)]


def test_a_job_goes_on_from_its_last_whole_shard(
    emulator_factory: Callable[..., RunningEmulator], project: str
) -> None:
    """After kill -9 of the emulator what was done counts at once, nothing looks whole too early, no row is double."""
    batch = Batch(emulator_factory(), project)
    name = _begin(batch)
    before = _some_done(batch, name)
    halfway = batch.get(name)
    files = batch.files(halfway)
    batch.ml.emulator.kill()

    again = Batch(emulator_factory(data=batch.ml.emulator.data), project)
    resumed = again.get(name)
    ended = again.ended(name)

    assert halfway["state"] == resumed["state"] == "RUNNING"
    assert files == []
    assert before <= counts(resumed)[0] < ROWS
    _whole(again, ended)
    assert len(again.files(ended)) == PARTS + 1
    assert list((again.ml.emulator.data / "jobs").iterdir()) == []


def test_a_worker_that_is_killed_is_replaced(emulator_factory: Callable[..., RunningEmulator], project: str) -> None:
    """What it was working on is begun anew by another one."""
    batch = Batch(emulator_factory(), project)
    name = _begin(batch)
    _some_done(batch, name)

    template, *nodes = descendants(batch.ml.emulator.pid)
    for node in nodes:
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(node, signal.SIGKILL)

    assert nodes != []
    _whole(batch, batch.ended(name))
    assert descendants(batch.ml.emulator.pid) == [template]
