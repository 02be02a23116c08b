"""`python -m emulator serve` on a free port, with its own state."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.figures import BenchmarkError
from benchmarks.workspace import World

PREFIX = "serving on "
"""The text that a server prints before its address."""


class Emulator:
    """An emulator that serves until the world ends.

    Args:
        world: ends its process.
        options: options of `serve`.
        data: the data folder (default: a new one on disk).
        module: the module that serves when it is run with `serve` and these options.

    Attributes:
        endpoint: `http://127.0.0.1:PORT`.
        pid: the process ID.
    """

    def __init__(self, world: World, *options: str, data: Path | None = None, module: str = "emulator") -> None:
        given = ["--port", "0", "--data", str(data or world.folder("emulator")), *options]
        self._process = process = world.start([sys.executable, "-m", module, "serve", *given])
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line.startswith(PREFIX):
            raise BenchmarkError(f"the emulator did not start:\n{line}{world.logged_errors()}")
        self.pid = process.pid
        self.endpoint = line.removeprefix(PREFIX)

    def stop(self) -> None:
        """Ends the process before the world ends."""
        self._process.terminate()
        self._process.wait()

    def status(self) -> dict[str, Any]:
        """The content of `/-/status`."""
        with urllib.request.urlopen(f"{self.endpoint}/-/status", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def calls(self) -> dict[str, int]:
        """Method ID -> number of calls since the start or `reset_calls`."""
        with urllib.request.urlopen(f"{self.endpoint}/-/calls", timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
        return found

    def reset_calls(self) -> None:
        """Resets the counts of calls."""
        request = urllib.request.Request(f"{self.endpoint}/-/calls", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()

    def faults(self, *rules: dict[str, Any]) -> None:
        """Replaces the rules of `emulator.core.calls.faults`; without rules, removes them."""
        content = json.dumps(rules).encode()
        urllib.request.urlopen(
            urllib.request.Request(f"{self.endpoint}/-/faults", content, method="PUT"), timeout=10
        ).close()
