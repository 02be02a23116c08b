"""Servers of other projects: their cache folders, their installation, and whether they answer."""

from __future__ import annotations

import os
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import BenchmarkError


def kept(name: str) -> Path:
    """The path of a folder in the user's cache folder; it may not exist."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "tf2-models" / name


def run(command: Sequence[str], what: str, seconds: float) -> None:
    """Runs a command to its end. Raises `BenchmarkError` if it fails or takes longer than `seconds`."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"could not {what} within {seconds:g} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no error was printed"]
        raise BenchmarkError(f"could not {what}: {lines[-1]}")


def answers(url: str) -> bool:
    """Whether a server on this machine answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # of this machine
            return True
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    """A port that was free a moment ago, for servers that cannot choose a free one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
