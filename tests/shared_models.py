"""Models that several test processes share."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import BOUND


def build_once(script: Path, name: str, factory: pytest.TempPathFactory, worker: str) -> Path:
    """The folder that a script fills with models, once for all test processes of a run.

    Args:
        script: runs with the folder as its argument.
        name: the folder's name.
        factory: the fixture `tmp_path_factory`.
        worker: the fixture `worker_id`.
    """
    base = factory.getbasetemp()
    folder = (base if worker == "master" else base.parent) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True, timeout=BOUND)
            (folder / "done").touch()
    return folder
