"""Models, an endpoint that serves them, and one that answers what a test says."""

from __future__ import annotations

import fcntl
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prediction.deployment import Deployment
from tests.prediction.wire import Wire, serving
from tests.running import RunningEmulator


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the endpoint or the stack of the shell that runs it."""
    for name in ("TF2_MODELS_ENDPOINT", "PULUMI_STACK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A server that answers what the test says."""
    with serving() as found:
        yield found


@pytest.fixture(scope="session")
def prediction_models(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of `make_models.MODELS`, shared by all test processes of this run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "prediction_models"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            script = Path(__file__).with_name("make_models.py")
            subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True, timeout=120)
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def deployment(emulator: RunningEmulator, prediction_models: Path) -> Deployment:
    """Three models that really serve; a project of their own on the worker's emulator."""
    return Deployment(emulator, f"test-{secrets.token_hex(4)}", prediction_models)
