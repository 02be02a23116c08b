"""Engine, provider or emulator are killed during deployments and splits on Vertex AI; the recovery then completes them.

`python -m benchmarks kills` runs all of these tests, and counts the kills that they record.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.kills.lives import Moment, Undisturbed
from tests.kills.vertex_life import VertexLife
from tests.running import RunningEmulator
from tests.unloading import unload

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]
PARTS = ("up", "update")
"""What is killed: a first deployment, and a change that deploys, splits and undeploys."""
LIVES = 25
VICTIMS = ("engine", "provider", "emulator")
NORMAL = 2
"""The life that `make test` runs."""
KILLS = [
    pytest.param(VICTIMS[index % len(VICTIMS)], index, marks=() if index == NORMAL else pytest.mark.faults)
    for index in range(LIVES)
]


@pytest.fixture(scope="session")
def usual(emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Undisturbed]:
    """Each part of a life without kills."""
    project = "test-undisturbed-vertex"
    life = VertexLife(emulator, project, tmp_path_factory.mktemp("undisturbed"))
    found = {part: life.undisturbed(part) for part in PARTS}
    unload(emulator, project)
    return found


@pytest.mark.parametrize(("victim", "index"), KILLS)
def test_the_recovery_completes_a_killed_deployment(
    victim: str,
    index: int,
    emulator: RunningEmulator,
    emulator_factory: Callable[..., RunningEmulator],
    project: str,
    tmp_path: Path,
    usual: dict[str, Undisturbed],
    record_property: Callable[[str, object], None],
) -> None:
    """It leaves what an undisturbed run leaves: nothing lost, duplicated, partial or running."""
    life = VertexLife(emulator_factory() if victim == "emulator" else emulator, project, tmp_path)

    def restart(killed: RunningEmulator) -> RunningEmulator:
        return emulator_factory("--port", str(urlsplit(killed.endpoint).port), data=killed.data)

    for part in PARTS:
        moment = Moment.at_random(part, victim, index)
        if victim == "emulator":
            text = life.run_and_restart(part, moment, usual[part], restart)
        else:
            text = life.run_and_kill(part, victim, moment, usual[part])
        print(f"{part}: the {victim} was killed at {moment}:\n{text}")
        assert "Traceback" not in text
        print(life.engine.recover("up"))
        life.assert_same(part, usual[part])
        record_property("recovered", part)
