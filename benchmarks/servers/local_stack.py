"""The checkout's local stacks, each deployed on a separate emulator."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

from benchmarks.figures import BenchmarkError
from benchmarks.pulumi_engine import Engine
from benchmarks.servers.emulator import Emulator
from benchmarks.workspace import ROOT, World
from resources.config import stack_file


class LocalStack:
    """A local stack with another endpoint; its models are built if needed.

    Args:
        world: ends its processes.
        name: of the stack.

    Attributes:
        emulator: the emulator with the deployed stack.
        engine: the stack's engine.
        first: the watched `up` that created everything.
    """

    def __init__(self, world: World, name: str) -> None:
        world.say(f"the models of the stack {name}")
        build = [sys.executable, "-m", "models", "build", "--stack", name]
        if world.start(build, stdout=subprocess.DEVNULL).wait():
            raise BenchmarkError(f"`python {' '.join(build[1:])}` failed:\n{world.logged_errors()}")
        world.say(f"the stack {name}, deployed")
        self.emulator = Emulator(world)
        self.engine = Engine(world, ROOT)
        config = stack_file.read(ROOT / f"Pulumi.{name}.yaml").config
        self.engine.configure({**config, "tf2-models:endpoint": self.emulator.endpoint})
        self.first = self.engine.up(watch=True)


@cache
def local(world: World, name: str = "local") -> LocalStack:
    """The world's only local stack of a name, deployed at the first call."""
    return LocalStack(world, name)
