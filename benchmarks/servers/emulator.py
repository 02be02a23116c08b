"""`python -m emulator serve`, on a free port and with its own state."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.figures import BenchmarkError
from benchmarks.workspace import World

PREFIX = "serving on "
"""What a server says before its address."""


class Emulator:
    """An emulator that serves until the world ends.

    Args:
        world: ends it.
        options: of `serve`.
        data: its folder (default: a new one on disk).

    Attributes:
        endpoint: `http://127.0.0.1:PORT`.
        pid: of its process.
    """

    def __init__(self, world: World, *options: str, data: Path | None = None) -> None:
        given = ["--port", "0", "--data", str(data or world.folder("emulator")), *options]
        process = world.start([sys.executable, "-m", "emulator", "serve", *given])
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line.startswith(PREFIX):
            raise BenchmarkError(f"the emulator did not start:\n{line}{world.complaints()}")
        self.pid = process.pid
        self.endpoint = line.removeprefix(PREFIX)

    def status(self) -> dict[str, Any]:
        """What `/-/status` answers."""
        with urllib.request.urlopen(f"{self.endpoint}/-/status", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def calls(self) -> dict[str, int]:
        """Method id -> how often it was called since the start or `reset_calls`."""
        with urllib.request.urlopen(f"{self.endpoint}/-/calls", timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
        return found

    def reset_calls(self) -> None:
        """Counts from zero again."""
        request = urllib.request.Request(f"{self.endpoint}/-/calls", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()
