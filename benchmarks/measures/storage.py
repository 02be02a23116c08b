"""The emulator's Cloud Storage, to fake-gcs-server with its file system backend, both in memory where there is room.

On a disk, what is measured is the disk: fake-gcs-server waits for it before it acknowledges an object, the emulator for
the kernel (docs/reference/emulator.md). The client of each is a process (`workers.transfers`) that speaks raw HTTP on
connections that it keeps, and sends the same to both. They take turns; a figure is the median, over the pairs, of a
ratio: of the time of a core that the servers' own processes use for sending, and of the client's time for fetching.
Memory is the most that the emulator's own process held (VmHWM).
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
"""Pairs; each sends new objects."""
FETCHED = 25
"""Pairs; they fetch what was sent, and are much shorter."""
MEMORY_BOUND = 100.0
_BUCKET = "bench-storage"


@dataclass(frozen=True)
class Load:
    """So many objects of so many bytes, by so many connections, and what they may take to the other server."""

    name: str
    count: int
    size: int
    connections: int
    sent: float
    fetched: float

    def job(self, verb: str, prefix: str) -> str:
        """The line that has them sent, `up`, or fetched, `down`."""
        return f"{verb} {prefix} {self.count} {self.size} {self.connections}"


LOADS = [
    Load("200 MB", 1, 200_000_000, 1, sent=1.3, fetched=1.2),
    Load("500 files of 2 KB, 8 connections", 500, 2000, 8, sent=3.0, fetched=2.0),
]


class _Side:
    """A server, and its client."""

    def __init__(self, world: World, server: Emulator | FakeGcs) -> None:
        timed_process.make_bucket(server.endpoint, _BUCKET)
        self._client = timed_process.Asked(world, "benchmarks.workers.transfers", server.endpoint, _BUCKET)
        self._pid = server.pid

    def time(self, job: str) -> float:
        """The client's time, in seconds."""
        return self._client.ask(job)

    def core_time(self, job: str) -> float:
        """The server's CPU time."""
        before = core_seconds(self._pid)
        self._client.ask(job)
        return core_seconds(self._pid) - before


def figures(world: World) -> Iterator[Figure]:
    """The ratio of each load, both ways, and the memory."""
    emulator = Emulator(world, data=world.memory_folder("emulator"))
    ours, theirs = _Side(world, emulator), _Side(world, FakeGcs(world))
    for load in LOADS:
        world.say(f"storage: {load.name}, up")
        sent = _pairs(load, "up", SENT, ours.core_time, theirs.core_time)
        yield _figure(world, f"{load.name}, sent: time of a core", load.sent, sent)
        world.say(f"storage: {load.name}, down")
        fetched = _pairs(load, "down", FETCHED, ours.time, theirs.time)
        yield _figure(world, f"{load.name}, fetched: time", load.fetched, fetched)
    held = peak(emulator.pid) / MB
    yield Figure(
        what="the emulator's process: most memory", measured=held, bound=MEMORY_BOUND, unit="MB", disturbed_by=""
    )


def _pairs(
    load: Load, verb: str, count: int, first: Callable[[str], float], second: Callable[[str], float]
) -> list[tuple[float, float]]:
    """Seconds of each side; what goes down is what went up first."""
    jobs = [cycle([load.job(verb, f"{load.size}-{number}") for number in range(SENT)]) for _ in range(2)]
    return list(alternate(count, lambda: first(next(jobs[0])), lambda: second(next(jobs[1]))))


def _figure(world: World, what: str, bound: float, pairs: list[tuple[float, float]]) -> Figure:
    ratio = Pairs([ours / theirs for ours, theirs in pairs])
    ours, theirs = (1000 * Pairs([pair[side] for pair in pairs]).median for side in (0, 1))
    return Figure(
        what=f"{what}, to fake-gcs-server",
        measured=ratio.median,
        bound=bound,
        spread=f"{ratio.spread}; {ours:.0f} to {theirs:.0f} ms",
        disturbed_by=OTHER_PROGRAMS if world.in_memory else f"{OTHER_PROGRAMS}; {world.place}",
    )
