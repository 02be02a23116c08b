"""The checkout's local stack, deployed on a separate emulator."""

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
    """`Pulumi.local.yaml` with another endpoint; its models are built if needed.

    Attributes:
        emulator: the emulator with the deployed stack.
        engine: the stack's engine.
        first: the watched `up` that created everything.
    """

    def __init__(self, world: World) -> None:
        world.say("the local stack's models")
        build = [sys.executable, "-m", "models", "build", "--stack", "local"]
        if world.start(build, stdout=subprocess.DEVNULL).wait():
            raise BenchmarkError(f"`python {' '.join(build[1:])}` failed:\n{world.logged_errors()}")
        world.say("the local stack, deployed")
        self.emulator = Emulator(world)
        self.engine = Engine(world, ROOT)
        config = stack_file.read(ROOT / "Pulumi.local.yaml").config
        self.engine.configure({**config, "tf2-models:endpoint": self.emulator.endpoint})
        self.first = self.engine.up(watch=True)


@cache
def local(world: World) -> LocalStack:
    """The world's only local stack, deployed at the first call."""
    return LocalStack(world)
