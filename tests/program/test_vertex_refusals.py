"""What a project lacks on Vertex AI is said in one line each, with the real engine on the emulator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine import Engine
from tests.program.test_vertex import configuration
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

_UPLOADS = ("storage.objects.insert", "aiplatform.projects.locations.models.upload")
_DISABLED = {
    "reason": "SERVICE_DISABLED",
    "metadata": {"service": "aiplatform.googleapis.com", "consumer": "projects/my-company"},
}


def lines(engine: Engine) -> list[str]:
    """The errors of an `up` that fails."""
    done = engine.stack("up", "--yes", "--skip-preview", "--suppress-progress", fails=True)
    found = [line.strip() for line in done.splitlines()]
    return [line for line in found if line.startswith("error: ") and "aiplatform." in line]


def test_an_api_that_is_not_enabled_is_said_before_anything_is_uploaded(
    emulator_factory: Callable[..., RunningEmulator], project: str, tmp_path: Path
) -> None:
    """The endpoint is created first."""
    emulator, engine = emulator_factory(), Engine(tmp_path / "engine")
    engine.write(configuration(emulator, project, tmp_path))
    method = "aiplatform.projects.locations.endpoints.create"
    emulator.faults({"method": method, "status": 403, "message": "Vertex AI API is disabled.", "details": [_DISABLED]})

    (line,) = lines(engine)

    assert line.endswith(
        f"/endpoints/mult: Vertex AI API is disabled ({method}: 403 PERMISSION_DENIED). "
        "Enable it: `gcloud services enable aiplatform.googleapis.com --project my-company`"
    )
    assert [method for method in _UPLOADS if emulator.calls().get(method)] == []


def test_a_quota_of_machines_that_is_used_up_says_how_to_get_more(
    emulator_factory: Callable[..., RunningEmulator], project: str, tmp_path: Path
) -> None:
    """Two versions of two replicas at most do not fit into three."""
    emulator, engine = emulator_factory("--most-replicas", "3"), Engine(tmp_path / "engine")
    engine.write({**configuration(emulator, project, tmp_path), "tf2-models:retrySeconds": 0})

    (line,) = lines(engine)

    assert "The following quotas are exceeded: CustomModelServingCPUsPerProjectPerRegion" in line
    assert "Ask for more of this quota in the region (https://console.cloud.google.com/iam-admin/quotas)" in line
