"""The processes that a killed engine leaves: plugins of Pulumi whose engine no longer answers.

The language host checks every five minutes whether its engine runs, and ends only then. A recovery of the
stack need not wait for that.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import socket
from pathlib import Path

_PLUGINS = re.compile(rb"(^|/)pulumi-(language|resource)-[^/]*$|^pulumi\.dynamic$")
_ADDRESS = re.compile(r"127\.0\.0\.1:\d+")
_SECONDS = 10


def end(folder: Path) -> list[int]:
    """Kills the orphaned plugins in this folder and waits for their end.

    Returns:
        Their process IDs.
    """
    ended = []
    for process in Path("/proc").glob("[0-9]*"):
        # Skips processes that end meanwhile or belong to another user.
        with contextlib.suppress(OSError):
            if (process / "cwd").resolve(strict=True) == folder and _is_orphan(process):
                _end(int(process.name))
                ended.append(int(process.name))
    return ended


def _is_orphan(process: Path) -> bool:
    """Whether a process is a plugin with an engine's address at which nothing listens."""
    arguments = (process / "cmdline").read_bytes().split(b"\0")
    if not any(_PLUGINS.search(argument) for argument in arguments):
        return False
    addresses = _ADDRESS.findall(b" ".join(arguments).decode("utf-8", "replace"))
    return bool(addresses) and not any(map(_answers, addresses))


def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as caller:
        caller.settimeout(1)
        return caller.connect_ex((host, int(port))) == 0


def _end(pid: int) -> None:
    """Kills a process by a handle, so that a later process with the same ID is not killed."""
    handle = os.pidfd_open(pid)
    try:
        if _is_orphan(Path(f"/proc/{pid}")):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], _SECONDS)
    finally:
        os.close(handle)
