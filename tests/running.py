"""A real `python -m emulator serve` process, with Google's clients for it."""

from __future__ import annotations

import copy
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httplib2
import psutil
from googleapiclient.discovery import build_from_document
from typing_extensions import Self

from emulator.rest import discovery
from emulator.vertex import methods

ROOT = Path(__file__).parent.parent
BOUND = 300.0
"""Seconds after which a test stops waiting for something that is usually immediate; long, for slow machines."""
_PREFIX = "serving on "
_IDLE = 60.0
"""Seconds after which a client opens a new connection: the emulator closes idle ones, which httplib2 notices late."""


class RunningEmulator:
    """An emulator that serves until `stop`.

    Attributes:
        endpoint: `http://127.0.0.1:PORT`.
        data: the data folder.
        pid: the process ID.
    """

    def __init__(self, data: Path, *options: str) -> None:
        command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--data", str(data), *options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self._clients: dict[str, tuple[Any, httplib2.Http]] = {}
        self._asked: dict[str, float] = {}
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line.startswith(_PREFIX):
            self.stop()
            raise RuntimeError(f"the emulator did not start: {line!r}")
        self.endpoint = line.removeprefix(_PREFIX)
        self.data = data
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ml(self) -> Any:
        """The `ml` v1 client."""
        return self._client("ml.v1")

    def vertex(self, version: str = "v1") -> Any:
        """The `aiplatform` client of the emulated methods, for one version of the API."""
        return self._client(f"aiplatform.{version}", copy.deepcopy(methods.document(version)))  # the client changes it

    def storage(self) -> Any:
        """The Cloud Storage client."""
        return self._client("storage.v1")

    def _client(self, name: str, document: Mapping[str, Any] | None = None) -> Any:
        if name not in self._clients:
            document = {**(document or discovery.document(name)), "rootUrl": f"{self.endpoint}/"}
            http = httplib2.Http(timeout=BOUND)
            self._clients[name] = build_from_document(document, http=http), http
        client, http = self._clients[name]
        if time.monotonic() - self._asked.get(name, 0.0) > _IDLE:
            http.close()
        self._asked[name] = time.monotonic()
        return client

    def calls(self) -> dict[str, int]:
        """Method ID -> number of calls since the start or `reset_calls`."""
        found: dict[str, int] = self._admin("calls")
        return found

    def status(self) -> dict[str, Any]:
        """The content of `/-/status`."""
        found: dict[str, Any] = self._admin("status")
        return found

    def reset_calls(self) -> None:
        """Resets the counts of calls."""
        self._send("DELETE", "calls")

    def faults(self, *rules: dict[str, Any]) -> None:
        """Sets the rules of `emulator.core.calls.faults` for failing calls; without rules, removes them."""
        self._send("PUT", "faults", json.dumps(rules).encode())

    def faults_left(self) -> list[dict[str, Any]]:
        """The rules, with the remaining times of each."""
        found: list[dict[str, Any]] = self._admin("faults")
        return found

    def is_faulted(self) -> bool:
        """Whether the last rule has been used up."""
        return bool(self.faults_left()[-1]["times"] == 0)

    def _send(self, verb: str, name: str, content: bytes | None = None) -> None:
        request = urllib.request.Request(f"{self.endpoint}/-/{name}", content, method=verb)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=BOUND):  # noqa: S310 - loopback
            pass

    def _admin(self, name: str) -> Any:
        with urllib.request.urlopen(f"{self.endpoint}/-/{name}", timeout=BOUND) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    def kill(self) -> None:
        """Kills the emulator as `kill -9` does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Stops the emulator as SIGTERM does; returns its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        for _, http in self._clients.values():
            http.close()
        self._clients.clear()
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            code = self._process.wait(timeout=BOUND)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        return code


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def descendants(pid: int) -> list[int]:
    """The IDs of all processes below this one, children first."""
    try:
        return [process.pid for process in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
