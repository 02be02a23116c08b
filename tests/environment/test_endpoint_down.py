"""The real engine prints one error if the endpoint is down, however many resources there are."""

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
    """The engine with a program of many resources that are cheap to create."""
    program = write_program(tmp_path / "program", PROGRAM)
    return Engine(tmp_path / "engine", program)


def lines_with(text: str, part: str) -> list[str]:
    """The lines of an output that contain a text; asserts that there is no traceback."""
    assert "Traceback" not in text, text
    return [line for line in text.splitlines() if part in line]


def facts(resources: dict[str, Any]) -> dict[str, Any]:
    """ID, inputs and outputs of each resource, without ciphertexts, which differ each time they are written."""
    text = json.dumps(
        {name: [item.get(key) for key in ("id", "inputs", "outputs")] for name, item in resources.items()}
    )
    found: dict[str, Any] = json.loads(re.sub(r'"ciphertext": "[^"]*"', '"ciphertext": ""', text))
    return found


def test_a_refresh_prints_one_error(
    engine: Engine, emulator_factory: Callable[..., RunningEmulator], project: str
) -> None:
    """It names the endpoint and the command that starts it; the state stays, and the next refresh finds everything."""
    emulator = emulator_factory()
    engine.write({"gcp:project": project, "tf2-models:endpoint": emulator.endpoint, "tf2-models:retrySeconds": 1})
    engine.up()
    before = engine.resources()
    emulator.kill()
    texts = [engine.stack("refresh", *way, "--suppress-progress", fails=True) for way in ((), ("--skip-preview",))]
    after = engine.resources()

    for text in texts:
        own, line = sorted((line for line in lines_with(text, "error: ") if line.startswith("    error: ")), key=len)
        assert own.endswith(" failed")  # the engine's own error
        assert f"no response from {emulator.endpoint} to " in line
        assert "`python -m emulator up" in line  # with the port, unless it is the default
        assert "No other resource was read" in line
    assert facts(after) == facts(before)
    assert SECRET not in str(after)
    emulator_factory("--port", emulator.endpoint.rpartition(":")[2], data=emulator.data)
    text = engine.stack("refresh", "--skip-preview", "--suppress-progress")
    assert summary(text) == {"unchanged": MODELS + 2}
