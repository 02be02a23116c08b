"""The time of `pulumi preview` of the unchanged local stack, as a ratio to that of a minimal program.

The minimal program has as many dynamic resources as the local stack, with a
provider that does nothing. Both run under the same engine and Python, with separate states,
alternately. The ratio above 1 is this project's cost: reading the configuration and cards, importing the resources,
comparing every field.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import pulumi_programs
from benchmarks.figures import Figure, Pairs, alternate
from benchmarks.pulumi_engine import Engine
from benchmarks.servers.local_stack import local
from benchmarks.workspace import World

PAIRS = 7
BOUND = 1.5


def figures(world: World, name: str = "local") -> Iterator[Figure]:
    """The ratio."""
    stack = local(world, name)
    count = stack.engine.dynamic_resources()
    nothing = Engine(world, pulumi_programs.nothing(world.folder("nothing"), count))
    nothing.up("--skip-preview")
    stack.engine.preview("--expect-no-changes")  # a first run writes bytecode
    nothing.preview("--expect-no-changes")
    measured = []
    for ours, theirs in alternate(
        PAIRS,
        lambda: stack.engine.preview("--expect-no-changes").seconds,
        lambda: nothing.preview("--expect-no-changes").seconds,
    ):
        measured.append((ours, theirs))
        world.say(f"preview: pair {len(measured)} of {PAIRS}")
    ratio = Pairs([ours / theirs for ours, theirs in measured])
    seconds = f"{Pairs([ours for ours, _ in measured]).median:.2f} s to {Pairs([t for _, t in measured]).median:.2f} s"
    yield Figure(
        what=f"preview of {count} resources of the stack {name}, compared with resources that do nothing",
        measured=ratio.median,
        bound=BOUND,
        spread=f"{ratio.spread}; {seconds}",
    )
