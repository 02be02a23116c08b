"""The processes that a killed engine leaves: plugins of Pulumi without an engine above them.

A provider among them may still be in a call that changes the API, and the language host checks only every five minutes
whether its engine runs. No command of Pulumi ends either.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import psutil

_PLUGIN = re.compile(r"(^|[ /])(pulumi-(language|resource)-[^ /]*|pulumi\.dynamic) .*127\.0\.0\.1:\d")
"""The command line of a plugin, with the address of its engine."""
_SECONDS = 10


def end(folder: Path) -> list[int]:
    """Kills the orphaned plugins in this folder and waits for their end; returns their process IDs."""
    orphans = [process for process in psutil.process_iter() if _is_orphan(process, folder)]
    for process in orphans:
        with contextlib.suppress(psutil.NoSuchProcess):  # also if a later process has its ID
            process.kill()
    psutil.wait_procs(orphans, timeout=_SECONDS)
    return [process.pid for process in orphans]


def _is_orphan(process: psutil.Process, folder: Path) -> bool:
    try:
        return bool(
            process.cwd() == str(folder)
            and _PLUGIN.search(" ".join(process.cmdline()))
            and all(parent.name() != "pulumi" for parent in process.parents())
        )
    except psutil.Error:  # it ended meanwhile, or belongs to another user
        return False
