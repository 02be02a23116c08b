"""The processes that a killed engine leaves: plugins of Pulumi whose engine answers no more.

The language host asks its engine every five minutes whether it lives, and ends only then. Whoever goes on with the
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
    """Ends those that work in this folder, and waits for their end.

    Returns:
        Their process ids.
    """
    ended = []
    for process in Path("/proc").glob("[0-9]*"):
        # A process that ends meanwhile, or that is another user's, is none of ours.
        with contextlib.suppress(OSError):
            if (process / "cwd").resolve(strict=True) == folder and _is_left(process):
                _end(int(process.name))
                ended.append(int(process.name))
    return ended


def _is_left(process: Path) -> bool:
    """Whether it is a plugin that was given an address at which no engine listens."""
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
    """With a handle on the process, so that it is no later one under the same number."""
    handle = os.pidfd_open(pid)
    try:
        if _is_left(Path(f"/proc/{pid}")):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], _SECONDS)
    finally:
        os.close(handle)
