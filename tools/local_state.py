"""The state of a stack on a file:// backend, read without starting the engine.

Usage: python tools/local_state.py QUESTION

Questions on this checkout's local state, which are answered by the exit code:
    exists         the engine has made the local stack
    has-resources  the local stack's state lists a resource, or one that may have been created
    alone          no other stack there has resources; the other stacks are printed

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
    """A file of the state that is not what the engine writes; the text names it."""


@dataclass(frozen=True)
class State:
    """Where the engine keeps what it knows of a stack.

    Attributes:
        folder: `.pulumi` in the backend's.
        project: the name of the stack's project.
        stack: the stack's name, without organization and project.
    """

    folder: Path
    project: str
    stack: str

    @classmethod
    def of(cls, backend: str, stack: str) -> State | None:
        """The state of a stack on a backend; None where it lies in no folder of this machine.

        Args:
            backend: a URL; a relative path is one from this checkout.
            stack: `STACK`, which is of this checkout's project, or `organization/PROJECT/STACK`.
        """
        from resources.config import state_backend  # not where this file is run by its path

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
        """Whether both are the same stack, however their folders are written."""
        names = (self.project, self.stack) == (other.project, other.stack)
        return names and self.folder.resolve() == other.folder.resolve()

    def locks(self) -> list[Path]:
        """The files that lock the stack."""
        return sorted((self.folder / "locks" / "organization" / self.project / self.stack).glob("*.json"))

    def mend(self) -> None:
        """Removes what a process that was killed while it wrote the state left half written beside it.

        The engine renames a whole new snapshot over the old one, but first writes a file of attributes in place
        (`NAME.json.attrs`): one that is cut makes it read nothing ("failed to load checkpoint: EOF"), none is fine.
        """
        place = f"{self.project}/{self.stack}"
        for path in (*self.folder.glob(f"stacks/{place}.json*"), *self.folder.glob(f"*/{place}/*")):
            if path.suffix == ".tmp" or (path.suffix == ".attrs" and not _is_json(path)):
                path.unlink()

    def put_back(self) -> bool:
        """Puts the snapshot before in the place of one that is cut; says whether it did.

        On a full disk the engine ends, and leaves an empty `NAME.json`; the one before is `NAME.json.bak`.
        """
        snapshot = self._snapshot
        if snapshot == self._whole_snapshot:
            return False
        shutil.copyfile(self._whole_snapshot, snapshot)
        snapshot.with_name(f"{snapshot.name}.attrs").unlink(missing_ok=True)  # of the other bytes
        return True

    def others(self) -> list[State]:
        """The other stacks in the same folder, of every project; those of the layout without projects have none."""
        files = [path for end in _ENDS for depth in ("*", "*/*") for path in self.folder.glob(f"stacks/{depth}{end}")]
        found = {(path.parent, _ENDING.sub("", path.name)) for path in files}
        top = self.folder / "stacks"
        states = [State(self.folder, "" if place == top else place.name, name) for place, name in sorted(found)]
        return [state for state in states if not state.is_same(self)]

    def count(self) -> int:
        """How many resources there are, or may have been created; the stack's own entry and providers are not counted.

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
        """Whether the engine has made the stack."""
        return self._snapshot.exists()

    def deployment(self) -> dict[str, Any]:
        """The last whole snapshot of the stack; empty where the stack was never deployed.

        Raises:
            UnreadableError: what is there is no snapshot.
        """
        path = self._whole_snapshot
        try:
            latest: dict[str, Any] = _read(path)["checkpoint"].get("latest") or {}
        except FileNotFoundError:
            return {}
        except (ValueError, LookupError, TypeError, AttributeError):
            raise UnreadableError(
                f"{path} is no state of Pulumi's: put an older one in its place (.bak beside it)"
            ) from None
        return latest

    def note(self, urns: Collection[str]) -> None:
        """Notes what is to be read afresh, for the engine forgets it when it begins to; empty where all was read."""
        if urns:
            self._note.write_text(json.dumps(sorted(urns)), encoding="utf-8")
        else:
            self._note.unlink(missing_ok=True)

    def noted(self) -> list[str]:
        """What was noted. Raises `UnreadableError`."""
        try:
            return [str(urn) for urn in json.loads(self._note.read_bytes())]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            raise UnreadableError(f"{self._note} is cut: run `pulumi refresh`, then remove it") from None

    @property
    def _note(self) -> Path:
        return self.folder / "stacks" / self.project / f"{self.stack}.json.unread"

    @property
    def _snapshot(self) -> Path:
        """The plain file, or the newer one that PULUMI_SELF_MANAGED_STATE_GZIP makes."""
        plain = self.folder / "stacks" / self.project / f"{self.stack}.json"
        there = [path for path in (plain, plain.with_name(f"{plain.name}.gz")) if path.exists()]
        return max(there, key=lambda path: path.stat().st_mtime, default=plain)

    @property
    def _whole_snapshot(self) -> Path:
        """The snapshot; where it is cut, and the one before is not, that one."""
        snapshot = self._snapshot
        before = snapshot.with_name(f"{snapshot.name}.bak")
        is_cut = snapshot.exists() and not _is_json(snapshot)
        return before if is_cut and before.exists() and _is_json(before) else snapshot


def _project() -> str:
    file = ROOT / "Pulumi.yaml"
    found = re.search(r"^name: (\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise UnreadableError(f"{file} names no project")
    return found[1]


def pending(deployment: Mapping[str, Any], *kinds: str) -> list[str]:
    """The URNs of the resources on which an update was at work when it was cut off.

    Args:
        deployment: a snapshot.
        kinds: the engine's names of the work: `creating`, `updating`, `deleting`.
    """
    operations = deployment.get("pending_operations") or []
    return [operation["resource"]["urn"] for operation in operations if operation["type"] in kinds]


def resources(deployment: Mapping[str, Any]) -> list[str]:
    """The URNs of the resources in a snapshot."""
    return [resource["urn"] for resource in deployment.get("resources") or []]


def is_abandoned(lock: Path) -> bool:
    """Whether a lock is of a process of this machine that has ended; of another machine's nobody knows.

    Raises:
        FileNotFoundError: it was released meanwhile.
        UnreadableError: it does not say whose it is.
    """
    try:
        holder = json.loads(lock.read_bytes())
        host, pid = str(holder["hostname"]), int(holder["pid"])
    except (ValueError, LookupError, TypeError):
        raise UnreadableError(f"{lock} does not say which process holds it") from None
    return host == socket.gethostname() and not _runs(pid)


def _runs(pid: int) -> bool:
    """Whether a pulumi with this id runs; after a restart of the machine the id may be another program's."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return False
    ended = rest.split()[0] in {"Z", "X"}  # it waits for its parent to notice
    return name == "pulumi" and not ended


def _is_json(path: Path) -> bool:
    try:
        _read(path)
    except ValueError:
        return False
    return True


def _read(path: Path) -> Any:
    """What a file holds, compressed or not. Raises ValueError where it is no JSON."""
    content = path.read_bytes()
    try:
        return json.loads(gzip.decompress(content) if content.startswith(_GZIP) else content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(str(error)) from error


def _has_resources(state: State) -> bool:
    deployment = state.deployment()
    return bool(resources(deployment) or pending(deployment, "creating"))


def _is_alone(state: State) -> bool:
    """Prints the other stacks beside one, each with the number of its resources and how to move or destroy it."""
    project = _project()
    from resources.config import state_backend  # not where this file is run by its path

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
    """Answers one question about the local stack."""
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
