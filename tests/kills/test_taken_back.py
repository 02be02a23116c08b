"""A change is killed while the API makes it, then the stack file is reverted: the recovery reverts the change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.emulator.ml.caller import until
from tests.program.stacks import Deployment
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]
VERSIONS = "ml.projects.models.versions"


class ChangedStack(Deployment):
    """A stack with two versions; a test kills each method that changes one."""

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        super().__init__(emulator, project, folder)
        self.one, self.two = self.version(2.0), self.version(3.0)
        self.write()
        self.engine.up()

    def write(self, default: str = "v1", **versions: dict[str, Any]) -> None:
        """Writes the stack file, by default the one that was deployed first."""
        both = {"v1": self.one, "v2": self.two}
        self.declare({"mult": {"defaultVersion": default, "versions": versions or both}})

    def kill_during(self, method: str, **fault: Any) -> None:
        """Starts an `up`, and kills it as soon as the fault applies to this call."""
        self.emulator.faults({"method": f"{VERSIONS}.{method}", **fault})
        process = self.engine.begin("up", "--skip-preview")
        until(self.emulator.is_faulted, f"the call of {method}")
        process.kill()
        self.emulator.faults()
        process.communicate(timeout=BOUND)

    def nodes(self) -> int:
        """The number of nodes of the second version."""
        name = f"projects/{self.project}/models/mult/versions/v2"
        live = self.emulator.ml().projects().models().versions().get(name=name).execute()
        return int(live["manualScaling"]["nodes"])


def test_the_recovery_reverts_changes_that_took_effect(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """A moved default, a patched and a deleted version are again as the stack file declares."""
    stack = ChangedStack(emulator, project, tmp_path)
    first = {"mult": {"v1": "READY*", "v2": "READY"}}

    stack.write("v2")
    stack.kill_during("setDefault", hold="after")
    assert stack.served() == {"mult": {"v1": "READY", "v2": "READY*"}}
    stack.write()
    stack.engine.recover("up")
    assert stack.served() == first

    stack.write(v1=stack.one, v2={**stack.two, "manualScaling": {"nodes": 2}})
    stack.kill_during("patch", hold="after")
    stack.write()
    stack.engine.recover("up")
    assert stack.nodes() == 1

    stack.write(v1=stack.one)
    stack.kill_during("delete", hold="after")
    stack.write()
    stack.engine.recover("up")
    assert stack.served() == first
    assert stack.engine.preview() == {}


@pytest.mark.faults
def test_a_recovery_that_cannot_refresh_does_nothing_else(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """It fails; once the API answers again, the next one still knows what to refresh."""
    stack = ChangedStack(emulator, project, tmp_path)
    stack.write("v2")
    stack.kill_during("setDefault", hold="after")
    stack.write()
    emulator.faults({"method": "ml.projects.models.get", "status": 403, "times": 1000})
    text = stack.engine.recover("up", fails=True)
    emulator.faults()
    assert "nothing else was done" in text

    stack.engine.recover("up")
    assert stack.served() == {"mult": {"v1": "READY*", "v2": "READY"}}
