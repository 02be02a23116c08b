"""Fixtures for tests of the `ml` API."""

from __future__ import annotations

import pytest

from tests.emulator.ml.caller import Caller
from tests.running import RunningEmulator


@pytest.fixture
def ml(emulator: RunningEmulator, project: str) -> Caller:
    """A caller in a project of its own."""
    return Caller(emulator, project)
