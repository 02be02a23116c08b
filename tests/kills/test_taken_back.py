"""A change is killed while the API makes it, and the stack file is taken back: the recovery makes that true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulator.ml.caller import until
from tests.program.stacks import Deployment
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]
VERSIONS = "ml.projects.models.versions"


class Changed(Deployment):
    """A stack with two versions, of which every method that changes one is killed in turn."""

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        super().__init__(emulator, project, folder)
        self.one, self.two = self.version(2.0), self.version(3.0)
        self.write()
        self.engine.up()

    def write(self, default: str = "v1", **versions: dict[str, Any]) -> None:
        """The stack file as it was deployed first, but for these."""
        both = {"v1": self.one, "v2": self.two}
        self.declare({"mult": {"defaultVersion": default, "versions": versions or both}})

    def killed(self, method: str, **fault: Any) -> None:
        """Begins an `up`, and kills it when this call of it has come as far as the fault lets it."""
        self.emulator.faults({"method": f"{VERSIONS}.{method}", **fault})
        process = self.engine.begin("up", "--skip-preview")
        until(self.emulator.is_faulted, f"{method} is called")
        process.kill()
        self.emulator.faults()
        process.communicate(timeout=BOUND)

    def nodes(self) -> int:
        """How many nodes serve the second version."""
        name = f"projects/{self.project}/models/mult/versions/v2"
        live = self.emulator.ml().projects().models().versions().get(name=name).execute()
        return int(live["manualScaling"]["nodes"])


def test_the_recovery_takes_back_what_took_effect(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """A default that moved, a version that was patched, and one that was deleted: each is as the stack file says."""
    stack = Changed(emulator, project, tmp_path)
    first = {"mult": {"v1": "READY*", "v2": "READY"}}

    stack.write("v2")
    stack.killed("setDefault", hold="after")
    assert stack.served() == {"mult": {"v1": "READY", "v2": "READY*"}}
    stack.write()
    stack.engine.recover("up")
    assert stack.served() == first

    stack.write(v1=stack.one, v2={**stack.two, "manualScaling": {"nodes": 2}})
    stack.killed("patch", hold="after")
    stack.write()
    stack.engine.recover("up")
    assert stack.nodes() == 1

    stack.write(v1=stack.one)
    stack.killed("delete", hold="after")
    stack.write()
    stack.engine.recover("up")
    assert stack.served() == first
    assert stack.engine.preview() == {}


@pytest.mark.faults
def test_a_recovery_that_cannot_read_does_nothing_else(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """It fails; the next one, when the API answers again, still knows what is to be read."""
    stack = Changed(emulator, project, tmp_path)
    stack.write("v2")
    stack.killed("setDefault", hold="after")
    stack.write()
    emulator.faults({"method": "ml.projects.models.get", "status": 403, "times": 1000})
    text = stack.engine.recover("up", fails=True)
    emulator.faults()
    assert "nothing else was done" in text

    stack.engine.recover("up")
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}
