"""An error that hits every resource of a stack is reported once when they are read."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gcp import errors
from resources.ml.model import ModelProvider
from tests.providers import configured, retrying_for
from tests.running import RunningEmulator


@pytest.fixture
def nobody() -> Iterator[str]:
    """The URL of a port that nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def read(provider: Any, name: str) -> Any:
    """What a refresh finds of a model."""
    state = {"project": "p", "name": name, "description": "as it was"}
    return provider.read(f"projects/p/models/{name}", state)


def test_no_endpoint(nobody: str) -> None:
    """The first resource raises; the state of the others comes back as it was, with inputs left to the engine."""
    provider = retrying_for(configured(ModelProvider, nobody), 0)
    with pytest.raises(errors.EndpointUnreachable, match=r"no response from .*\. No other resource was read"):
        read(provider, "a")

    found = read(provider, "b")

    assert (found.id, found.outs["description"], found.inputs) == ("projects/p/models/b", "as it was", None)


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Missing credentials are reported once for all resources."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    provider = configured(ModelProvider, "https://ml.example.invalid", retrySeconds="1.5")
    with pytest.raises(errors.NoCredentials, match="No other resource was read"):
        read(provider, "a")

    assert read(provider, "b").id == "projects/p/models/b"


def test_what_is_true_of_one_resource(emulator: RunningEmulator, project: str) -> None:
    """A refusal of one resource hides none of another."""
    provider = configured(ModelProvider, emulator.endpoint)
    emulator.faults({"method": "ml.projects.models.get", "status": 403, "message": "No.", "times": 2})
    for name in ("a", "b"):
        with pytest.raises(errors.PermissionDenied, match=f"models/{name}: No"):
            read(provider, name)

    assert read(provider, project).id == ""  # it is gone, which is no outage
