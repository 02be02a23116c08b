"""Fixtures: models, an endpoint that serves them, and a server with responses chosen by a test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prediction.deployment import Deployment
from tests.prediction.vertex_deployment import VertexDeployment
from tests.prediction.wire import Wire, serving
from tests.running import RunningEmulator
from tests.shared_models import build_once


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides the endpoint and the stack of the shell from tests."""
    for name in ("TF2_MODELS_ENDPOINT", "PULUMI_STACK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A server with responses chosen by the test."""
    with serving() as found:
        yield found


@pytest.fixture(scope="session")
def prediction_models(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of `make_models.MODELS`, shared by all test processes of this run."""
    return build_once(Path(__file__).with_name("make_models.py"), "prediction_models", tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def deployment(emulator: RunningEmulator, prediction_models: Path) -> Deployment:
    """Served models in their own project on the worker's emulator."""
    return Deployment(emulator, f"test-{secrets.token_hex(4)}", prediction_models)


@pytest.fixture(scope="session")
def vertex_deployment(emulator: RunningEmulator, prediction_models: Path) -> VertexDeployment:
    """Models in Vertex AI's registry, in their own project on the worker's emulator."""
    return VertexDeployment(emulator, f"test-{secrets.token_hex(4)}", prediction_models)
