"""How the cost of a command grows with the stack: seconds of a core per further resource, as a ratio.

A stack of 20 models with 10 versions each is held against one of 5 models; the difference in time, by the difference in
resources, is the slope. The other side is a program of as many dynamic resources that hold what a version holds and
whose provider does nothing, on an engine of its own: what the engine and its Python host need to carry these values.
The four stacks take turns. Time is that
of the processor, of the command and all processes below it: a difference of seconds on the wall would be mostly what
else the machine does. The endpoint's own time is not in it.

In an `up` that makes all and in `destroy` a resource of ours is calls and an operation that is waited for, where
theirs is nothing. All versions are of one SavedModel, on machines whose nodes start with the first prediction: no
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
"""Rounds of `up` and `destroy`; and of the commands that make nothing: they are short, so one round says less."""
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
"""What a version holds beside its description, outputs included."""


class Stack(Protocol):
    """A stack of some size."""

    engine: Engine

    def declare(self, description: str) -> None:
        """Makes its program declare everything, one resource of it with this description."""


@dataclass
class Models:
    """Models with ten versions each, on an emulator."""

    engine: Engine
    endpoint: str
    saved_model: Path
    models: int

    def declare(self, description: str) -> None:
        """One version has the description."""
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
    """As many dynamic resources that do nothing."""

    engine: Engine
    folder: Path
    count: int

    def declare(self, description: str) -> None:
        """One resource has the description."""
        pulumi_programs.nothing(self.folder, self.count, description, HELD)


@dataclass(frozen=True)
class Side:
    """The stacks of one kind."""

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
    """Both sides, and how many resources the larger stacks have more."""
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
    """How much more a command needs for the larger stack, in seconds of a core: ours, theirs."""
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
    """Another description; the way back is not measured."""
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
        what=f"{verb}: a further resource, to one that does nothing",
        measured=ratio.median,
        bound=BOUND,
        spread=f"{ratio.spread}; {ours:.1f} ms to {theirs:.1f} ms of a core",
    )
