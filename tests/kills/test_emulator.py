"""`kill -9` of an emulator under load: every acknowledged write exists after a restart."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.emulator.ml.caller import until
from tests.kills.writers import Writer
from tests.running import RunningEmulator, alive, descendants

pytestmark = pytest.mark.tensorflow
WRITERS = 3
RUNS = [pytest.param(0, 2), *(pytest.param(seed, 5, marks=pytest.mark.faults) for seed in range(1, 11))]


@pytest.mark.parametrize(("seed", "kills"), RUNS)
def test_acknowledged_writes_survive_a_kill(
    seed: int, kills: int, emulator_factory: Callable[..., RunningEmulator], project: str
) -> None:
    """This covers objects, uploads, models, versions and operations; nothing is partial or left over."""
    source = random.Random(seed)  # noqa: S311 - moments, not secrets
    emulator = emulator_factory()
    writers = [Writer(emulator, project, WRITERS * seed + index) for index in range(WRITERS)]
    for writer in writers:
        writer.prepare()
    for _ in range(kills):
        for writer in writers:
            writer.begin()
        enough = sum(writer.acknowledged for writer in writers) + source.randrange(10, 60)
        until(lambda: sum(writer.acknowledged for writer in writers) >= enough, "the load")  # noqa: B023
        processes = descendants(emulator.pid)
        emulator.kill()
        data = emulator.data
        emulator = emulator_factory(data=data)
        for writer in writers:
            writer.join(emulator)
        until(lambda: not any(map(alive, processes)), "the end of the killed emulator's processes")  # noqa: B023

        for writer in writers:
            writer.check()

        over = len(list(data.glob("objects/??/*"))) - sum(writer.blobs() for writer in writers)
        assert 0 <= over <= sum(writer.unknown_uploads for writer in writers)
        assert len(list(data.glob("models/*"))) == sum(writer.versions() for writer in writers)
