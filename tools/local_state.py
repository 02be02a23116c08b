"""Answers questions about the state of a stack on a file:// backend by its exit code, without starting the engine.

Usage: python tools/local_state.py QUESTION

Questions:
    is-abandoned         the stack is locked by an update whose process has ended
    has-pending-creates  the last update was cut off while it created a resource
    has-resources        the state lists a resource, or one that may have been created

The stack is the one that PULUMI_BACKEND_URL and PULUMI_STACK name; without them, this checkout's local stack.
Exit codes: 0 yes, 1 no, 2 usage.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = "tf2-models"
_LOCAL = Path(__file__).resolve().parent.parent / ".local" / "state"
_SCHEME = "file://"


@dataclass(frozen=True)
class State:
    """Where the engine keeps what it knows of a stack.

    Attributes:
        folder: of the backend.
        stack: the stack's name, without organization and project.
    """

    folder: Path
    stack: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> State | None:
        """The state that the environment names; None where it lies in no folder of this machine."""
        backend = environment.get("PULUMI_BACKEND_URL") or f"{_SCHEME}{_LOCAL}"
        if not backend.startswith(_SCHEME):
            return None
        folder = Path(backend.removeprefix(_SCHEME)).expanduser()
        return cls(folder, environment.get("PULUMI_STACK", "local").rpartition("/")[2])

    def is_abandoned(self) -> bool:
        """Whether locks are there, and each is of a process of this machine that has ended."""
        return bool(self._locks()) and not self.is_used()

    def is_used(self) -> bool:
        """Whether a lock is there whose process runs, or may run on another machine."""
        return any(lock["hostname"] != socket.gethostname() or _runs(lock["pid"]) for lock in self._locks())

    def _locks(self) -> list[dict[str, Any]]:
        folder = self.folder / ".pulumi" / "locks" / "organization" / PROJECT / self.stack
        return [json.loads(path.read_text()) for path in folder.glob("*.json")]

    def mend(self) -> None:
        """Removes what a process that was killed while it wrote the state left half written beside it.

        The engine renames a whole new snapshot over the old one, but first writes a file of attributes in place
        (`NAME.json.attrs`): one that is cut makes it read nothing ("failed to load checkpoint: EOF"), none is fine.
        """
        for path in (self.folder / ".pulumi").glob(f"*/{PROJECT}/**/{self.stack}*"):
            if path.suffix == ".tmp" or (path.suffix == ".attrs" and not _is_json(path)):
                path.unlink()

    def put_back(self) -> bool:
        """Puts the snapshot before in the place of one that is cut; says whether it did.

        On a full disk the engine ends, and leaves an empty `NAME.json`; the one before is `NAME.json.bak`.
        """
        before = self._snapshot.with_name(f"{self._snapshot.name}.bak")
        if not self._snapshot.exists() or _is_json(self._snapshot) or not before.exists() or not _is_json(before):
            return False
        shutil.copyfile(before, self._snapshot)
        self._snapshot.with_name(f"{self._snapshot.name}.attrs").unlink(missing_ok=True)  # of the other bytes
        return True

    @property
    def _snapshot(self) -> Path:
        return self.folder / ".pulumi" / "stacks" / PROJECT / f"{self.stack}.json"

    def deployment(self) -> dict[str, Any]:
        """The last snapshot of the stack; empty where the stack was never deployed."""
        if not self._snapshot.exists():
            return {}
        latest: dict[str, Any] = json.loads(self._snapshot.read_text())["checkpoint"].get("latest") or {}
        return latest


def pending_creates(deployment: Mapping[str, Any]) -> list[str]:
    """The URNs of the resources that an update was creating when it was cut off."""
    pending = deployment.get("pending_operations") or []
    return [operation["resource"]["urn"] for operation in pending if operation["type"] == "creating"]


def resources(deployment: Mapping[str, Any]) -> list[str]:
    """The URNs of the resources in a snapshot."""
    return [resource["urn"] for resource in deployment.get("resources") or []]


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


def _runs(pid: int) -> bool:
    """Whether a pulumi with this id runs; after a restart of the machine the id may be another program's."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return False
    ended = rest.split()[0] in {"Z", "X"}  # it waits for its parent to notice
    return name == "pulumi" and not ended


QUESTIONS: dict[str, Callable[[State], bool]] = {
    "is-abandoned": State.is_abandoned,
    "has-pending-creates": lambda state: bool(pending_creates(state.deployment())),
    "has-resources": lambda state: bool(resources(state.deployment()) or pending_creates(state.deployment())),
}


def main(arguments: list[str]) -> int:
    """Answer one question about the stack that the environment names."""
    if len(arguments) != 1 or arguments[0] not in QUESTIONS:
        print(__doc__, file=sys.stderr)
        return 2
    state = State.of(os.environ)
    return 0 if state and QUESTIONS[arguments[0]](state) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
