"""The life of a small stack, in which a process is killed during every command."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.emulator import saved_models
from tests.emulator.ml.caller import until
from tests.engine import Engine
from tests.inventory import inventory
from tests.running import BOUND, RunningEmulator

VERBS = {"up": "up", "update": "up", "destroy": "destroy"}
"""Part of the life -> the engine's command."""

_SIDES = ("before", "after")


@dataclass(frozen=True)
class Undisturbed:
    """The effect, the calls and the seconds of a part of the life without a kill."""

    inventory: dict[str, Any]
    calls: int
    seconds: float


@dataclass(frozen=True)
class Moment:
    """When a process is killed.

    Attributes:
        fraction: how far the part is, from 0 to 1: by its time or, with a side, by its calls.
        side: `before` or `after`: the call is held on this side of its effect while the process is killed.
    """

    fraction: float
    side: str = ""

    @classmethod
    def at_random(cls, part: str, victim: str, index: int) -> Moment:
        """The moment with this index, always the same. One in five is by time."""
        source = random.Random(f"{part} {victim} {index}")  # noqa: S311 - a moment, not a secret
        return cls(source.random(), source.choice(_SIDES) if index % 5 else "")


class Life:
    """A stack, from its first deployment to its end."""

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self.emulator, self.project = emulator, project
        self.engine = Engine(folder / "engine")
        self._configurations = self.configurations(folder)

    def configurations(self, folder: Path) -> dict[str, dict[str, Any]]:
        """The stack files of the parts; their SavedModels are written to the folder."""
        return _configurations(self.emulator, self.project, folder)

    def configure(self, part: str) -> None:
        """Writes the stack file of this part."""
        self.engine.write(copy.deepcopy(self._configurations[part]))

    def inventory(self) -> dict[str, Any]:
        """What the APIs have of the project."""
        return inventory(self.emulator, self.project)

    def undisturbed(self, part: str) -> Undisturbed:
        """Runs this part without a kill."""
        self.configure(part)
        self.emulator.reset_calls()
        start = time.monotonic()
        self.engine.stack(VERBS[part], "--skip-preview")
        seconds, calls = time.monotonic() - start, sum(self.emulator.calls().values())
        return Undisturbed(self.inventory(), calls, seconds)

    def run_and_kill(self, part: str, victim: str, moment: Moment, usual: Undisturbed) -> str:
        """Runs this part and kills the engine or the provider during it; returns the output."""
        process = self.run_until(part, moment, usual)
        self._kill(process, victim)
        self.emulator.faults()
        text, _ = process.communicate(timeout=BOUND)
        return text

    def run_and_restart(
        self, part: str, moment: Moment, usual: Undisturbed, restart: Callable[[RunningEmulator], RunningEmulator]
    ) -> str:
        """Runs this part, kills the emulator during it and starts it again on its state; returns the output."""
        process = self.run_until(part, moment, usual)
        self.emulator.kill()
        self.emulator = restart(self.emulator)
        text, _ = process.communicate(timeout=BOUND)
        return text

    def run_until(self, part: str, moment: Moment, usual: Undisturbed) -> subprocess.Popen[str]:
        """Starts this part; returns its process at this moment, or when it has ended before."""
        self.configure(part)
        if moment.side:
            self.hold(1 + int(moment.fraction * (usual.calls - 1)), moment.side)
        process = self.engine.begin(VERBS[part], "--skip-preview")
        if moment.side:
            until(lambda: self.is_held() or process.poll() is not None, "a call is held")
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(moment.fraction * usual.seconds)
        return process

    def hold(self, number: int, side: str) -> None:
        """Makes the call with this number, counted from now on, wait before or after its effect."""
        passing = [{"method": "*", "delay": 0, "times": number - 1}] if number > 1 else []
        self.emulator.faults(*passing, {"method": "*", "hold": side})

    def is_held(self) -> bool:
        """Whether the call to hold has arrived."""
        return self.emulator.is_faulted()

    def _kill(self, process: subprocess.Popen[str], victim: str) -> None:
        if victim == "engine":
            process.kill()
            return
        provider = until(lambda: process.poll() is not None or self.engine.provider(process.pid), "the provider")
        if process.poll() is None:
            os.kill(provider, signal.SIGKILL)

    def assert_same(self, part: str, usual: Undisturbed) -> None:
        """Asserts that APIs and state are as after the undisturbed part, and that no process of the stack runs."""
        assert self.inventory() == usual.inventory
        assert self.engine.pending() == []
        if part == "destroy":
            assert self.engine.resources() == {}
        else:
            text = self.engine.stack("preview", "--expect-no-changes")
            assert "warning" not in text, text
        try:
            until(lambda: not self.engine.processes(), "the end of all processes of the stack")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.engine.processes()}") from None


def _configurations(emulator: RunningEmulator, project: str, folder: Path) -> dict[str, dict[str, Any]]:
    """The stack files of the parts: two versions; then a new default, one version removed, the other changed."""
    one, two, three = (str(saved_models.write(folder / f"x{factor}", factor)) for factor in (2.0, 3.0, 4.0))
    samples = folder / "samples.json"
    samples.write_text(json.dumps([{"instance": 1.5, "prediction": 6.0}]), encoding="utf-8")
    machine = {"machineType": "n1-standard-2"}
    v1 = {"artifact": one, **machine, "autoScaling": {"minNodes": 1, "maxNodes": 2}}
    v2 = {"artifact": two, **machine, "manualScaling": {"nodes": 1}}
    first: dict[str, Any] = {
        "gcp:project": project,
        "gcp:region": "us-central1",
        "tf2-models:endpoint": emulator.endpoint,
        "tf2-models:runtimeVersion": "2.21",
        "tf2-models:models": {"mult": {"defaultVersion": "v1", "versions": {"v1": v1, "v2": v2}}},
    }
    second = copy.deepcopy(first)
    second["tf2-models:bucket"] = {"labels": {"stage": "b"}}
    second["tf2-models:models"]["mult"] = {
        "description": "Multiplies",
        "defaultVersion": "v3",
        "gate": {"samples": str(samples)},
        "versions": {
            "v1": {**v1, "autoScaling": {"minNodes": 2, "maxNodes": 2}},
            "v3": {**v2, "artifact": three},
        },
    }
    return {"up": first, "update": second, "destroy": second}
