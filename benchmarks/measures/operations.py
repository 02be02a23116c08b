"""Overhead of slow operations: an `up` of 32 versions with operations of 5 s, minus the same `up` with 0 s.

The limits (`--parallel`, `tf2-models:concurrentOperations`) are high, so that all can run at the same time.
The difference is 5 s and the time to notice the end, minus the loading in the meantime; a queue would add 5 s for
each round of it.

Each side has its own emulator and stack; a first version, which is not measured, imports TensorFlow and loads
the model. The 32 versions are added and removed again, alternately on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Pairs, alternate
from benchmarks.pulumi_engine import Engine
from benchmarks.servers import multiplier_model
from benchmarks.servers.emulator import Emulator
from benchmarks.workspace import ROOT, World

PAIRS = 3
VERSIONS = 32
SECONDS = 5
BOUND = 6.0
HIGH_LIMIT = 64


def figures(world: World) -> Iterator[Figure]:
    """The difference."""
    world.say("operations: exporting a SavedModel")
    saved_model = multiplier_model.exported(world)
    slow, quick = _Side(world, saved_model, SECONDS), _Side(world, saved_model, 0)
    measured = []
    for ours, theirs in alternate(PAIRS, slow.up, quick.up):
        measured.append((ours, theirs))
        world.say(f"operations: pair {len(measured)} of {PAIRS}")
    above = Pairs([ours - theirs for ours, theirs in measured])
    at_zero = Pairs([theirs for _, theirs in measured]).median
    yield Figure(
        what=f"up of {VERSIONS} versions, {SECONDS} s each, minus at 0 s",
        measured=above.median,
        bound=BOUND,
        unit="s",
        spread=f"{above.spread}; at 0 s {at_zero:.1f} s",
    )


class _Side:
    """A stack on an emulator whose operations take the given seconds."""

    def __init__(self, world: World, saved_model: Path, seconds: float) -> None:
        world.say(f"operations: a first version, operations of {seconds} s")
        self._endpoint = Emulator(world, "--operation-seconds", str(seconds)).endpoint
        self._saved_model = saved_model
        self._engine = Engine(world, ROOT)
        self._deploy(0)

    def up(self) -> float:
        """The seconds to add the versions, which are then removed."""
        seconds = self._deploy(VERSIONS)
        self._deploy(0)
        return seconds

    def _deploy(self, count: int) -> float:
        names = ["first", *(f"v{number:02}" for number in range(count))]
        version = {"artifact": str(self._saved_model), "machineType": "n1-standard-2", "manualScaling": {"nodes": 1}}
        config: dict[str, Any] = {
            "gcp:project": "bench",
            "gcp:region": "us-central1",
            "tf2-models:endpoint": self._endpoint,
            "tf2-models:concurrentOperations": HIGH_LIMIT,
            "tf2-models:runtimeVersion": multiplier_model.runtime(),
            "tf2-models:models": {"multiplier": {"defaultVersion": "first", "versions": dict.fromkeys(names, version)}},
        }
        self._engine.configure(config)
        return self._engine.up("--skip-preview", "--parallel", str(HIGH_LIMIT)).seconds
