"""The emulator with both platforms' APIs, compared with one that leaves Vertex AI out: its start and its memory.

A start ends when the emulator prints its address, on a new data folder. The memory is the process's peak once it has
answered a call of `ml` v1, since the addresses of all APIs are prepared with the first call.
"""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.figures import MB, Figure, Pairs
from benchmarks.process_watch import peak
from benchmarks.servers.emulator import Emulator
from benchmarks.workspace import World

PAIRS = 15
BOUND = 1.15
_MODULE = "benchmarks.servers.composed_emulator"
_BOTH: tuple[str, ...] = ()
_ALONE = ("--ml-alone",)
"""Options of that module."""


@dataclass(frozen=True)
class _Start:
    """The seconds of a start, and the peak memory after it in bytes."""

    seconds: float
    memory: int


def figures(world: World) -> Iterator[Figure]:
    """The two ratios."""
    for options in (_BOTH, _ALONE):  # a first start writes bytecode
        _started(world, options)
    pairs = []
    for number in range(PAIRS):
        order = (_BOTH, _ALONE) if number % 2 else (_ALONE, _BOTH)
        found = {options: _started(world, options) for options in order}
        pairs.append((found[_BOTH], found[_ALONE]))
        world.say(f"apis: pair {number + 1} of {PAIRS}")
    what = "the emulator with both APIs, compared with ml alone"
    starts = Pairs([both.seconds / alone.seconds for both, alone in pairs])
    seconds = [Pairs([pair[side].seconds for pair in pairs]).median for side in (0, 1)]
    yield Figure(
        what=f"{what}: start",
        measured=starts.median,
        bound=BOUND,
        spread=f"{starts.spread}; {seconds[0]:.2f} s to {seconds[1]:.2f} s",
    )
    memory = Pairs([both.memory / alone.memory for both, alone in pairs])
    peaks = [Pairs([pair[side].memory / MB for pair in pairs]).median for side in (0, 1)]
    yield Figure(
        what=f"{what}: memory",
        measured=memory.median,
        bound=BOUND,
        spread=f"{memory.spread}; {peaks[0]:.0f} MB to {peaks[1]:.0f} MB",
        disturbed_by="",
    )


def _started(world: World, options: tuple[str, ...]) -> _Start:
    begin = time.perf_counter()
    emulator = Emulator(world, *options, module=_MODULE)
    seconds = time.perf_counter() - begin
    with urllib.request.urlopen(f"{emulator.endpoint}/v1/projects/bench/models", timeout=60) as answer:
        answer.read()
    memory = peak(emulator.pid)
    emulator.stop()
    return _Start(seconds, memory)
