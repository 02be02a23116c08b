"""Deploys or destroys a stack, and repairs what a killed update left.

Usage: python -m tools.recovery up|destroy [--stack NAME] [OPTION...]

    1. Orphaned plugins of a killed engine are ended, and the lock of an ended process is released
       (`pulumi cancel --yes`). This is done only if the state is a folder of this machine.
    2. `pulumi refresh --target URN...` for resources with a pending update or deletion: only the API knows whether it
       took effect, and `up` would forget to check. If only updates were interrupted, the state gets what they wanted to
       add first (`pulumi stack import`), so that the refresh looks for it. If this fails, nothing else is done.
    3. Resources that were being created and are no longer declared are recorded in the state as unfinished
       (`pulumi stack import`), so that the next step deletes them. This is done only if no other operation was
       interrupted, and if each can be recognized as this stack's own, by its label, its claim or its ID.
    4. `pulumi up OPTION...`, which finds partly created resources by their labels and completes them. Before a
       `destroy` it runs for these resources only, since `destroy` does not delete what the state lacks.
    5. If the state still has pending creations, and `up` has completed them all:
       `pulumi refresh --clear-pending-creates`. Incomplete ones are reported, with what to do.

Steps 2, 3 and 5 get the options that every command has (`--yes`, `--config-file FILE`), but not `--target`,
`--refresh`, `--continue-on-error` and others that are for this `up` or `destroy`.
Every step uses the same stack of this checkout's project: that of `--stack`, of PULUMI_STACK, or the selected one.
If nothing was killed, this only runs `pulumi up` or `pulumi destroy`. Ctrl-C, or a SIGTERM to the process group,
reaches the engine, which finishes its calls and then ends.
Exit codes: that of pulumi; 1 if a creation is incomplete, or the stack or its state cannot be read; 2 wrong usage.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from gcp import errors
from tools import orphaned_processes, pending_creations, pending_updates, state_files
from tools.local_pulumi import ROOT
from tools.pulumi_stack import Stack, pending, resources


def main(arguments: Sequence[str]) -> int:
    """Runs `up` or `destroy` on a stack; returns the exit code."""
    if not arguments or arguments[0] not in ("up", "destroy"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        stack = Stack.select(arguments[1:])
        _release(stack)
        deployment = stack.deployment()
        changing = {
            *pending(deployment, "updating", "deleting"),
            *(state_files.unread(stack.snapshot) if stack.snapshot else ()),
        }
        code = _refresh(stack, deployment, sorted(changing.intersection(resources(deployment))))
        created = pending(deployment, "creating")
        if created and not code and _record(stack):
            created = []
        return code or _complete(stack, arguments[0], created)
    except errors.Error as error:
        _say(f"error: {error}")
        return 1


def _release(stack: Stack) -> None:
    """Ends the orphaned processes of a killed engine, releases its lock and repairs the state's files."""
    ended = orphaned_processes.end(ROOT)
    locks = state_files.locks(stack.snapshot) if stack.snapshot else []
    abandoned = bool(locks) and all(locks)
    if ended or abandoned:
        _say("The last update was killed: continuing from where it stopped")
    if stack.snapshot is None or not all(locks):
        return
    if abandoned:
        state_files.remove_partial(stack.snapshot)
        stack.run("cancel", "--yes")
    if state_files.restore_backup(stack.snapshot):
        _say("The disk was full when the state was written: continuing from its backup")


def _refresh(stack: Stack, deployment: Mapping[str, Any], changed: Sequence[str]) -> int:
    """Refreshes the resources with a pending change or deletion of a killed update; returns the exit code.

    The stack file may have been reverted since: without a refresh, it would equal the old state.
    """
    if not changed:
        return 0
    if stack.snapshot:
        state_files.save_unread(stack.snapshot, changed)
    _say("An update was killed during a change: refreshing the changed resources")
    if (wanted := pending_updates.recorded(deployment)) is not None:
        stack.replace(wanted)
    code = stack.run("refresh", *stack.shared, "--skip-preview", "--yes", *(f"--target={urn}" for urn in changed))
    if not code and stack.snapshot:
        state_files.save_unread(stack.snapshot, [])
    if code:
        _say(f"error: whether {', '.join(changed)} changed is unknown, and nothing else was done: {_LATER}")
    return code


def _record(stack: Stack) -> bool:
    """Records the interrupted creations if the program no longer declares them; returns whether it did."""

    def declared() -> set[str]:
        try:
            return stack.declared()
        except errors.Error:  # `up` reports why
            return set(pending(deployment, "creating"))

    deployment = stack.deployment()
    found = pending_creations.recorded(deployment, declared)
    if found is None:
        return False
    _say("An update was killed during a creation that is no longer declared: deleting what it made")
    stack.replace(found)
    return True


def _complete(stack: Stack, verb: str, left: Sequence[str]) -> int:
    """Runs `up` or `destroy`, then clears the pending creations; reports those that the state lacks.

    Args:
        stack: the stack.
        verb: the command.
        left: the URNs of pending creations.

    Returns:
        The exit code of the whole command. If the command fails, nothing is cleared.
    """
    known: list[str] = []
    if left and verb == "destroy":
        _say("An update was killed during a creation: taking over the created resources, to destroy them too")
        # It fails if one is no longer declared, but takes over the rest; what is left is reported below.
        stack.run("up", *stack.shared, *(f"--target={urn}" for urn in left))
        known = resources(stack.deployment())
    code = stack.run(verb, *stack.options)
    if not code and not left and verb != "destroy":
        return 0
    deployment = stack.deployment()
    created = pending(deployment, "creating")
    if verb == "destroy" and not (code or created or stack.is_partial) and (kept := len(resources(deployment))):
        _say(f"error: the destroy was interrupted, {kept} resources are left: rerun this command")
        return 1
    unknown = [urn for urn in created if urn not in {*known, *resources(deployment)}]
    for urn in unknown:
        _report(stack, urn)
    if code or not created:
        return code
    return 1 if unknown else stack.run("refresh", *stack.shared, "--clear-pending-creates")


def _report(stack: Stack, urn: str) -> None:
    forget = shlex.join(["pulumi", "refresh", "--clear-pending-creates", "--stack", stack.name, *stack.shared])
    _say(
        f"error: {urn} was being created when an update was killed, and may or may not exist. If it is no longer "
        f"declared: declare it again and rerun this command, or {_by_hand(urn)}, run "
        f"`{forget}`, and rerun this command"
    )


def _by_hand(urn: str) -> str:
    """How to remove a resource without the stack. `ml` v1 cannot delete jobs."""
    if urn.split("::")[-2].endswith("ml:BatchPredictionJob"):
        return "cancel it by hand (`gcloud ai-platform jobs list`, then `gcloud ai-platform jobs cancel ID`)"
    return "delete it by hand"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


_LATER = "fix the errors above, then run `pulumi refresh` and rerun this command"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
