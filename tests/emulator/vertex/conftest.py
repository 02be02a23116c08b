"""Fixtures for tests of the `aiplatform` API."""

from __future__ import annotations

import pytest

from tests.emulator.vertex.caller import VertexCaller
from tests.running import RunningEmulator


@pytest.fixture
def vertex(emulator: RunningEmulator, project: str) -> VertexCaller:
    """A caller in a project of its own."""
    return VertexCaller(emulator, project)
