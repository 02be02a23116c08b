"""The emulator's Cloud Storage, compared with fake-gcs-server with files, both in memory if there is room.

On a disk, the disk would be measured: fake-gcs-server waits for it before it acknowledges an object, the emulator for
the kernel (docs/reference/emulator.md). Each has a client process (`workers.transfers`) that sends raw HTTP on
open connections, the same to both. They alternate; a figure is the median, over the pairs, of a
ratio: of the servers' CPU time for uploads, and of the client's time for downloads.
Memory is the peak of the emulator's main process (VmHWM).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle

from benchmarks.figures import MB, OTHER_PROGRAMS, Figure, Pairs, alternate
from benchmarks.process_watch import core_seconds, peak
from benchmarks.servers.emulator import Emulator
from benchmarks.servers.fake_gcs import FakeGcs
from benchmarks.workers import timed_process
from benchmarks.workspace import World

SENT = 5
"""Pairs of uploads, each of new objects."""
FETCHED = 25
"""Pairs of downloads of these objects, which are much shorter."""
MEMORY_BOUND = 100.0
_BUCKET = "bench-storage"


@dataclass(frozen=True)
class Load:
    """A number of objects of a size, over a number of connections, and the bounds of the ratios."""

    name: str
    count: int
    size: int
    connections: int
    sent: float
    fetched: float

    def job(self, verb: str, prefix: str) -> str:
        """The line that tells a client to upload, `up`, or download, `down`."""
        return f"{verb} {prefix} {self.count} {self.size} {self.connections}"


LOADS = [
    Load("200 MB", 1, 200_000_000, 1, sent=1.3, fetched=1.2),
    Load("500 files of 2 KB, 8 connections", 500, 2000, 8, sent=3.0, fetched=2.0),
]


class _Side:
    """A server and its client."""

    def __init__(self, world: World, server: Emulator | FakeGcs) -> None:
        timed_process.make_bucket(server.endpoint, _BUCKET)
        self._client = timed_process.TimedProcess(world, "benchmarks.workers.transfers", server.endpoint, _BUCKET)
        self._pid = server.pid

    def time(self, job: str) -> float:
        """Runs a job; returns the client's time in seconds."""
        return self._client.run(job)

    def core_time(self, job: str) -> float:
        """Runs a job; returns the server's CPU time in seconds."""
        before = core_seconds(self._pid)
        self._client.run(job)
        return core_seconds(self._pid) - before


def figures(world: World) -> Iterator[Figure]:
    """The ratio for each load, both ways, and the memory."""
    emulator = Emulator(world, data=world.memory_folder("emulator"))
    ours, theirs = _Side(world, emulator), _Side(world, FakeGcs(world))
    for load in LOADS:
        world.say(f"storage: {load.name}, up")
        sent = _pairs(load, "up", SENT, ours.core_time, theirs.core_time)
        yield _figure(world, f"{load.name}, uploaded: CPU time", load.sent, sent)
        world.say(f"storage: {load.name}, down")
        fetched = _pairs(load, "down", FETCHED, ours.time, theirs.time)
        yield _figure(world, f"{load.name}, downloaded: time", load.fetched, fetched)
    held = peak(emulator.pid) / MB
    yield Figure(
        what="the emulator's process: peak memory", measured=held, bound=MEMORY_BOUND, unit="MB", disturbed_by=""
    )


def _pairs(
    load: Load, verb: str, count: int, first: Callable[[str], float], second: Callable[[str], float]
) -> list[tuple[float, float]]:
    """Pairs of seconds, one for each side; downloads use the objects of the uploads."""
    jobs = [cycle([load.job(verb, f"{load.size}-{number}") for number in range(SENT)]) for _ in range(2)]
    return list(alternate(count, lambda: first(next(jobs[0])), lambda: second(next(jobs[1]))))


def _figure(world: World, what: str, bound: float, pairs: list[tuple[float, float]]) -> Figure:
    ratio = Pairs([ours / theirs for ours, theirs in pairs])
    ours, theirs = (1000 * Pairs([pair[side] for pair in pairs]).median for side in (0, 1))
    return Figure(
        what=f"{what}, compared with fake-gcs-server",
        measured=ratio.median,
        bound=bound,
        spread=f"{ratio.spread}; {ours:.0f} to {theirs:.0f} ms",
        disturbed_by=OTHER_PROGRAMS if world.in_memory else f"{OTHER_PROGRAMS}; {world.place}",
    )
