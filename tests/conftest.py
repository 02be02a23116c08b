"""Fixtures for every test."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running import RunningEmulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator that all tests of one worker share; keep apart by `project`."""
    running = RunningEmulator(tmp_path_factory.mktemp("emulator"))
    yield running
    running.stop()


@pytest.fixture
def emulator_factory(tmp_path: Path) -> Iterator[Callable[..., RunningEmulator]]:
    """Starts emulators with options of `serve`; without `data`, each on a folder of its own."""
    started: list[RunningEmulator] = []

    def start(*options: str, data: Path | None = None) -> RunningEmulator:
        running = RunningEmulator(data or tmp_path / f"emulator-{len(started)}", *options)
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def project() -> str:
    """A project id that no other test uses."""
    return f"test-{secrets.token_hex(4)}"
