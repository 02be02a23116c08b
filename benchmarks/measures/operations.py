"""What is added to slow operations: an `up` of 32 versions whose operations take 5 s each, less the same `up` at 0 s.

The limits on the way (`--parallel`, `tf2-models:concurrentOperations`) are set wide, so that all can run at a time.
Then the difference is 5 s and what it takes to notice an end, less what is loaded meanwhile; a queue would add 5 s for
each turn of it.

Each side has an emulator and a stack of its own; a first version, not counted, brings TensorFlow's import and
the model. The 32 are added to it and taken away again, by turns on both sides.
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
_WIDE = 64


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
        what=f"up of {VERSIONS} versions, {SECONDS} s each, less at 0 s",
        measured=above.median,
        bound=BOUND,
        unit="s",
        spread=f"{above.spread}; at 0 s {at_zero:.1f} s",
    )


class _Side:
    """A stack on an emulator whose operations take so many seconds."""

    def __init__(self, world: World, saved_model: Path, seconds: float) -> None:
        world.say(f"operations: a first version, operations of {seconds} s")
        self._endpoint = Emulator(world, "--operation-seconds", str(seconds)).endpoint
        self._saved_model = saved_model
        self._engine = Engine(world, ROOT)
        self._deploy(0)

    def up(self) -> float:
        """Seconds that it takes to add the versions."""
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
            "tf2-models:concurrentOperations": _WIDE,
            "tf2-models:runtimeVersion": multiplier_model.runtime(),
            "tf2-models:models": {"multiplier": {"defaultVersion": "first", "versions": dict.fromkeys(names, version)}},
        }
        self._engine.configure(config)
        return self._engine.up("--skip-preview", "--parallel", str(_WIDE)).seconds
