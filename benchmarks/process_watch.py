"""Memory and CPU time of running processes (Linux)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.figures import BenchmarkError

PROVIDER = "pulumi.dynamic"
INTERVAL = 0.02
_SEARCH_SECONDS = 0.1


@dataclass
class Seen:
    """What was measured of a provider process.

    Attributes:
        peak: its peak memory in bytes (VmHWM).
        tensorflow: whether TensorFlow's library was loaded.
    """

    peak: int = 0
    tensorflow: bool = False


class Watch:
    """Watches the provider processes below another process; call `sample` repeatedly until they end.

    The kernel records the peak, so only memory allocated after the last sample of a process is missed.
    """

    def __init__(self, top: int) -> None:
        if not Path("/proc/self/status").exists():
            raise BenchmarkError("the memory of other processes can be watched on Linux only")
        self._top, self._searched = top, 0.0
        self._seen: dict[int, Seen] = {}

    def sample(self) -> None:
        """Reads the peak of every known provider, and from time to time looks for new ones."""
        if time.monotonic() - self._searched > _SEARCH_SECONDS:
            for pid in descendants(self._top):
                if pid not in self._seen and _is_provider(pid):
                    self._seen[pid] = Seen()
            for pid, seen in self._seen.items():
                seen.tensorflow |= "/libtensorflow" in _read(pid, "maps")
            self._searched = time.monotonic()
        for pid, seen in self._seen.items():
            seen.peak = max(seen.peak, peak(pid))

    def result(self) -> Seen:
        """The highest peak of all providers. Raises `BenchmarkError` if no provider was found."""
        seen = self._seen.values()
        if not any(one.peak for one in seen):
            raise BenchmarkError(f"no {PROVIDER} process was found below pulumi, so its memory is unknown")
        return Seen(max(one.peak for one in seen), any(one.tensorflow for one in seen))


def descendants(top: int) -> list[int]:
    """The IDs of all processes below this one; none once it has ended."""
    try:
        return [process.pid for process in psutil.Process(top).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _is_provider(pid: int) -> bool:
    return PROVIDER in _read(pid, "cmdline").split("\0")


def peak(pid: int) -> int:
    """A process's peak memory so far in bytes (VmHWM); 0 once it has ended."""
    for line in _read(pid, "status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def core_seconds(pid: int) -> float:
    """A process's CPU time so far in seconds, with a resolution of 0.01 s; independent of other programs."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _read(pid: int, name: str) -> str:
    """The content of a process's file in /proc; empty once the process has ended."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
