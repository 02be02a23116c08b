"""Stack files of this project's program on Vertex AI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def configuration(endpoint: str, project: str, models: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a stack that deploys to an emulator.

    Args:
        endpoint: of the emulator.
        project: the project ID.
        models: name -> entry in the stack file.
    """
    return {
        "gcp:project": project,
        "gcp:region": "us-central1",
        "tf2-models:platform": "vertex",
        "tf2-models:endpoint": endpoint,
        "tf2-models:servingImage": "us-central1-docker.pkg.dev/bench/serving/tensorflow:{tensorflow}",
        "tf2-models:models": dict(models),
    }
