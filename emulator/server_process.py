"""The process that serves: binds the port, writes the pid file, runs until a signal stops it."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import resource
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import uvloop

from emulator import code_version, daemon, listening
from emulator.app import Emulator
from emulator.core import disk_errors
from emulator.settings import Settings
from gcp.errors import Error

_FILES = 1 << 16
"""More than every connection and every object on its way need; nodes go through all that may be open when they fork."""


def serve(data: Path, settings: Settings, make: Callable[[Path, Settings], Emulator] = Emulator) -> None:
    """Serves in the foreground until SIGTERM or SIGINT; returns when every worker process has ended.

    Args:
        data: the data folder.
        settings: how the emulator behaves.
        make: makes the emulator of both.

    Raises:
        Error: the port is taken, `data` cannot be used, or another emulator uses it.
    """
    code = code_version.digest()  # before anything else: what is imported from here on is this code
    _open_more()
    daemon.prepare(data)
    with _lock(data), listening.bind(settings) as listener:
        port = listener.getsockname()[1]
        try:
            settings = replace(settings, port=port)
            uvloop.run(_run(partial(make, data, settings), data, settings, listener, code))
        except sqlite3.DatabaseError as exc:
            raise daemon.unusable(data, disk_errors.reason(exc) or f"its database cannot be read ({exc})") from exc
        except OSError as exc:
            reason = disk_errors.reason(exc)
            if not reason:
                raise
            raise daemon.unusable(data, reason) from exc


def _open_more() -> None:
    """As many open files as the system lets this process have, up to a bound: a large answer takes three of them.

    The soft limit is often 1024, for the sake of programs that call `select`.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):  # the system has a lower bound than it says; then it stays as it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def _run(
    make: Callable[[], Emulator], data: Path, settings: Settings, listener: socket.socket, code: str
) -> None:
    emulator = make()
    server = emulator.server()
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    endpoint = settings.endpoint
    try:
        await emulator.start()
        gc.collect()
        gc.set_threshold(50_000, 20, 20)  # what a call leaves is no garbage in cycles
        gc.freeze()  # the discovery documents are many objects, and a look at them all is felt by a prediction
        with daemon.pid_file(data, endpoint, settings.token_file, code):
            emulator.log.line(f"serving on {endpoint}")
            print(f"serving on {endpoint}", flush=True)
            await server.serve(listener, stop)
    finally:
        await emulator.stop()


@contextmanager
def _lock(data: Path) -> Iterator[None]:
    """Holds the data folder: two processes must not write to one state."""
    with (data / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise Error(f"another emulator runs on {data}: stop it, or give another --data") from exc
        yield
