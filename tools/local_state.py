"""The state of a stack on a file:// backend, read without starting the engine.

Usage: python tools/local_state.py QUESTION

Questions about this checkout's local state, answered by the exit code:
    exists         the local stack exists
    has-resources  the local stack's state has a resource, or one that may have been created
    alone          no other stack in this state has resources; the other stacks are printed

Exit codes: 0 yes, 1 no, 2 usage, 3 the state cannot be read.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import socket
import sys
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_ENDS = (".json", ".json.gz", ".json.zst")
_ENDING = re.compile(r"\.json(\.gz|\.zst)?$")
_OWN_TYPES = ("pulumi:pulumi:Stack", "pulumi:providers:")
_GZIP = b"\x1f\x8b"


class UnreadableError(Exception):
    """A state file is invalid; the text names it."""


@dataclass(frozen=True)
class State:
    """The state files of one stack.

    Attributes:
        folder: `.pulumi` in the backend's folder.
        project: the name of the stack's project.
        stack: the stack's name, without organization and project.
    """

    folder: Path
    project: str
    stack: str

    @classmethod
    def of(cls, backend: str, stack: str) -> State | None:
        """The state of a stack on a backend; None if it is not in a folder of this machine.

        Args:
            backend: a URL; a relative path starts at this checkout.
            stack: `STACK` of this checkout's project, or `organization/PROJECT/STACK`.
        """
        from resources.config import state_backend  # not possible if this file is run by its path

        folder = next(state_backend.folders(backend, ROOT), None)
        if folder is None:
            return None
        place, _, name = stack.rpartition("/")
        return cls(folder / ".pulumi", place.partition("/")[2] or _project(), name)

    @classmethod
    def local(cls) -> State:
        """The state of this checkout's local stack."""
        return cls(ROOT / ".local" / "state" / ".pulumi", _project(), "local")

    def is_same(self, other: State) -> bool:
        """Whether both are the same stack, even if their paths differ by links."""
        names = (self.project, self.stack) == (other.project, other.stack)
        return names and self.folder.resolve() == other.folder.resolve()

    def locks(self) -> list[Path]:
        """The stack's lock files."""
        return sorted((self.folder / "locks" / "organization" / self.project / self.stack).glob("*.json"))

    def remove_partial_files(self) -> None:
        """Removes incomplete files of a process that was killed while it wrote the state.

        The engine replaces a snapshot by a rename, but first overwrites a file of attributes
        (`NAME.json.attrs`): it fails to read a truncated one ("failed to load checkpoint: EOF"), but needs none.
        """
        place = f"{self.project}/{self.stack}"
        for path in (*self.folder.glob(f"stacks/{place}.json*"), *self.folder.glob(f"*/{place}/*")):
            if path.suffix == ".tmp" or (path.suffix == ".attrs" and not _is_json(path)):
                path.unlink()

    def restore_backup(self) -> bool:
        """Replaces an invalid snapshot by its backup; returns whether it did.

        On a full disk the engine fails and leaves an empty `NAME.json`; `NAME.json.bak` has the snapshot before.
        """
        snapshot = self._snapshot
        if snapshot == self._valid_snapshot:
            return False
        shutil.copyfile(self._valid_snapshot, snapshot)
        snapshot.with_name(f"{snapshot.name}.attrs").unlink(missing_ok=True)  # it belongs to the invalid snapshot
        return True

    def others(self) -> list[State]:
        """The other stacks in the folder, of every project; in the layout without projects the name is empty."""
        files = [path for end in _ENDS for depth in ("*", "*/*") for path in self.folder.glob(f"stacks/{depth}{end}")]
        found = {(path.parent, _ENDING.sub("", path.name)) for path in files}
        top = self.folder / "stacks"
        states = [State(self.folder, "" if place == top else place.name, name) for place, name in sorted(found)]
        return [state for state in states if not state.is_same(self)]

    def count(self) -> int:
        """The number of resources that exist or may have been created, without the stack's own entry and providers.

        Raises:
            UnreadableError: the file is not a snapshot.
        """
        if self.exists():
            deployment = self.deployment()
            urns = {*resources(deployment), *pending(deployment, "creating")}
            return sum(not urn.split("::")[2].startswith(_OWN_TYPES) for urn in urns)
        raise UnreadableError(
            f"{self.folder / 'stacks' / self.project / self.stack}.json.zst cannot be read: zstd is not supported"
        )

    def exists(self) -> bool:
        """Whether the stack exists."""
        return self._snapshot.exists()

    def deployment(self) -> dict[str, Any]:
        """The last valid snapshot of the stack; empty if the stack was never deployed.

        Raises:
            UnreadableError: the file is not a snapshot.
        """
        path = self._valid_snapshot
        try:
            latest: dict[str, Any] = _read(path)["checkpoint"].get("latest") or {}
        except FileNotFoundError:
            return {}
        except (ValueError, LookupError, TypeError, AttributeError):
            raise UnreadableError(
                f"{path} is not a valid Pulumi state: replace it by an older one (.bak beside it)"
            ) from None
        return latest

    def save_unread(self, urns: Collection[str]) -> None:
        """Saves the URNs to refresh, since the engine forgets them when it starts a refresh; empty removes the file."""
        if urns:
            self._unread_file.write_text(json.dumps(sorted(urns)), encoding="utf-8")
        else:
            self._unread_file.unlink(missing_ok=True)

    def unread(self) -> list[str]:
        """The URNs that `save_unread` saved. Raises `UnreadableError`."""
        try:
            return [str(urn) for urn in json.loads(self._unread_file.read_bytes())]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            raise UnreadableError(f"{self._unread_file} is cut: run `pulumi refresh`, then remove it") from None

    @property
    def _unread_file(self) -> Path:
        return self.folder / "stacks" / self.project / f"{self.stack}.json.unread"

    @property
    def _snapshot(self) -> Path:
        """The plain file, or the compressed one of PULUMI_SELF_MANAGED_STATE_GZIP if it is newer."""
        plain = self.folder / "stacks" / self.project / f"{self.stack}.json"
        existing = [path for path in (plain, plain.with_name(f"{plain.name}.gz")) if path.exists()]
        return max(existing, key=lambda path: path.stat().st_mtime, default=plain)

    @property
    def _valid_snapshot(self) -> Path:
        """The snapshot, or its backup if only that is valid."""
        snapshot = self._snapshot
        before = snapshot.with_name(f"{snapshot.name}.bak")
        is_invalid = snapshot.exists() and not _is_json(snapshot)
        return before if is_invalid and before.exists() and _is_json(before) else snapshot


