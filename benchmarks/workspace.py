"""Temporary folders and processes of the benchmarks, all removed or ended at the end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typing_extensions import Self

from benchmarks.figures import Say
from benchmarks.process_watch import descendants

ROOT = Path(__file__).parent.parent
_PR_SET_CHILD_SUBREAPER = 36
_PREFIX = "tf2-models-bench-"
_GRACE = 10.0
_SHOWN = 5
_SHARED_MEMORY = Path("/dev/shm")  # Linux's file system in memory
_ROOM_BYTES = 8 * 2**30
"""Memory that the figures of files need: 3 GB of objects on each side, and the files to upload."""


class World:
    """A context manager for temporary folders and processes; at its end all processes are ended, with their children.

    Args:
        say: shows the current step.

    Attributes:
        in_memory: whether `memory_folder` is in memory.
    """

    def __init__(self, say: Say) -> None:
        self.say = say
        self._processes: list[subprocess.Popen[str]] = []
        self._top = Path(tempfile.mkdtemp(prefix=_PREFIX))
        memory = _memory_top()
        self.in_memory, self._memory = memory is not None, memory or self._top
        self._log = (self._top / "log").open("w", encoding="utf-8")
        if sys.platform == "linux":  # orphans of our processes become our children and are ended too
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends every process and removes the folders. It takes seconds, and Ctrl-C does not stop it."""
        kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._end_processes()
            self._log.close()
            shutil.rmtree(self._top)
            if self.in_memory:
                shutil.rmtree(self._memory)
        finally:
            signal.signal(signal.SIGINT, kept)

    def folder(self, name: str) -> Path:
        """A new folder."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._top))

    def memory_folder(self, name: str) -> Path:
        """A new folder in memory for files whose disk speed must not matter; on disk if memory has no room."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._memory))

    @property
    def place(self) -> str:
        """A sentence about where `memory_folder` is."""
        if self.in_memory:
            return f"Cloud Storage benchmarks keep their files in memory ({_SHARED_MEMORY})"
        room = f"{_SHARED_MEMORY} has less than {_ROOM_BYTES / 2**30:.0f} GB of free memory"
        return f"{room}: Cloud Storage benchmarks use the disk of {self._top.parent}, which affects them"

    def start(self, command: Sequence[str], **more: Any) -> subprocess.Popen[str]:
        """Starts a process in a new session with pipes; its standard error goes to a log."""
        options: dict[str, Any] = {
            "cwd": ROOT,
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": self._log,
            "text": True,
            "start_new_session": True,
            **more,
        }
        process = subprocess.Popen(command, **options)
        self._processes.append(process)
        return process

    def logged_errors(self) -> str:
        """The last lines of the log."""
        lines = (self._top / "log").read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
        return "\n".join(lines[-_SHOWN:])

    def _end_processes(self) -> None:
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + _GRACE
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
        while left := descendants(os.getpid()):
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, 0)


def _memory_top() -> Path | None:
    """A new folder in memory; None if there is no such file system, or too little room."""
    try:
        _sweep()
        if _room() >= _ROOM_BYTES:
            return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_SHARED_MEMORY))
    except OSError:  # it does not exist, or is not accessible
        return None
    return None


def _sweep() -> None:
    """Removes folders of killed runs in memory, which would stay until a reboot."""
    for folder in _SHARED_MEMORY.glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if folder.stat().st_uid == os.getuid() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _room() -> int:
    """Bytes that are free both in the file system in memory and in memory."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    return min(shutil.disk_usage(_SHARED_MEMORY).free, kilobytes * 1024)
