"""Existing resources that belong to another stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine import Engine
from tests.program.test_lifecycle import configuration
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


def test_a_version_of_another_stack_is_not_taken_over(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """Of two stacks with one name in one project, the second fails, and with `adopt` its differences are refused."""
    first, second = Engine(tmp_path / "first"), Engine(tmp_path / "second")
    config = configuration(emulator, project, tmp_path)
    first.write(config)
    second.write({**config, "tf2-models:bucket": {"name": f"{project}-second"}})
    first.up()
    emulator.reset_calls()

    refused = second.stack("up", "--skip-preview", "--suppress-progress", fails=True)
    assert f"create model projects/{project}/models/mult: " in refused
    assert "adopt: true takes it over" in refused

    assert "ml.projects.models.versions.setDefault" not in emulator.calls(), (
        "a refused version does not become the default"
    )
    second.stack("destroy", "--suppress-progress")
    assert second.resources() == {}
    first.stack("refresh", "--suppress-progress")
    assert first.preview() == {}, "the first stack is complete"

    second.edit("mult.adopt", value=True)
    for version in ("v1", "v2"):
        second.edit(f"mult.versions.{version}.adopt", value=True)
    emulator.reset_calls()
    refused = second.stack("up", "--skip-preview", "--suppress-progress", fails=True)
    assert "deploymentUri is 'gs://" in refused
    assert "ml.projects.models.versions.delete" not in emulator.calls()
