"""The local stack of the checkout, deployed on an emulator of the benchmark's own."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import yaml

from benchmarks.figures import BenchmarkError
from benchmarks.pulumi_engine import Engine
from benchmarks.servers.emulator import Emulator
from benchmarks.workspace import ROOT, World


class LocalStack:
    """`Pulumi.local.yaml` with another endpoint; its models are built if they are not.

    Attributes:
        emulator: where it is deployed.
        engine: the stack.
        first: the `up` that made everything, watched.
    """

    def __init__(self, world: World) -> None:
        world.say("the local stack's models")
        build = [sys.executable, "-m", "models", "build", "--stack", "local"]
        if world.start(build, stdout=subprocess.DEVNULL).wait():
            raise BenchmarkError(f"`python {' '.join(build[1:])}` failed:\n{world.complaints()}")
        world.say("the local stack, deployed")
        self.emulator = Emulator(world)
        self.engine = Engine(world, ROOT)
        config = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text(encoding="utf-8"))["config"]
        self.engine.configure({**config, "tf2-models:endpoint": self.emulator.endpoint})
        self.first = self.engine.up(watch=True)


@cache
def local(world: World) -> LocalStack:
    """The world's one local stack, deployed when it is first asked for."""
    return LocalStack(world)
