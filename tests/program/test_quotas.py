"""Google's quotas with the real engine, enforced by an emulator that scales them down to save time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resources.ml import quotas
from tests.emulator import saved_models
from tests.engine import Engine
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]
VERSIONS = 24


def deploy(emulator: RunningEmulator, project: str, folder: Path, **config: Any) -> dict[str, int]:
    """Runs `up` of a model with many versions at once; returns how many resources were created, updated, ..."""
    engine = Engine(folder / "engine")
    saved_model = saved_models.write(folder / "one", 2.0)
    version = {"artifact": str(saved_model), "machineType": "mls1-c1-m2", "autoScaling": {"minNodes": 0}}
    versions = {f"v{number}": version for number in range(VERSIONS)}
    engine.write(
        {
            "gcp:project": project,
            "gcp:region": "us-central1",
            "tf2-models:endpoint": emulator.endpoint,
            "tf2-models:runtimeVersion": "2.21",
            "tf2-models:models": {"mult": {"defaultVersion": "v0", "versions": versions}},
            **{f"tf2-models:{key}": value for key, value in config.items()},
        }
    )
    return engine.up("--parallel", str(VERSIONS))


def test_an_up_within_the_limits_is_never_refused(
    emulator_factory: Callable[..., RunningEmulator], project: str, tmp_path: Path
) -> None:
    """The emulator allows 60 calls in any 6 seconds, which is 600 a minute, and 10 operations at a time."""
    emulator = emulator_factory("--quota-calls", "60", "--quota-seconds", "6", "--quota-operations", "10")

    made = deploy(emulator, project, tmp_path, callsPerMinute=600)

    assert made == {"created": VERSIONS + 6}
    assert emulator.status()["quota"]["refused"] == 0
    assert sum(count for method, count in emulator.calls().items() if quotas.is_management(method)) > 60


@pytest.mark.faults
def test_an_up_beyond_the_quota_succeeds_after_retries(
    emulator_factory: Callable[..., RunningEmulator], project: str, tmp_path: Path
) -> None:
    """With a long enough `retrySeconds`, refused calls are retried when the API says so."""
    emulator = emulator_factory("--quota-calls", "20", "--quota-seconds", "1", "--quota-operations", "4")

    made = deploy(emulator, project, tmp_path, concurrentOperations=VERSIONS, retrySeconds=60)

    assert made == {"created": VERSIONS + 6}
    found = emulator.status()["quota"]
    assert found["refused"] > 0
    assert (found["mostCalls"] <= 20, found["mostOperations"]) == (True, 4)
