"""What a killed engine leaves on a file:// backend that no `pulumi` command finds out or repairs.

`pulumi cancel` removes locks, but does not know whether their process still runs. With an empty file of attributes or
an empty snapshot every command fails, those that repair a state included. The rest is read with `pulumi stack export`.

A stack's files are found by the path of its snapshot, `.pulumi/stacks/PROJECT/STACK.json`.
"""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections.abc import Collection
from pathlib import Path

import psutil

from gcp import errors
from resources.config import state_backend
from tools import local_pulumi


def snapshot(backend: str, stack: str) -> Path | None:
    """The path of a stack's snapshot on a backend; None if it is not in a folder of this machine.

    Args:
        backend: a URL; a relative path starts at this checkout.
        stack: `STACK` of this checkout's project, or `organization/PROJECT/STACK`.
    """
    folder = next(state_backend.folders(backend, local_pulumi.ROOT), None)
    place, _, name = stack.rpartition("/")
    project = place.partition("/")[2] or local_pulumi.project()
    return folder / ".pulumi" / "stacks" / project / f"{name}.json" if folder else None


def locks(path: Path) -> list[bool]:
    """Whether the process of each lock has ended. An unreadable lock, or another machine's, counts as held."""
    files = (path.parents[2] / "locks" / "organization" / path.parent.name / path.stem).glob("*.json")
    return [_is_abandoned(lock, path.stem) for lock in files if lock.exists()]


def _is_abandoned(lock: Path, stack: str) -> bool:
    try:
        holder = json.loads(lock.read_bytes())
        host, pid = str(holder["hostname"]), int(holder["pid"])
    except FileNotFoundError:  # it was released just now
        return False
    except (ValueError, LookupError, TypeError):
        cancel = f"if no update of this stack runs, `pulumi cancel --stack {stack}` removes it"
        print(f"warning: {lock} does not name its process: {cancel}", file=sys.stderr, flush=True)
        return False
    return host == socket.gethostname() and not _runs(pid)


def _runs(pid: int) -> bool:
    """Whether a pulumi with this process ID runs; after a restart the ID can belong to another program."""
    try:
        process = psutil.Process(pid)
        return bool(process.name() == "pulumi" and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def remove_partial(path: Path) -> None:
    """Removes what the engine writes in place or has yet to rename, which a kill cuts off.

    It fails to read a cut `NAME.json.attrs` ("failed to load checkpoint: EOF"), but needs none.
    """
    top, own = path.parents[2], f"{path.parent.name}/{path.stem}"
    for file in (*top.glob(f"stacks/{own}.json*"), *top.glob(f"*/{own}/*")):
        if file.suffix in (".attrs", ".tmp"):
            file.unlink()


def restore_backup(path: Path) -> bool:
    """Replaces an empty snapshot, which the engine leaves on a full disk, by its backup; returns whether it did."""
    for each in (path, path.with_name(f"{path.name}.gz")):
        backup = each.with_name(f"{each.name}.bak")
        if each.exists() and not each.stat().st_size and backup.exists():
            shutil.copyfile(backup, each)
            each.with_name(f"{each.name}.attrs").unlink(missing_ok=True)  # it belongs to the empty one
            return True
    return False


def save_unread(path: Path, urns: Collection[str]) -> None:
    """Saves the URNs to refresh, since the engine forgets them when it starts a refresh; empty removes the file."""
    file = path.with_name(f"{path.name}.unread")
    if urns:
        file.write_text(json.dumps(sorted(urns)), encoding="utf-8")
    else:
        file.unlink(missing_ok=True)


def unread(path: Path) -> list[str]:
    """The URNs that `save_unread` saved. Raises `Error`."""
    file = path.with_name(f"{path.name}.unread")
    try:
        return [str(urn) for urn in json.loads(file.read_bytes())]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError):
        raise errors.Error(f"{file} is cut: run `pulumi refresh`, then remove it") from None
