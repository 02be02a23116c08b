"""`make setup` in a second checkout on this machine, and the other steps of `make up` in it, from nothing.

The checkout is a clone of this one's last commit; its emulator has a port of its own. The first checkout has left the
packages in uv's cache, and the `pulumi` command in the user's cache folder.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import BenchmarkError, Figure
from benchmarks.servers import other_servers
from benchmarks.workspace import ROOT, World

BOUND = 8.0
STEPS = {
    "emulator": "start of the emulator",
    "build": "training and export of the models",
    "up": "deployment, and a prediction of each model",
}


def figures(world: World) -> Iterator[Figure]:
    """The seconds of each step."""
    checkout = world.folder("checkout") / "tf2-models"
    environment = _environment()
    _seconds(world, environment, "git", "clone", "--quiet", str(ROOT), str(checkout))
    make = ("make", "--directory", str(checkout))
    try:
        yield Figure(
            what="`make setup` in a second checkout",
            measured=_seconds(world, environment, *make, "setup"),
            bound=BOUND,
            unit="s",
            disturbed_by="other programs, a package that uv's cache lacks, or a cache on another file system",
        )
        for target, work in STEPS.items():
            yield Figure(
                what=f"`make {target}` in it: {work}",
                measured=_seconds(world, environment, *make, target),
                unit="s",
            )
    finally:
        _seconds(world, environment, *make, "clean")


def _seconds(world: World, environment: dict[str, str], *command: str) -> float:
    """How long a command takes. Raises `BenchmarkError` if it fails."""
    world.say(f"setup: {command[0]} {command[-1]}")
    begin = time.perf_counter()
    process = world.start(command, env=environment)
    process.communicate()
    if process.returncode:
        raise BenchmarkError(f"`{' '.join(command)}` failed:\n{world.logged_errors()}")
    return time.perf_counter() - begin


def _environment() -> dict[str, str]:
    """The user's environment, without that of this checkout."""
    own = ("PULUMI_", "TF2_MODELS_", "PYTHON", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    paths = [path for path in os.environ["PATH"].split(":") if Path(path) != Path(sys.executable).parent]
    endpoint = f"http://127.0.0.1:{other_servers.free_port()}"
    return {**kept, "PATH": ":".join(paths), "TF2_MODELS_ENDPOINT": endpoint}
