"""Fixtures for tests of batch prediction."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.batch.batch import Batch
from tests.running import RunningEmulator
from tests.shared_models import build_once


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of the SavedModels that tests of serving use, too."""
    script = Path(__file__).parents[1] / "serving" / "make_models.py"
    return build_once(script, "serving_models", tmp_path_factory, worker_id)


@pytest.fixture
def batch(emulator: RunningEmulator, project: str) -> Batch:
    """A caller in a project of its own."""
    return Batch(emulator, project)
