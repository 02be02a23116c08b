"""A version that is not made in time: who has it, and how to be rid of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcp import errors
from tests.faults import rules
from tests.faults.stages import Stage
from tests.kinds.world import World
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow


def test_a_version_that_comes_too_late_is_not_lost(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """The state does not hold it, so that refresh would not show it: the message says what to do, and that works."""
    stage = Stage(World(emulator, project, tmp_path), "ml.Version", "create")
    emulator.faults({"method": "ml.projects.models.versions.create", **rules.ALL["never"]})

    with pytest.raises(errors.OperationTimeout) as caught:
        stage.run(timeout=1.0)

    emulator.faults()
    text = str(caught.value)
    assert "The stack's state does not hold it: `pulumi up` waits for it and takes it over" in text
    assert f"`gcloud ai-platform versions delete v1 --model m --project {project}`" in text
    assert "refresh" not in text
    stage.run()
    assert stage.outs["state"] == "READY"
