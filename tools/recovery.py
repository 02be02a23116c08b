"""Deploys or destroys a stack, and repairs what a killed update left.

Usage: python -m tools.recovery up|destroy [--stack NAME] [OPTION...]

    1. Orphaned plugins of a killed engine are ended, and the lock of an ended process is released
       (`pulumi cancel --yes`). This is done only if the state is a folder of this machine.
    2. `pulumi refresh --target URN...` for resources with a pending update or deletion: only the API knows whether it
       took effect, and `up` would forget to check. If this fails, nothing else is done.
    3. `pulumi up OPTION...`, which finds partly created resources by their labels and completes them. Before a
       `destroy` it runs for these resources only, since `destroy` does not delete what the state lacks.
    4. If the state still has pending creations, and `up` has completed them all:
       `pulumi refresh --clear-pending-creates`. Incomplete ones are reported, with what to do.

Steps 2 and 4 get the options that every command has (`--yes`, `--config-file FILE`), but not `--target`,
`--refresh`, `--continue-on-error` and others that are for this `up` or `destroy`.
Every step uses the same stack of this checkout's project: that of `--stack`, of PULUMI_STACK, or the selected one.
If nothing was killed, this only runs `pulumi up` or `pulumi destroy`. Ctrl-C, or a SIGTERM to the process group,
reaches the engine, which finishes its calls and then ends.
Exit codes: that of pulumi; 1 if a creation is incomplete, or the stack or its state cannot be read; 2 wrong usage.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from tools import orphaned_processes
from tools.local_state import ROOT, UnreadableError, is_abandoned, pending, resources
from tools.pulumi_stack import Stack, UnknownStackError


def main(arguments: Sequence[str]) -> int:
    """Runs `up` or `destroy` on a stack; returns the exit code."""
    if not arguments or arguments[0] not in _VERBS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        stack = Stack.select(arguments[1:])
        _release(stack)
        return _refresh_pending(stack) or _VERBS[arguments[0]](stack)
    except (UnknownStackError, UnreadableError) as error:
        _say(f"error: {error}")
        return 1


def _refresh_pending(stack: Stack) -> int:
    """Refreshes the resources with a pending change or deletion of a killed update; returns the exit code.

    The stack file may have been reverted since: without a refresh, it would equal the old state.
    """
    deployment = stack.deployment()
    left = {*pending(deployment, *_CHANGES), *(stack.state.unread() if stack.state else ())}
    changed = sorted(left.intersection(resources(deployment)))
    if not changed:
        return 0
    if stack.state:
        stack.state.save_unread(changed)
    _say("An update was killed during a change: refreshing the changed resources")
    code = stack.prepare("refresh", "--skip-preview", "--yes", *(f"--target={urn}" for urn in changed))
    if not code and stack.state:
        stack.state.save_unread([])
    if code:
        _say(f"error: whether {', '.join(changed)} changed is unknown, and nothing else was done: {_LATER}")
    return code


def _up(stack: Stack) -> int:
    code = stack.update("up")
    return _settle(stack, resources(stack.deployment()), code)


def _destroy(stack: Stack) -> int:
    left = pending(stack.deployment(), "creating")
    if left:
        _say("An update was killed during a creation: taking over the created resources, to destroy them too")
        # It fails if one is no longer declared, but takes over the rest; `_settle` reports what is left.
        stack.prepare("up", *(f"--target={urn}" for urn in left))
    known = resources(stack.deployment())
    code = stack.update("destroy")
    return _settle(stack, known, code)


def _release(stack: Stack) -> None:
    """Ends the orphaned processes of a killed engine, releases its lock and repairs the state's files."""
    ended = orphaned_processes.end(ROOT)
    locks = _locks(stack)
    abandoned = bool(locks) and all(locks)
    if ended or abandoned:
        _say("The last update was killed: continuing from where it stopped")
    if stack.state is None or not all(locks):
        return
    if abandoned:
        stack.state.remove_partial_files()
        stack.run("cancel", "--yes")
    if stack.state.restore_backup():
        _say("The disk was full when the state was written: continuing from its backup")


def _locks(stack: Stack) -> list[bool]:
    """Whether each lock of the stack is abandoned."""
    found = [_is_abandoned(lock, stack) for lock in (stack.state.locks() if stack.state else ())]
    return [answer for answer in found if answer is not None]


def _is_abandoned(lock: Path, stack: Stack) -> bool | None:
    """Whether a lock is abandoned; None if it was released meanwhile. An unreadable lock is reported and counts."""
    try:
        return is_abandoned(lock)
    except FileNotFoundError:
        return None
    except UnreadableError as error:
        _say(f"warning: {error}: if no update of this stack runs, `pulumi cancel --stack {stack.name}` removes it")
        return False


def _settle(stack: Stack, known: Collection[str], code: int) -> int:
    """Clears the pending creations if the state contains their resources, and reports the others.

    Args:
        stack: the stack.
        known: the URNs of the resources in the state.
        code: the exit code of the update; if it failed, nothing is cleared.

    Returns:
        The exit code of the whole command.
    """
    created = pending(stack.deployment(), "creating")
    unknown = [urn for urn in created if urn not in known]
    forget = shlex.join(["pulumi", "refresh", "--clear-pending-creates", "--stack", stack.name, *stack.shared])
    for urn in unknown:
        _say(
            f"error: {urn} was being created when an update was killed, and may or may not exist. If it is no longer "
            f"declared: declare it again and rerun this command, or {_by_hand(urn)}, run "
            f"`{forget}`, and rerun this command"
        )
    if code or not created:
        return code
    return 1 if unknown else stack.prepare("refresh", "--clear-pending-creates")


def _by_hand(urn: str) -> str:
    """How to remove a resource without the stack."""
    if urn.split("::")[-2].endswith(_JOB):
        return "cancel it by hand (`gcloud ai-platform jobs list`, then `gcloud ai-platform jobs cancel ID`)"
    return "delete it by hand"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


_CHANGES = ("updating", "deleting")
"""The engine's names of the operations after which the state and the API can differ."""
_JOB = ":BatchPredictionJob"
"""The end of the type of resources that the API cannot delete."""
_LATER = "fix the errors above, then run `pulumi refresh` and rerun this command"
_VERBS: dict[str, Callable[[Stack], int]] = {"up": _up, "destroy": _destroy}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
