"""A version that is not made in time: the state holds it, unfinished."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcp import errors
from tests.faults import rules
from tests.faults.stages import Stage
from tests.kinds.world import World
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("declared", [True, False])
def test_a_version_that_comes_too_late_is_in_the_state(
    declared: bool, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """The next `up` waits for it; if it is no longer declared, it is deleted."""
    stage = Stage(World(emulator, project, tmp_path), "ml.Version", "create")
    before = stage.inventory()
    emulator.faults({"method": "ml.projects.models.versions.create", **rules.ALL["never"]})

    with pytest.raises(errors.OperationTimeout) as caught:
        stage.run(timeout=1.0)

    assert "The state records it as unfinished; the next `pulumi up` waits for it" in str(caught.value)
    assert stage.outs["unfinished"]["verb"] == "create"
    assert stage.outs["state"] == "CREATING"
    emulator.faults()
    if declared:
        stage.run()
        assert (stage.outs["state"], "unfinished" in stage.outs) == ("READY", False)
    else:
        stage.take_back()
        assert stage.inventory() == before
