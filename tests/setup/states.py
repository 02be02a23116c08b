"""State files as the engine writes them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.setup.checkout import Checkout

URN = "urn:pulumi:local::tf2-models::pulumi-python:dynamic/ml:Version::mult-v1"
MODEL = "urn:pulumi:local::tf2-models::pulumi-python:dynamic/ml:Model::mult"


def creating(urn: str) -> dict[str, Any]:
    """The pending operation of an interrupted creation."""
    return {"resource": {"urn": urn, "type": urn.split("::")[2]}, "type": "creating"}


class StateFolder:
    """A backend's folder with the files that a test writes."""

    def __init__(self, folder: Path) -> None:
        self.url = f"file://{folder}"
        self._folder = folder / ".pulumi"

    @classmethod
    def local(cls, checkout: Checkout) -> StateFolder:
        """The backend of the local stack."""
        return cls(checkout.root / ".local" / "state")

    def snapshot(self, stack: str = "local", suffix: str = "") -> Path:
        """The path of a stack's snapshot, or with a suffix of a file beside it."""
        path = self._folder / "stacks" / "tf2-models" / f"{stack}.json{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, latest: dict[str, Any] | None, stack: str = "local", suffix: str = "") -> Path:
        """Writes a snapshot and returns its path; compressed if the suffix contains `.gz`."""
        path = self.snapshot(stack, suffix)
        text = json.dumps({"version": 3, "checkpoint": {"stack": stack, "latest": latest}}).encode()
        path.write_bytes(gzip.compress(text) if ".gz" in suffix else text)
        return path

    def lock(self, stack: str, content: str) -> Path:
        """Adds a lock to a stack; returns the lock's file."""
        folder = self._folder / "locks" / "organization" / "tf2-models" / stack
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{len(list(folder.iterdir()))}.json"
        path.write_text(content)
        return path


def lock_content(pid: int, host: str | None = None) -> str:
    """The content of a process's lock; without `host`, of this machine."""
    return json.dumps({"pid": pid, "username": "me", "hostname": host or os.uname().nodename, "timestamp": ""})


def ended_process() -> int:
    """The ID of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid
