"""What the real engine shows when no endpoint answers: one error, however many resources there are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine import Engine, summary, write_program
from tests.running import RunningEmulator

pytestmark = pytest.mark.engine
MODELS, SECRET = 24, "not for the state"
PROGRAM = f"""
import pulumi
from resources import ml, storage
storage.Bucket("b", name="test-endpoint-down")
for number in range({MODELS}):
    ml.Model(f"m{{number}}", name=f"m{{number}}", description=pulumi.Output.secret("{SECRET}"))
"""


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """The engine on a program with many resources, which are cheap to make."""
    program = write_program(tmp_path / "program", PROGRAM)
    return Engine(tmp_path / "engine", program)


def lines(text: str, part: str) -> list[str]:
    """The lines of an output that hold a text; no traceback is among the others."""
    assert "Traceback" not in text, text
    return [line for line in text.splitlines() if part in line]


def facts(resources: dict[str, Any]) -> dict[str, Any]:
    """Id, inputs and outputs of each resource; a ciphertext is another one each time that it is written."""
    text = json.dumps(
        {name: [item.get(key) for key in ("id", "inputs", "outputs")] for name, item in resources.items()}
    )
    found: dict[str, Any] = json.loads(re.sub(r'"ciphertext": "[^"]*"', '"ciphertext": ""', text))
    return found


def test_a_refresh_prints_one_error(
    engine: Engine, emulator_factory: Callable[..., RunningEmulator], project: str
) -> None:
    """It names the endpoint and the command that starts it; the state stays, and the next refresh finds all of it."""
    emulator = emulator_factory()
    engine.write({"gcp:project": project, "tf2-models:endpoint": emulator.endpoint, "tf2-models:retrySeconds": 1})
    engine.up()
    before = engine.resources()
    emulator.kill()
    seen = [engine.stack("refresh", *way, "--suppress-progress", fails=True) for way in ((), ("--skip-preview",))]
    after = engine.resources()

    for text in seen:
        own, line = sorted((line for line in lines(text, "error: ") if line.startswith("    error: ")), key=len)
        assert own.endswith(" failed")  # the engine's own
        assert f"no answer from {emulator.endpoint} to " in line
        assert "`python -m emulator up" in line  # and the port, where it is not the usual one
        assert "No other resource was read" in line
    assert facts(after) == facts(before)
    assert SECRET not in str(after)
    emulator_factory("--port", emulator.endpoint.rpartition(":")[2], data=emulator.data)
    text = engine.stack("refresh", "--skip-preview", "--suppress-progress")
    assert summary(text) == {"unchanged": MODELS + 2}
