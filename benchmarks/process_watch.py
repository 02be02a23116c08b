"""What processes do while they run, from /proc (Linux)."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import BenchmarkError

PROVIDER = "pulumi.dynamic"
INTERVAL = 0.02
_LOOK = 0.1


@dataclass
class Seen:
    """A provider process, as far as it was seen.

    Attributes:
        peak: most bytes of memory that it held (VmHWM).
        tensorflow: whether TensorFlow's library was loaded.
    """

    peak: int = 0
    tensorflow: bool = False


class Watch:
    """The provider processes below another process, looked at each time that `sample` is called until they end.

    The peak is the kernel's own, so only what is allocated after the last look at a process is missed.
    """

    def __init__(self, top: int) -> None:
        if not Path("/proc/self/status").exists():
            raise BenchmarkError("the memory of other processes can be watched on Linux only")
        self._top, self._looked = top, 0.0
        self._seen: dict[int, Seen] = {}

    def sample(self) -> None:
        """Looks at every process that is known, and from time to time for new ones."""
        if time.monotonic() - self._looked > _LOOK:
            for pid in descendants(self._top):
                if pid not in self._seen and _is_provider(pid):
                    self._seen[pid] = Seen()
            for pid, seen in self._seen.items():
                seen.tensorflow |= "/libtensorflow" in _read(pid, "maps")
            self._looked = time.monotonic()
        for pid, seen in self._seen.items():
            seen.peak = max(seen.peak, peak(pid))

    def result(self) -> Seen:
        """The highest of all. Raises `BenchmarkError` if no provider was seen."""
        seen = self._seen.values()
        if not any(one.peak for one in seen):
            raise BenchmarkError(f"no {PROVIDER} process was seen below pulumi: its memory is not known")
        return Seen(max(one.peak for one in seen), any(one.tensorflow for one in seen))


def descendants(top: int) -> list[int]:
    """Every process below this one, nearest first; none where there is no /proc."""
    children = defaultdict(list)
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        fields = _read(pid, "stat").rpartition(") ")[2].split()
        if fields:
            children[int(fields[1])].append(pid)
    found = list(children[top])
    for pid in found:  # it grows as it is read
        found += children[pid]
    return found


def _is_provider(pid: int) -> bool:
    return PROVIDER in _read(pid, "cmdline").split("\0")


def peak(pid: int) -> int:
    """Most bytes of memory that a process held so far (VmHWM); 0 once it is gone."""
    for line in _read(pid, "status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def core_seconds(pid: int) -> float:
    """A process's CPU time so far, in seconds to a hundredth; independent of other programs."""
    fields = _read(pid, "stat").rpartition(") ")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _read(pid: int, name: str) -> str:
    """A file of a process; empty once the process is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
