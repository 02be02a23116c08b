"""The emulator's Cloud Storage, to fake-gcs-server with its file system backend, on the same disk.

The client of each is a process (`benchmarks.transfers`) that speaks raw HTTP on connections that it keeps, and sends
the same to both. They take turns; a figure is the median, over the pairs, of the ratio of their times, for sending and
fetching together; the spread says how each goes. Memory is the most that the emulator's own process held (VmHWM).
fake-gcs-server waits for the disk before it acknowledges an object, the emulator for the kernel: see docs/emulator.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import objects
from benchmarks.emulators import Emulator
from benchmarks.fake_gcs import FakeGcs
from benchmarks.figures import MB, Figure, Pairs, alternate
from benchmarks.watch import peak
from benchmarks.world import World

PAIRS = 7
BOUND = 1 / 1.5
MEMORY_BOUND = 100.0
_BUCKET = "bench-storage"


@dataclass(frozen=True)
class Load:
    """So many objects of so many bytes, by so many connections."""

    name: str
    count: int
    size: int
    connections: int

    def job(self, verb: str, prefix: str) -> str:
        """The line that has them sent, `up`, or fetched, `down`."""
        return f"{verb} {prefix} {self.count} {self.size} {self.connections}"


LOADS = [Load("200 MB", 1, 200_000_000, 1), Load("500 files of 2 KB, 8 connections", 500, 2000, 8)]


def figures(world: World) -> Iterator[Figure]:
    """The ratio of each load, and the memory."""
    emulator = Emulator(world)
    sides = [_client(world, emulator.endpoint), _client(world, FakeGcs(world).endpoint)]
    for load in LOADS:
        yield _figure(load, {verb: _pairs(world, load, verb, sides) for verb in ("up", "down")})
    held = peak(emulator.pid) / MB
    yield Figure(what="the emulator's process: most memory", measured=held, bound=MEMORY_BOUND, unit="MB")


def _client(world: World, endpoint: str) -> objects.Asked:
    objects.make_bucket(endpoint, _BUCKET)
    return objects.Asked(world, "benchmarks.transfers", endpoint, _BUCKET)


def _pairs(world: World, load: Load, verb: str, sides: list[objects.Asked]) -> list[tuple[float, float]]:
    """Seconds of each side; what goes down is what went up first."""
    world.say(f"storage: {load.name}, {verb}")
    counts = [iter(range(PAIRS)) for _ in sides]

    def time_of(side: int) -> float:
        return sides[side].ask(load.job(verb, f"{load.size}-{next(counts[side])}"))

    return list(alternate(PAIRS, lambda: time_of(0), lambda: time_of(1)))


def _figure(load: Load, pairs: dict[str, list[tuple[float, float]]]) -> Figure:
    both = Pairs([(up[0] + down[0]) / (up[1] + down[1]) for up, down in zip(*pairs.values(), strict=True)])
    ways = {verb: Pairs([ours / theirs for ours, theirs in found]).median for verb, found in pairs.items()}
    return Figure(
        what=f"{load.name}, sent and fetched: time, to fake-gcs-server",
        measured=both.median,
        bound=BOUND,
        spread=f"{both.spread}; sent {ways['up']:.2f}, fetched {ways['down']:.2f}",
    )
