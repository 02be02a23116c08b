"""Where benchmarks run: a temporary folder and processes, all of it gone in the end."""

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
from benchmarks.watch import descendants

ROOT = Path(__file__).parent.parent
_PR_SET_CHILD_SUBREAPER = 36
_GRACE = 10.0
_SHOWN = 5


class World:
    """Use it as a context manager: every process that was started, and what these started, ends with it.

    Args:
        say: shows what is being done.
    """

    def __init__(self, say: Say) -> None:
        self.say = say
        self._processes: list[subprocess.Popen[str]] = []
        self._top = Path(tempfile.mkdtemp(prefix="tf2-models-bench-"))
        self._log = (self._top / "log").open("w", encoding="utf-8")
        if sys.platform == "linux":  # what a process of ours leaves behind becomes our child, and ends with the rest
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends every process and removes the folder. Ctrl-C does not stop it: it takes seconds."""
        kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._end_processes()
            self._log.close()
            shutil.rmtree(self._top)
        finally:
            signal.signal(signal.SIGINT, kept)

    def folder(self, name: str) -> Path:
        """A new folder."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._top))

    def start(self, command: Sequence[str], **more: Any) -> subprocess.Popen[str]:
        """A process that is spoken to over pipes, away from the terminal's Ctrl-C; its errors go to a log."""
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

    def complaints(self) -> str:
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