def _project() -> str:
    file = ROOT / "Pulumi.yaml"
    found = re.search(r"^name: (\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise UnreadableError(f"{file} names no project")
    return found[1]


def pending(deployment: Mapping[str, Any], *kinds: str) -> list[str]:
    """The URNs of the resources with an operation that an interrupted update did not finish.

    Args:
        deployment: a snapshot.
        kinds: the engine's names of operations: `creating`, `updating`, `deleting`.
    """
    operations = deployment.get("pending_operations") or []
    return [operation["resource"]["urn"] for operation in operations if operation["type"] in kinds]


def resources(deployment: Mapping[str, Any]) -> list[str]:
    """The URNs of the resources in a snapshot."""
    return [resource["urn"] for resource in deployment.get("resources") or []]


def is_abandoned(lock: Path) -> bool:
    """Whether a lock belongs to a process of this machine that has ended; False for another machine.

    Raises:
        FileNotFoundError: the lock was released meanwhile.
        UnreadableError: the lock does not name its process.
    """
    try:
        holder = json.loads(lock.read_bytes())
        host, pid = str(holder["hostname"]), int(holder["pid"])
    except (ValueError, LookupError, TypeError):
        raise UnreadableError(f"{lock} does not name its process") from None
    return host == socket.gethostname() and not _runs(pid)


def _runs(pid: int) -> bool:
    """Whether a pulumi with this process ID runs; after a restart the ID can belong to another program."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return False
    ended = rest.split()[0] in {"Z", "X"}  # a zombie
    return name == "pulumi" and not ended


def _is_json(path: Path) -> bool:
    try:
        _read(path)
    except ValueError:
        return False
    return True


def _read(path: Path) -> Any:
    """The parsed content of a file, compressed or not. Raises `ValueError` if it is not JSON."""
    content = path.read_bytes()
    try:
        return json.loads(gzip.decompress(content) if content.startswith(_GZIP) else content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(str(error)) from error


def _has_resources(state: State) -> bool:
    deployment = state.deployment()
    return bool(resources(deployment) or pending(deployment, "creating"))


def _is_alone(state: State) -> bool:
    """Whether no other stack has resources. Prints the others, with their resources and how to move or destroy them."""
    project = _project()
    from resources.config import state_backend  # not possible if this file is run by its path

    counts = {other: other.count() for other in state.others()}
    for other, count in counts.items():
        has = f"{count} resource{'' if count == 1 else 's'}" if count else "empty"
        print(f"stack {other.stack} of project {other.project or '(none)'}: {has}")
        if count:
            owner = "" if other.project == project else other.project
            print(state_backend.way_out(other.stack, ROOT, owner) if other.project else state_backend.upgrade(ROOT))
    return not any(counts.values())


QUESTIONS: dict[str, Callable[[State], bool]] = {
    "exists": State.exists,
    "has-resources": _has_resources,
    "alone": _is_alone,
}


def main(arguments: list[str]) -> int:
    """Answers one question about the local stack; returns the exit code."""
    if len(arguments) != 1 or arguments[0] not in QUESTIONS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return 0 if QUESTIONS[arguments[0]](State.local()) else 1
    except UnreadableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
