"""Memory and throughput of the provider while it uploads files: `storage.SavedModel` in a real `pulumi up`.

The files have random bytes; one is named `saved_model.pb`, as the resource requires. The process is found below
`pulumi`, and its VmHWM is read until it ends; the figure is the maximum of all rounds. The time for the
throughput is that of the `up` minus that of an `up` with two small files, alternately.
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
    """A number of files of a size in bytes, and the unit of the throughput: `MB/s` or `files/s`."""

    name: str
    files: int
    size: int
    unit: str = ""

    @property
    def amount(self) -> float:
        """The MB or the number of files, by the unit."""
        return self.files if self.unit == "files/s" else self.files * self.size / MB


TINY = Load("2 files of 1 KB", 2, 1000)
LOADS = [Load("1 GB in 4 files", 4, 250_000_000, "MB/s"), Load("1,000 files of 2 KB", 1000, 2000, "files/s")]


def figures(world: World) -> Iterator[Figure]:
    """Memory and throughput of each load."""
    sender = _Sender(world)
    sender.up(TINY)  # creates the bucket too
    for load in LOADS:
        world.say(f"upload: {load.name}")
        yield from _compared(load, [(sender.up(load), sender.up(TINY)) for _ in range(ROUNDS)])


def _compared(load: Load, rounds: Sequence[tuple[Run, Run]]) -> Iterator[Figure]:
    peaks = [run.provider.peak / MB for run, _ in rounds if run.provider]
    speed = Pairs([load.amount / (run.seconds - tiny.seconds) for run, tiny in rounds])
    yield Figure(
        what=f"upload of {load.name}: peak memory",
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
        """Adds a SavedModel with new bytes, deploys it while watching the provider, and removes the local files."""
        name = f"load-{len(self._declared)}"
        folder = self._world.memory_folder(name)
        self._declared[name] = {"source": str(folder), "files": written(folder, load)}
        pulumi_programs.declare(self._program, self._declared)
        try:
            return self._engine.up(watch=True)
        finally:
            shutil.rmtree(folder)


def written(folder: Path, load: Load) -> dict[str, dict[str, Any]]:
    """Writes the files of a load to an empty folder; returns their sizes and checksums."""
    names = ["saved_model.pb", *(f"variables/part-{number:04}" for number in range(1, load.files))]
    (folder / "variables").mkdir()
    return {name: {"size": load.size, "crc32c": _random(folder / name, load.size)} for name in names}


def _random(file: Path, size: int) -> str:
    """Writes random bytes; returns their CRC32C in Cloud Storage's form (base64)."""
    value = 0
    with file.open("wb") as stream:
        for start in range(0, size, _BLOCK):
            block = os.urandom(min(_BLOCK, size - start))
            value = google_crc32c.extend(value, block)
            stream.write(block)
    return base64.b64encode(value.to_bytes(4, "big")).decode()
