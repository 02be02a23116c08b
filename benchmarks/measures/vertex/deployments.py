"""Overhead of slow deployments on Vertex AI: an `up` that deploys 32 versions again, 5 s each, minus the same at 0 s.

As `operations` for `ml` v1. Each version is behind an endpoint of its own, since one endpoint takes one deployment at a
time. All have `redeploy` set to another text, so that the `up` deploys 32 models, moves 32 splits and undeploys the 32
models of before. Only the deployments are slow: everything else takes as long on both sides.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Pairs, alternate
from benchmarks.measures.operations import BOUND, HIGH_LIMIT, PAIRS, SECONDS, VERSIONS
from benchmarks.pulumi_engine import Engine
from benchmarks.servers import multiplier_model, vertex_stack
from benchmarks.servers.emulator import Emulator
from benchmarks.servers.served_versions import ONE_NODE
from benchmarks.workspace import ROOT, World

_DEPLOY = "aiplatform.projects.locations.endpoints.deployModel"


def figures(world: World) -> Iterator[Figure]:
    """The difference."""
    world.say(f"deployments: {VERSIONS} endpoints")
    stack = _Stack(world, multiplier_model.exported(world))
    stack.up()
    measured = []
    for slow, quick in alternate(PAIRS, lambda: stack.up(SECONDS), stack.up):
        measured.append((slow, quick))
        world.say(f"deployments: pair {len(measured)} of {PAIRS}")
    stack.end()
    above = Pairs([slow - quick for slow, quick in measured])
    at_zero = Pairs([quick for _, quick in measured]).median
    yield Figure(
        what=f"up of {VERSIONS} deployments on Vertex AI, {SECONDS} s each, minus at 0 s",
        measured=above.median,
        bound=BOUND,
        unit="s",
        spread=f"{above.spread}; at 0 s {at_zero:.1f} s",
    )


class _Stack:
    """Models with one version each, on an emulator of its own."""

    def __init__(self, world: World, saved_model: Path) -> None:
        self._emulator, self._engine = Emulator(world), Engine(world, ROOT)
        self._saved_model, self._texts = saved_model, itertools.count()

    def up(self, seconds: float = 0.0) -> float:
        """Deploys every version, or deploys it again, for at least this long; returns the seconds of the `up`."""
        self._engine.configure(self._configuration(f"text {next(self._texts)}"))
        slow = {"method": _DEPLOY, "operation": "slow", "seconds": seconds, "times": VERSIONS}
        self._emulator.faults(*([slow] if seconds else []))
        return self._engine.up("--skip-preview", "--parallel", str(HIGH_LIMIT)).seconds

    def end(self) -> None:
        """Ends the emulator, whose nodes hold memory."""
        self._emulator.stop()

    def _configuration(self, redeploy: str) -> dict[str, Any]:
        version = {"artifact": str(self._saved_model), **ONE_NODE, "vertex": {"redeploy": redeploy}}
        model = {"defaultVersion": "v1", "versions": {"v1": version}}
        models = {f"m{number:02}": model for number in range(VERSIONS)}
        config = vertex_stack.configuration(self._emulator.endpoint, "bench-deployments", models)
        return {**config, "tf2-models:concurrentOperations": HIGH_LIMIT}
