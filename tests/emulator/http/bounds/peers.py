"""Peers that send without end, and what the emulator's process holds meanwhile."""

from __future__ import annotations

import contextlib
import re
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.running import RunningEmulator

MB = 1_000_000
ENOUGH = 64 * MB
"""If this many bytes are accepted, there is no limit."""
_PIECE = 1 << 16
_HELD_SECONDS, _DEAF_SECONDS = 20.0, 1.0
"""A peer is held if nobody reads its bytes for so long; one that reads no answers will be soon."""


class Memory:
    """Of a process: how much more than at the start it held at most, its peak forgotten first."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        (self._folder / "clear_refs").write_text("5")
        self._before = self._status("VmRSS")

    def grown(self) -> float:
        """Megabytes."""
        return (self._status("VmHWM") - self._before) / MB

    def _status(self, name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+) kB", (self._folder / "status").read_text(encoding="ascii"))
        assert found
        return int(found[1]) * 1024


@contextlib.contextmanager
def connected(emulator: RunningEmulator) -> Iterator[socket.socket]:
    """A connection."""
    parts = urlsplit(emulator.endpoint)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
        yield connection


def send(connection: socket.socket, beginning: bytes, piece: bytes, enough: int = ENOUGH, *, deaf: bool = False) -> int:
    """Sends a beginning, and a piece again and again: until it is answered, closed or held, or `enough` was sent.

    Returns the number of bytes that were sent. One who is `deaf` goes on whatever is answered.
    """
    repeated = piece * max(1, _PIECE // len(piece))
    patience = _DEAF_SECONDS if deaf else _HELD_SECONDS
    waiting, sent = beginning + repeated, 0
    connection.settimeout(0)
    with contextlib.suppress(ConnectionError):
        while sent < enough:
            answered, free, _ = select.select([connection], [connection], [], patience)
            if (answered and not deaf) or not free:
                break
            sent += (taken := connection.send(waiting))
            waiting = waiting[taken:] or repeated
    connection.settimeout(60)
    return sent


def statuses(connection: socket.socket) -> list[int]:
    """The statuses of what was answered; waits for the first answer, or for the end of the connection."""
    heard = b""
    with contextlib.suppress(ConnectionError):
        while b"\r\n\r\n" not in heard and (piece := connection.recv(_PIECE)):
            heard += piece
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", heard)]
