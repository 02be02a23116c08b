"""Fixtures for tests of the `aiplatform` API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.vertex.caller import VertexCaller
from tests.running import RunningEmulator


@pytest.fixture
def vertex(emulator: RunningEmulator, project: str) -> Iterator[VertexCaller]:
    """A caller in a project of its own; its nodes and faults end with the test."""
    caller = VertexCaller(emulator, project)
    yield caller
    emulator.faults()
    caller.undeploy_all()
