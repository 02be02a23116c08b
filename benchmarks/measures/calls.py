"""The API calls of an `up` that changes nothing, counted by the emulator."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.servers.local_stack import local
from benchmarks.workspace import World


def figures(world: World, name: str = "local") -> Iterator[Figure]:
    """The number of calls."""
    stack = local(world, name)
    world.say("an unchanged up")
    stack.emulator.reset_calls()
    stack.engine.up("--expect-no-changes")
    calls = stack.emulator.calls()
    spread = ", ".join(f"{method}: {count}" for method, count in calls.items())
    yield Figure(
        what=f"API calls of an unchanged up of the stack {name}",
        measured=sum(calls.values()),
        bound=0,
        spread=spread,
        disturbed_by="",
    )
