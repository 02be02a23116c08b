"""What the provider holds while it sends files, and how fast it is: `storage.SavedModel` in a real `pulumi up`.

The files are random bytes; one of them is called `saved_model.pb`, as the resource wants it. The process is found below
`pulumi`, and its VmHWM is read until it ends; the figure is the most of all rounds. The time that counts for the
throughput is that of the `up` less that of an `up` that sends two files of a few bytes, by turns.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c

from benchmarks import pulumi_programs
from benchmarks.figures import MB, Figure, Pairs
from benchmarks.pulumi_engine import Engine, Run
from benchmarks.servers.emulator import Emulator
from benchmarks.workspace import World

ROUNDS = 2
BOUND = 150.0
_BLOCK = 2**20


@dataclass(frozen=True)
class Load:
    """So many files of so many bytes, and the unit of the throughput that matters: `MB/s` or `files/s`."""

    name: str
    files: int
    size: int
    unit: str = ""

    @property
    def amount(self) -> float:
        """In units of the throughput, times a second."""
        return self.files if self.unit == "files/s" else self.files * self.size / MB


TINY = Load("2 files of 1 KB", 2, 1000)
LOADS = [Load("1 GB in 4 files", 4, 250_000_000, "MB/s"), Load("1,000 files of 2 KB", 1000, 2000, "files/s")]


def figures(world: World) -> Iterator[Figure]:
    """Memory and throughput of each load."""
    sender = _Sender(world)
    sender.up(TINY)  # makes the bucket too
    for load in LOADS:
        world.say(f"upload: {load.name}")
        yield from _compared(load, [(sender.up(load), sender.up(TINY)) for _ in range(ROUNDS)])


def _compared(load: Load, rounds: Sequence[tuple[Run, Run]]) -> Iterator[Figure]:
    peaks = [run.provider.peak / MB for run, _ in rounds if run.provider]
    speed = Pairs([load.amount / (run.seconds - tiny.seconds) for run, tiny in rounds])
    yield Figure(
        what=f"upload of {load.name}: most memory",
        measured=max(peaks),
        bound=BOUND,
        unit="MB",
        spread=f"{len(peaks)} rounds, {min(peaks):.1f} to {max(peaks):.1f}",
        disturbed_by="",
    )
    yield Figure(what=f"upload of {load.name}", measured=speed.median, unit=load.unit, spread=speed.spread)


class _Sender:
    """A stack of SavedModels that grows by one with each `up`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._program = pulumi_programs.upload(world.folder("upload"))
        self._engine = Engine(world, self._program)
        endpoint = Emulator(world, data=world.memory_folder("emulator")).endpoint
        self._engine.configure({"tf2-models:endpoint": endpoint})
        self._declared: dict[str, dict[str, Any]] = {}

    def up(self, load: Load) -> Run:
        """Adds a SavedModel with new bytes, deploys it, watches the provider, removes the bytes on this side."""
        name = f"load-{len(self._declared)}"
        folder = self._world.memory_folder(name)
        self._declared[name] = {"source": str(folder), "files": written(folder, load)}
        pulumi_programs.declare(self._program, self._declared)
        try:
            return self._engine.up(watch=True)
        finally:
            shutil.rmtree(folder)


def written(folder: Path, load: Load) -> dict[str, dict[str, Any]]:
    """Makes the files of a load in an empty folder; returns their lengths and checksums."""
    names = ["saved_model.pb", *(f"variables/part-{number:04}" for number in range(1, load.files))]
    (folder / "variables").mkdir()
    return {name: {"size": load.size, "crc32c": _random(folder / name, load.size)} for name in names}


def _random(file: Path, size: int) -> str:
    """Writes random bytes; returns their CRC32C as Cloud Storage writes it."""
    value = 0
    with file.open("wb") as stream:
        for start in range(0, size, _BLOCK):
            block = os.urandom(min(_BLOCK, size - start))
            value = google_crc32c.extend(value, block)
            stream.write(block)
    return base64.b64encode(value.to_bytes(4, "big")).decode()
