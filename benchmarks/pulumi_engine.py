"""The `pulumi` command on a separate stack, with the settings that `local.env` gives the local stack."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import yaml

from benchmarks.figures import BenchmarkError
from benchmarks.process_watch import INTERVAL, Seen, Watch
from benchmarks.workspace import ROOT, World

BOUND = 300
"""Seconds after which a command is killed."""
STACK = "bench"
_SHOWN = 20


@dataclass(frozen=True)
class Run:
    """A command that has succeeded.

    Attributes:
        seconds: its duration.
        cpu: CPU seconds of the command and all processes below it.
        output: its output.
        provider: the measurements of its provider process, if it was watched.
    """

    seconds: float
    cpu: float
    output: str
    provider: Seen | None = None


class Engine:
    """One stack of one program, with its own state and configuration.

    Args:
        world: ends its processes.
        program: the project's folder.
    """

    def __init__(self, world: World, program: Path) -> None:
        self._world, self._program, self._folder = world, program, world.folder("engine")
        self._config = self._folder / f"Pulumi.{STACK}.yaml"
        (self._folder / "state").mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "TF2_MODELS_"))}
        self.environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{self._folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(self._folder / "home"),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_CONFIRMATIONS": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self.configure({})
        self._init_stack()

    def configure(self, config: dict[str, Any]) -> None:
        """Writes the stack's configuration."""
        self._config.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")

    def _init_stack(self) -> None:
        """Runs `pulumi stack init` in another folder, since it writes a stack file to the project's folder."""
        elsewhere = self._world.folder("init")
        shutil.copy(self._program / "Pulumi.yaml", elsewhere)
        program, self._program = self._program, elsewhere
        self.run("stack", "init", "--no-select", "--stack", STACK)
        self._program = program

    def run(self, *command: str, watch: bool = False) -> Run:
        """Runs a command and waits for its end. Raises `BenchmarkError` with its output if it fails."""
        whole = ["pulumi", *command, "--non-interactive", "--color=never"]
        with tempfile.TemporaryFile(dir=self._folder) as output:
            begin, cpu_before = time.perf_counter(), _cpu_seconds()
            code, provider = self._wait(whole, output, watch=watch)
            seconds, cpu = time.perf_counter() - begin, _cpu_seconds() - cpu_before
            output.seek(0)
            text = output.read().decode(errors="replace")
        if code:
            end = "\n".join(text.rstrip().splitlines()[-_SHOWN:])
            how = f"did not end within {BOUND} s" if code == -signal.SIGKILL else f"ended with exit code {code}"
            raise BenchmarkError(f"`{' '.join(whole)}` {how}:\n{end}")
        return Run(seconds, cpu, text, provider)

    def _wait(self, command: list[str], output: IO[bytes], *, watch: bool) -> tuple[int, Seen | None]:
        process = self._world.start(
            command,
            cwd=self._program,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        bound = threading.Timer(BOUND, process.kill)
        bound.daemon = True
        bound.start()
        try:
            if not watch:
                return process.wait(), None
            watched = Watch(process.pid)
            while process.poll() is None:
                watched.sample()
                time.sleep(INTERVAL)
            return process.returncode, watched.result() if process.returncode == 0 else None
        finally:
            bound.cancel()

    def up(self, *options: str, watch: bool = False) -> Run:
        """Runs `pulumi up`."""
        return self._stack("up", "--suppress-progress", *options, watch=watch)

    def preview(self, *options: str) -> Run:
        """Runs `pulumi preview`."""
        return self._stack("preview", *options)

    def destroy(self) -> Run:
        """Runs `pulumi destroy`."""
        return self._stack("destroy", "--skip-preview", "--suppress-progress")

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        found: dict[str, Any] = json.loads(self.run("stack", "output", "--json", "--stack", STACK).output)
        return found

    def dynamic_resources(self) -> int:
        """The number of dynamic resources in the state."""
        state = json.loads(self.run("stack", "export", "--stack", STACK).output)
        types = [entry["type"] for entry in state["deployment"].get("resources", [])]
        return sum(name.startswith("pulumi-python:dynamic") for name in types)

    def _stack(self, verb: str, *options: str, watch: bool = False) -> Run:
        return self.run(verb, "--stack", STACK, "--config-file", str(self._config), *options, watch=watch)


def _cpu_seconds() -> float:
    """CPU seconds of all child processes that have ended; a command waits for those it starts."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
