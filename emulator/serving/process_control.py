"""What template and nodes ask of the operating system."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Has the kernel kill this process when its parent ends, where the kernel can (Linux).

    A second line: every process also ends when the other end of its socket closes, but one that is busy inside
    TensorFlow sees that late.

    Args:
        parent: pid of the parent; a parent that ended before this call ends this process now.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def raise_oom_score() -> None:
    """Makes the out-of-memory killer choose this process before the front, where there is such a thing (Linux)."""
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text("500", encoding="ascii")


def close_others(kept: int) -> None:
    """Closes every descriptor but the standard ones and `kept`."""
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))


def limit_cores(cores: int | None) -> None:
    """Restricts this process to `cores` of its cores; None, or more than it has, changes nothing.

    The cores are chosen by the pid, so that processes started one after the other use different ones.
    """
    here = sorted(os.sched_getaffinity(0))
    if cores is not None and cores < len(here):
        first = os.getpid() * cores
        os.sched_setaffinity(0, {here[(first + number) % len(here)] for number in range(cores)})


def limit_memory(extra: int | None) -> None:
    """Lets this process allocate `extra` bytes beyond what it holds now (Linux); None leaves it unlimited."""
    status = Path("/proc/self/statm")
    if extra is None or not status.exists():
        return
    data = int(status.read_text(encoding="ascii").split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (data + extra, data + extra))


def describe_end(status: int | None) -> str:
    """How a process ended, in words that follow its name.

    Args:
        status: as `os.waitpid` gives it; None where it is not known.
    """
    if status is None:
        return "ended"
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        return "was killed (signal 9: by hand, or because memory ran out)"
    if code < 0:
        return f"crashed (signal {-code}: {signal.strsignal(-code)})"
    return f"ended with exit code {code}"
