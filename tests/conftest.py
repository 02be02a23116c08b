"""Fixtures for every test."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.running import RunningEmulator
from tests.unloading import unload

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

_ALIKE = hypothesis.settings(
    deadline=None,  # a machine that is busy is no fault
    database=None,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,  # the same; a test that names checks of its own would take this one back
        hypothesis.HealthCheck.function_scoped_fixture,  # one project serves all the examples of a test
    ],
)
hypothesis.settings.register_profile("fair", _ALIKE, derandomize=True, max_examples=60)
hypothesis.settings.register_profile("thorough", _ALIKE, max_examples=2000)
hypothesis.settings.load_profile("fair")  # `--hypothesis-profile=thorough` of `make test-faults` comes after


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator that all tests of one worker share; keep apart by `project`."""
    with RunningEmulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


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
def project(request: pytest.FixtureRequest) -> Iterator[str]:
    """A project id that no other test uses; on the shared emulator its nodes, and faults, end with the test."""
    shared = request.getfixturevalue("emulator") if "emulator" in request.fixturenames else None
    name = f"test-{secrets.token_hex(4)}"
    yield name
    if shared:
        shared.faults()
        unload(shared, name)
