"""The emulator as a background process: found by its pid file, and known by its start time."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.core import disk_errors
from emulator.http.caller_access import read_token
from gcp.errors import Error
from resources.config import local_endpoint

_START_SECONDS = 60
_STOP_SECONDS = 15
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""To this machine, whatever the environment says of proxies."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A process that serves.

    Attributes:
        pid: its number.
        endpoint: `http://HOST:PORT`.
        token_file: holds the token that it asks for; empty where it asks for none.
        code: the `version.digest` of the code that it runs; empty for a version that did not note it.
        handle: a descriptor that means this process and no later one with the same number.
    """

    pid: int
    endpoint: str
    token_file: str
    code: str
    handle: int


@contextmanager
def pid_file(data: Path, endpoint: str, token_file: str, code: str) -> Iterator[None]:
    """Notes, while the block runs, that this process serves, where the token for it is, and which code it runs."""
    file, pid = data / "pid", os.getpid()
    unfinished = data / "pid.new"
    where = {"endpoint": endpoint, "tokenFile": str(Path(token_file).absolute()) if token_file else "", "code": code}
    unfinished.write_text(json.dumps({"pid": pid, "started": local_endpoint.start_time(pid), **where}))
    unfinished.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def running(data: Path) -> Iterator[Running | None]:
    """The emulator that serves from `data`, or None. Detects a pid that has been reused by another process."""
    try:
        known = json.loads((data / "pid").read_text(encoding="utf-8"))
        handle = os.pidfd_open(known["pid"])
    except (OSError, ValueError, KeyError):
        yield None
        return
    try:
        same = local_endpoint.start_time(known["pid"]) == known["started"]
        where = {"endpoint": known["endpoint"], "token_file": known.get("tokenFile", ""), "code": known.get("code", "")}
        yield Running(pid=known["pid"], handle=handle, **where) if same else None
    finally:
        os.close(handle)


def prepare(data: Path) -> None:
    """Makes the data folder where it is missing. Raises `Error` where there can be none, or it cannot be written to."""
    try:
        disk_errors.probe(data)
        (data / "log").open("ab").close()
    except OSError as exc:
        raise unusable(data, exc.strerror or type(exc).__name__) from None


def unusable(data: Path, reason: str) -> Error:
    """What is said of a folder that cannot be written to."""
    return Error(f"{data} cannot be the emulator's folder: {reason}; free space there, or name another with --data")


def start(data: Path, arguments: Sequence[str]) -> str:
    """Starts `serve` with `arguments` in a session of its own; returns its endpoint once it answers.

    Raises:
        Error: it exited (with its last line), did not respond in time, or cannot use the folder.
    """
    prepare(data)
    with (data / "log").open("ab") as log:
        position = log.tell()
        command = [sys.executable, "-m", "emulator", "serve", "--data", str(data), *arguments]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if child.poll() is not None:
            raise Error(_last_line(data / "log", position))
        with running(data) as found:
            if found and found.pid == child.pid and status(found):
                return found.endpoint
        time.sleep(0.01)
    child.kill()
    child.wait()
    raise Error(f"the emulator did not answer within {_START_SECONDS} s: python -m emulator logs --data {data}")


def _last_line(log: Path, position: int) -> str:
    with log.open("rb") as file:
        file.seek(position)
        lines = file.read().decode("utf-8", "replace").split("\n")
    said = [line for line in lines if line.strip()]
    return said[-1].removeprefix("error: ") if said else "the emulator ended at once and said nothing"


def stop(found: Running) -> None:
    """Ends it, and waits for its end. Raises `Error` where it does not end, even when killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        signal.pidfd_send_signal(found.handle, number)
        poll = select.poll()
        poll.register(found.handle, select.POLLIN)
        if poll.poll(_STOP_SECONDS * 1000):
            return
    raise Error(f"process {found.pid} does not end")


def status(found: Running) -> dict[str, Any] | None:
    """What `/-/status` answers, or None where nothing answers. Raises `Error` where its token cannot be read."""
    request = urllib.request.Request(f"{found.endpoint}/-/status")  # noqa: S310 - a URL of ours
    if found.token_file:
        request.add_header("Authorization", f"Bearer {read_token(Path(found.token_file))}")
    try:
        with _DIRECT.open(request, timeout=5) as answer:
            said: dict[str, Any] = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None
    return said
