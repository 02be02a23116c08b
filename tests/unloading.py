"""Nodes are processes: what a test deployed must not stay for the hundreds of tests that share its emulator."""

from __future__ import annotations

import contextlib
from typing import Any

from googleapiclient.errors import HttpError

from tests.emulator.ml.caller import until
from tests.running import RunningEmulator


def unload(emulator: RunningEmulator, project: str) -> None:
    """Deletes the versions of a project, the default one of a model last."""
    models = emulator.ml().projects().models()
    for model in models.list(parent=f"projects/{project}").execute().get("models", []):
        there = models.versions().list(parent=model["name"]).execute().get("versions", [])
        for version in sorted(there, key=lambda version: bool(version.get("isDefault"))):
            with contextlib.suppress(HttpError):  # what went wrong in the test may still be under way
                _await(emulator, models.versions().delete(name=version["name"]).execute())


def _await(emulator: RunningEmulator, operation: dict[str, Any]) -> None:
    operations, name = emulator.ml().projects().operations(), operation["name"]
    until(lambda: operations.get(name=name).execute().get("done"), f"the end of {name}")
