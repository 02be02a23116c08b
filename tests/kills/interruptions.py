"""How an `up` is interrupted at one of its calls."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Any

from tests.emulator.ml.caller import until
from tests.kills.lives import Life
from tests.running import BOUND

HOWS = ("Ctrl-C", "failure", "kill")
LIMIT = 20.0
"""Seconds from Ctrl-C to the end of the engine on a slow machine; an operation of these tests never ends by itself."""


@dataclass(frozen=True)
class Step:
    """A call of a deployment.

    Attributes:
        method: its ID.
        is_operation: whether it begins an operation, which then never ends or fails; otherwise the call does.
        number: which call of the method it is, the first is 1.
    """

    method: str
    is_operation: bool = False
    number: int = 1

    def __str__(self) -> str:
        return f"{self.method} {self.number}" if self.number > 1 else self.method

    def rules(self, **fault: Any) -> list[dict[str, Any]]:
        """Rules with this fault for the call."""
        passing = {"method": self.method, "delay": 0, "times": self.number - 1}
        return [*([passing] if self.number > 1 else []), {"method": self.method, **fault}]


def interrupt(life: Life, how: str, step: Step) -> str:
    """Runs an `up` that ends at this call; returns the output. No fault is left."""
    text = _interrupt(life, how, step)
    life.emulator.faults()
    print(text)
    assert "Traceback" not in text
    return text


def _interrupt(life: Life, how: str, step: Step) -> str:
    if how == "failure":
        fault = {"operation": "error", "message": "No."} if step.is_operation else {"status": 403}
        life.emulator.faults(*step.rules(**fault))
        return life.engine.stack("up", "--skip-preview", fails=True)
    life.emulator.faults(*step.rules(**({"operation": "never"} if step.is_operation else {"hold": "after"})))
    process = life.engine.begin("up", "--skip-preview")
    until(life.emulator.is_faulted, f"the call of {step}")
    if how == "kill":
        process.kill()
        return process.communicate(timeout=BOUND)[0]
    begin = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    if not step.is_operation:
        _await_cancellation(process)
        life.emulator.faults()  # a call that was sent is waited for: only its response says what it did
    text = process.communicate(timeout=BOUND)[0]
    seconds = time.monotonic() - begin
    print(f"{step}: {seconds:.1f} s from Ctrl-C to the end")
    assert process.returncode != 0
    assert seconds < LIMIT
    return text


def _await_cancellation(process: subprocess.Popen[str]) -> None:
    """Reads the output up to the line in which the engine says that it cancels."""
    assert process.stdout
    next(line for line in process.stdout if "received; " in line)


def assert_settled(life: Life) -> None:
    """Asserts that the state has nothing unfinished, and that program, state and APIs agree."""
    assert life.engine.pending() == []
    states = life.engine.resources().values()
    assert not [entry for entry in states if entry.get("initErrors") or "unfinished" in entry.get("outputs", {})]
    life.engine.stack("refresh", "--skip-preview", "--expect-no-changes")
    assert life.engine.preview() == {}
