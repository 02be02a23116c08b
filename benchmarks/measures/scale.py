"""How the cost of a command grows with the stack: CPU seconds per additional resource, as a ratio.

A stack of 20 models with 10 versions each is compared with one of 5 models; the difference in time divided by that in
resources is the slope. The other side is a program of as many dynamic resources with the values of a version and
a provider that does nothing: what the engine and its Python host need for these values.
The four stacks alternate. Time is CPU time
of the command and all processes below it, since a difference in elapsed time would mostly be what
else the machine does. It does not include the endpoint's time.

In an `up` that creates everything and in `destroy`, a resource of ours needs calls and waits for an operation, while
theirs needs nothing. All versions use one SavedModel, on machines whose nodes start with the first prediction, so no
process serves them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmarks import pulumi_programs
from benchmarks.figures import Figure, Pairs
from benchmarks.pulumi_engine import Engine
from benchmarks.servers import multiplier_model
from benchmarks.servers.emulator import Emulator
from benchmarks.workspace import ROOT, World

PAIRS, QUICK_PAIRS = 3, 5
"""Rounds of `up` and `destroy`, and of the commands that create nothing: they are short, so they need more rounds."""
FEW, MANY, VERSIONS = 5, 20, 10
BOUND = 1.5
HELD = {
    "project": "bench",
    "model": "model_00",
    "name": "v0",
    "owner": "0123456789abcdef0123456789abcdef",
    "deploymentUri": "gs://bench-tf2-models/saved_model/0123456789abcdef/",
    "runtimeVersion": "2.21",
    "machineType": "mls1-c1-m2",
    "autoScaling": {"minNodes": 0},
    "signatures": {"serving_default": {"inputs": {"x": "float32[?]"}, "outputs": {"y": "float32[?]"}}},
    "state": "READY",
    "createTime": "2026-01-01T00:00:00Z",
    "etag": "0123456789ab",
    "isDefault": False,
    "drift": {},
}
"""The fields of a version without its description, outputs included."""


class Stack(Protocol):
    """A stack of some size."""

    engine: Engine

    def declare(self, description: str) -> None:
        """Makes its program declare everything, with this description in one resource."""


@dataclass
class Models:
    """Models with ten versions each, on an emulator."""

    engine: Engine
    endpoint: str
    saved_model: Path
    models: int

    def declare(self, description: str) -> None:
        """Writes the stack file; one version has the description."""
        version = {
            "artifact": str(self.saved_model),
            "machineType": "mls1-c1-m2",
            "autoScaling": {"minNodes": 0},
            "description": "as made",
        }
        entries: dict[str, Any] = {
            f"model_{number:02}": {
                "defaultVersion": "v0",
                "versions": {f"v{index}": version for index in range(VERSIONS)},
            }
            for number in range(self.models)
        }
        first = entries["model_00"]["versions"]
        first["v1"] = {**version, "description": description}
        self.engine.configure(
            {
                "gcp:project": "bench",
                "gcp:region": "us-central1",
                "tf2-models:endpoint": self.endpoint,
                "tf2-models:runtimeVersion": multiplier_model.runtime(),
                "tf2-models:models": entries,
            }
        )


@dataclass
class Nothing:
    """The same number of dynamic resources that do nothing."""

    engine: Engine
    folder: Path
    count: int

    def declare(self, description: str) -> None:
        """Writes the program; one resource has the description."""
        pulumi_programs.nothing(self.folder, self.count, description, HELD)


@dataclass(frozen=True)
class Side:
    """A small and a large stack of one kind."""

    few: Stack
    many: Stack


def figures(world: World) -> Iterator[Figure]:
    """The ratio of the slopes, for each command."""
    ours, theirs, further = _sides(world)
    made, gone = [_once(world, f"up, 1 of {PAIRS}", ours, theirs, _up)], []
    for verb, run in (("preview", _preview), ("unchanged up", _unchanged), ("one change", _change)):
        turns = range(QUICK_PAIRS)
        pairs = [_once(world, f"{verb}, {turn + 1} of {QUICK_PAIRS}", ours, theirs, run) for turn in turns]
        yield _figure(verb, pairs, further)
    gone.append(_once(world, f"destroy, 1 of {PAIRS}", ours, theirs, _destroy))
    for turn in range(1, PAIRS):
        made.append(_once(world, f"up, {turn + 1} of {PAIRS}", ours, theirs, _up))
        gone.append(_once(world, f"destroy, {turn + 1} of {PAIRS}", ours, theirs, _destroy))
    yield _figure("up", made, further)
    yield _figure("destroy", gone, further)


def _sides(world: World) -> tuple[Side, Side, int]:
    """Both sides, and how many more resources the larger stacks have."""
    world.say("scale: exporting a SavedModel")
    saved_model = multiplier_model.exported(world)
    ours = [Models(Engine(world, ROOT), Emulator(world).endpoint, saved_model, models) for models in (FEW, MANY)]
    theirs = []
    for stack in ours:
        stack.declare("as made")
        folder = world.folder("nothing")
        count = stack.models * (VERSIONS + 2) + 3
        theirs.append(Nothing(Engine(world, pulumi_programs.nothing(folder, count, values=HELD)), folder, count))
    return Side(*ours), Side(*theirs), theirs[1].count - theirs[0].count


def _once(world: World, what: str, ours: Side, theirs: Side, run: Callable[[Stack], float]) -> tuple[float, float]:
    """How many more CPU seconds a command needs for the larger stack: ours, theirs."""
    world.say(f"scale: {what}")
    few, none_few, many, none_many = (run(stack) for stack in (ours.few, theirs.few, ours.many, theirs.many))
    return many - few, none_many - none_few


def _up(stack: Stack) -> float:
    return stack.engine.up("--skip-preview").cpu


def _preview(stack: Stack) -> float:
    return stack.engine.preview("--expect-no-changes").cpu


def _unchanged(stack: Stack) -> float:
    return stack.engine.up("--skip-preview", "--expect-no-changes").cpu


def _change(stack: Stack) -> float:
    """Changes a description; changing it back is not measured."""
    stack.declare("changed")
    seconds = stack.engine.up("--skip-preview").cpu
    stack.declare("as made")
    stack.engine.up("--skip-preview")
    return seconds


def _destroy(stack: Stack) -> float:
    return stack.engine.destroy().cpu


def _figure(verb: str, pairs: list[tuple[float, float]], further: int) -> Figure:
    ratio = Pairs([ours / theirs for ours, theirs in pairs])
    ours, theirs = (1e3 * Pairs([pair[side] for pair in pairs]).median / further for side in (0, 1))
    return Figure(
        what=f"{verb}: one more resource, compared with one that does nothing",
        measured=ratio.median,
        bound=BOUND,
        spread=f"{ratio.spread}; {ours:.1f} ms to {theirs:.1f} ms of CPU time",
    )
