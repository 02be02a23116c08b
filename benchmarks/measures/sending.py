"""Upload speed of the provider, compared with the transfer manager of google-cloud-storage, to the same emulator.

Each side is a process (`workers.senders`) that has uploaded something before. They alternate with the same files of
random bytes. Files and uploads are in memory if there is room. The figure is the median, over the pairs, of the
ratio of their times. The provider's time includes its other work: checking every file's checksum before the
first upload, claim, listing, manifest. The transfer manager has its faster settings for each load: 8 processes
for large files, 8 threads for small ones.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from benchmarks.figures import OTHER_PROGRAMS, Figure, Pairs, alternate
from benchmarks.measures.upload import LOADS, TINY, Load, written
from benchmarks.servers.emulator import Emulator
from benchmarks.workers import timed_process
from benchmarks.workers.senders import Job
from benchmarks.workspace import World

PAIRS = 5
BOUND = 1.0
_BUCKET = "bench-sending"


def figures(world: World) -> Iterator[Figure]:
    """The ratio for each load."""
    endpoint = Emulator(world, data=world.memory_folder("emulator")).endpoint
    timed_process.make_bucket(endpoint, _BUCKET)
    sides = [
        timed_process.TimedProcess(world, "benchmarks.workers.senders", kind, endpoint, _BUCKET)
        for kind in ("provider", "manager")
    ]
    _pairs(world, TINY, sides, 1)
    for load in LOADS:
        yield _figure(world, load, _pairs(world, load, sides, PAIRS))


def _pairs(world: World, load: Load, sides: list[timed_process.TimedProcess], count: int) -> list[tuple[float, float]]:
    folder = world.memory_folder("sending")
    facts = written(folder, load)
    numbers = iter(range(2 * count))

    def time_of(side: timed_process.TimedProcess) -> float:
        number = next(numbers)
        world.say(f"sending: {load.name}, {number // 2 + 1} of {count} pairs")
        prefix = f"{folder.name}-{number}"
        if not world.in_memory:
            os.sync()  # so that the disk does not still write what the other side uploaded
        return side.run(Job(folder=str(folder), files=facts, prefix=prefix, processes=load.size > 2**20).to_line())

    try:
        return list(alternate(count, lambda: time_of(sides[0]), lambda: time_of(sides[1])))
    finally:
        shutil.rmtree(folder)


def _figure(world: World, load: Load, pairs: list[tuple[float, float]]) -> Figure:
    ratio = Pairs([ours / theirs for ours, theirs in pairs])
    ours, theirs = (load.amount / Pairs([pair[side] for pair in pairs]).median for side in (0, 1))
    return Figure(
        what=f"upload of {load.name}: time, compared with google-cloud-storage's transfer manager",
        measured=ratio.median,
        bound=BOUND,
        spread=f"{ratio.spread}; {ours:.0f} to {theirs:.0f} {load.unit}",
        disturbed_by=OTHER_PROGRAMS if world.in_memory else f"{OTHER_PROGRAMS}; {world.place}",
    )
