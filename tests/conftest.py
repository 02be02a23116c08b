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

# A shell that runs the tests in the background makes them, and the processes they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

_COMMON = hypothesis.settings(
    deadline=None,  # a busy machine is not a failure
    database=None,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,  # for the same reason; a test that sets its own list must repeat this
        hypothesis.HealthCheck.function_scoped_fixture,  # all examples of a test share one project
    ],
)
hypothesis.settings.register_profile("fair", _COMMON, derandomize=True, max_examples=60)
hypothesis.settings.register_profile("thorough", _COMMON, max_examples=2000)
hypothesis.settings.load_profile("fair")  # `make test-faults` overrides it with `--hypothesis-profile=thorough`


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator that all tests of one worker share; each test uses its own `project`."""
    with RunningEmulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def emulator_factory(tmp_path: Path) -> Iterator[Callable[..., RunningEmulator]]:
    """A function that starts emulators with options of `serve`; without `data`, each has a new folder."""
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
    """A project ID that no other test uses; its nodes and faults on the shared emulator end with the test."""
    shared = request.getfixturevalue("emulator") if "emulator" in request.fixturenames else None
    name = f"test-{secrets.token_hex(4)}"
    yield name
    if shared:
        shared.faults()
        unload(shared, name)
