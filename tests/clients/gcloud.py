"""The `gcloud` command with the settings for an emulator from docs/how-to/other-clients.md."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import BOUND


@dataclass(frozen=True)
class Gcloud:
    """Runs commands.

    Attributes:
        program: the path of `gcloud`.
        environment: the variables, among them the endpoint's.
    """

    program: str
    environment: dict[str, str]

    @classmethod
    def for_emulator(cls, endpoint: str, project: str, home: Path) -> Gcloud:
        """The command on PATH; the test is skipped if there is none."""
        program = shutil.which("gcloud")
        if program is None:
            pytest.skip("gcloud is not on PATH")
        settings = {
            "CLOUDSDK_CONFIG": str(home),
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_ML": f"{endpoint}/",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{endpoint}/storage/v1/",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM": f"{endpoint}/",
            "CLOUDSDK_AI_PLATFORM_REGION": "global",
            "CLOUDSDK_AI_REGION": "us-central1",
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_CORE_PROJECT": project,
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_CORE_DISABLE_FILE_LOGGING": "true",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
            "CLOUDSDK_STORAGE_PARALLEL_COMPOSITE_UPLOAD_ENABLED": "true",
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return cls(program, {**kept, **settings})

    def run(self, *arguments: str) -> str:
        """The output of a command. Raises `AssertionError` with its errors if it fails."""
        command = [self.program, *arguments]
        done = subprocess.run(command, check=False, env=self.environment, capture_output=True, text=True, timeout=BOUND)
        assert done.returncode == 0, f"gcloud {' '.join(arguments)}:\n{done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """The output of a command, parsed from JSON."""
        return json.loads(self.run(*arguments, "--format=json") or "null")
