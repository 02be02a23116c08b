"""Answers questions about the local stack's state by its exit code, without starting the engine.

Usage: python tools/local_state.py QUESTION

Questions:
    is-abandoned         the stack is locked by an update whose process has ended
    has-pending-creates  the last update was cut off while it created a resource
    has-resources        the state lists a resource, or one that may have been created

Exit codes: 0 yes, 1 no, 2 usage.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT, STACK = "tf2-models", "local"


def is_abandoned(state: Path) -> bool:
    """Whether locks are there, and each is of a process of this machine that has ended."""
    folder = state / ".pulumi" / "locks" / "organization" / PROJECT / STACK
    locks = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return bool(locks) and all(lock["hostname"] == socket.gethostname() and not _runs(lock["pid"]) for lock in locks)


def has_pending_creates(state: Path) -> bool:
    """Whether the state holds an operation "creating" that was never ended."""
    return any(operation["type"] == "creating" for operation in _latest(state).get("pending_operations") or [])


def has_resources(state: Path) -> bool:
    """Whether there is something to destroy."""
    return bool(_latest(state).get("resources")) or has_pending_creates(state)


def _latest(state: Path) -> dict[str, Any]:
    """The last snapshot of the stack; empty where the stack was never deployed."""
    path = state / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"
    if not path.exists():
        return {}
    latest: dict[str, Any] = json.loads(path.read_text())["checkpoint"].get("latest") or {}
    return latest


def _runs(pid: int) -> bool:
    """Whether a pulumi with this id runs; after a restart of the machine the id may be another program's."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return False
    ended = rest.split()[0] in {"Z", "X"}  # it waits for its parent to notice
    return name == "pulumi" and not ended


QUESTIONS: dict[str, Callable[[Path], bool]] = {
    "is-abandoned": is_abandoned,
    "has-pending-creates": has_pending_creates,
    "has-resources": has_resources,
}


def main(arguments: list[str]) -> int:
    """Answer one question about the state folder of this checkout."""
    if len(arguments) != 1 or arguments[0] not in QUESTIONS:
        print(__doc__, file=sys.stderr)
        return 2
    state = Path(__file__).resolve().parent.parent / ".local" / "state"
    return 0 if QUESTIONS[arguments[0]](state) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
