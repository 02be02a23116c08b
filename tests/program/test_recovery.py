"""A process that dies in the middle of an `up`, and the `up` after it."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.ml.caller import until
from tests.engine import Engine
from tests.program.test_life import configuration
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


def test_an_up_that_was_killed_is_gone_on_with(
    emulator_factory: Callable[..., RunningEmulator], project: str, tmp_path: Path
) -> None:
    """The next `up` finds its own half-made version, waits for it and goes on: no orphan, no double, no error."""
    emulator = emulator_factory("--operation-seconds", "6")
    engine = Engine(tmp_path / "engine")
    engine.write(configuration(emulator, project, tmp_path))

    process = engine.begin("up", "--skip-preview")
    until(lambda: emulator.calls().get("ml.projects.models.versions.create"), "the first version is being made")
    provider = until(lambda: engine.provider(process.pid), "the provider's process")
    handle = os.pidfd_open(provider)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert select.select([handle], [], [], 30)[0], "the provider outlives the engine"
    os.close(handle)

    engine.run("cancel", "--yes", "--stack", "test")
    engine.up()
    engine.stack("refresh", "--suppress-progress", "--clear-pending-creates")

    assert engine.preview() == {}
    assert emulator.calls()["ml.projects.models.versions.create"] == 3, "refused once, since it was there"
    versions = emulator.ml().projects().models().versions().list(parent=f"projects/{project}/models/mult").execute()
    assert sorted(version["state"] for version in versions["versions"]) == ["READY", "READY"]


def test_a_version_of_somebody_else_is_not_taken(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """Two stacks named alike in one project: the second is refused, until it says `adopt`."""
    first, second = Engine(tmp_path / "first"), Engine(tmp_path / "second")
    config = configuration(emulator, project, tmp_path)
    first.write(config)
    second.write({**config, "tf2-models:bucket": {"name": f"{project}-second"}})
    first.up()
    emulator.reset_calls()

    refused = second.stack("up", "--skip-preview", "--suppress-progress", fails=True)
    assert f"create model projects/{project}/models/mult: " in refused
    assert "adopt: true takes it over" in refused

    assert "ml.projects.models.versions.setDefault" not in emulator.calls(), "what was refused is not made the default"
    second.stack("destroy", "--suppress-progress")
    assert second.resources() == {}
    first.stack("refresh", "--suppress-progress")
    assert first.preview() == {}, "nothing of the first stack is gone"

    second.edit("mult.adopt", value=True)
    for version in ("v1", "v2"):
        second.edit(f"mult.versions.{version}.adopt", value=True)
    emulator.reset_calls()
    refused = second.stack("up", "--skip-preview", "--suppress-progress", fails=True)
    assert "deploymentUri is 'gs://" in refused
    assert "ml.projects.models.versions.delete" not in emulator.calls()
