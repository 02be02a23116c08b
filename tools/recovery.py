"""Deploys or destroys a stack, and puts right before and after it what a killed update left.

Usage: python -m tools.recovery up|destroy [--stack NAME] [OPTION...]

    1. The plugins of an engine that is gone are ended, and the lock of a process that is gone is released
       (`pulumi cancel --yes`): only where the state is a folder of this machine, for else nobody can know.
    2. `pulumi refresh --target URN...`, of what was being changed or deleted: only the API knows whether that
       took effect, and `up` would forget the question. Where this fails, nothing else is done.
    3. `pulumi up OPTION...`. It finds what was half made, by its label, and goes on with it. Before a `destroy` this is
       done for what was half made alone: what the state does not know would stay.
    4. Where the state still notes creations that were cut off, and `up` has settled them all:
       `pulumi refresh --clear-pending-creates`. Those that it has not are named, with what to do.

Of the options, 2 and 4 get those that are for every command (`--yes`, `--config-file FILE`), not `--target`,
`--refresh`, `--continue-on-error` and others that say what this `up` or `destroy` is to do.
The stack is that of `--stack`, of PULUMI_STACK or the selected one, of this checkout's project, for each step the same.
Where nothing was killed, this is `pulumi up` or `pulumi destroy` and nothing else. Ctrl-C, and a SIGTERM to
all processes of the group, are the engine's, which ends its calls and then itself.
Exit codes: that of pulumi; 1 where a creation is not settled, or the stack or its state cannot be told; 2 usage.
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
    """Runs one verb on a stack; returns the exit code."""
    if not arguments or arguments[0] not in _VERBS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        stack = Stack.select(arguments[1:])
        _release(stack)
        return _read_afresh(stack) or _VERBS[arguments[0]](stack)
    except (UnknownStackError, UnreadableError) as error:
        _say(f"error: {error}")
        return 1


def _read_afresh(stack: Stack) -> int:
    """Has the state say what the API has of all that was being changed or deleted when an update was killed.

    The stack file may have been taken back since: compared with the state of before, nothing would differ.
    """
    deployment = stack.deployment()
    left = {*pending(deployment, *_CHANGES), *(stack.state.noted() if stack.state else ())}
    cut = sorted(left.intersection(resources(deployment)))
    if not cut:
        return 0
    if stack.state:
        stack.state.note(cut)
    _say("An update was killed while it changed something: reading how that ended")
    code = stack.prepare("refresh", "--skip-preview", "--yes", *(f"--target={urn}" for urn in cut))
    if not code and stack.state:
        stack.state.note([])
    if code:
        _say(f"error: whether {', '.join(cut)} changed is not known yet, and nothing else was done: {_LATER}")
    return code


def _up(stack: Stack) -> int:
    code = stack.update("up")
    return _settle(stack, resources(stack.deployment()), code)


def _destroy(stack: Stack) -> int:
    left = pending(stack.deployment(), "creating")
    if left:
        _say("An update was killed while it created something: taking that over, to destroy it too")
        # What is declared no more fails it, after the rest was taken over; what is not taken over is named below.
        stack.prepare("up", *(f"--target={urn}" for urn in left))
    known = resources(stack.deployment())
    code = stack.update("destroy")
    return _settle(stack, known, code)


def _release(stack: Stack) -> None:
    """Ends what a killed engine left of processes, and its lock."""
    ended = orphaned_processes.end(ROOT)
    locks = _locks(stack)
    abandoned = bool(locks) and all(locks)
    if ended or abandoned:
        _say("The last update was killed: going on from where it ended")
    if stack.state is None or not all(locks):
        return
    if abandoned:
        stack.state.mend()
        stack.run("cancel", "--yes")
    if stack.state.put_back():
        _say("The disk was full when the state was written: going on from the state before")


def _locks(stack: Stack) -> list[bool]:
    """Whether each lock of the stack is abandoned."""
    found = [_is_abandoned(lock, stack) for lock in (stack.state.locks() if stack.state else ())]
    return [answer for answer in found if answer is not None]


def _is_abandoned(lock: Path, stack: Stack) -> bool | None:
    """None where the lock was released meanwhile; one that cannot be read is told, and holds."""
    try:
        return is_abandoned(lock)
    except FileNotFoundError:
        return None
    except UnreadableError as error:
        _say(f"warning: {error}: if no update of this stack runs, `pulumi cancel --stack {stack.name}` removes it")
        return False


def _settle(stack: Stack, known: Collection[str], code: int) -> int:
    """Has the state forget the creations that were cut off, where it came to know what they made.

    Args:
        stack: the stack.
        known: what the state came to know, by URN.
        code: with which the update ended; where it failed, nothing is forgotten.

    Returns:
        The exit code of all.
    """
    created = pending(stack.deployment(), "creating")
    unknown = [urn for urn in created if urn not in known]
    forget = shlex.join(["pulumi", "refresh", "--clear-pending-creates", "--stack", stack.name, *stack.shared])
    for urn in unknown:
        _say(
            f"error: {urn} was being created when an update was killed, and nobody knows whether it is there. Where it "
            f"is declared no more: declare it once more and run this again, or {_by_hand(urn)}, run "
            f"`{forget}`, and then this again"
        )
    if code or not created:
        return code
    return 1 if unknown else stack.prepare("refresh", "--clear-pending-creates")


def _by_hand(urn: str) -> str:
    """How somebody is rid of a resource without the stack."""
    if urn.split("::")[-2].endswith(_JOB):
        return "cancel it by hand (`gcloud ai-platform jobs list`, then `gcloud ai-platform jobs cancel ID`)"
    return "delete it by hand"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


_CHANGES = ("updating", "deleting")
"""What the engine calls the operations after which the state may say something else than the API."""
_JOB = ":BatchPredictionJob"
"""The end of the type of what the API cannot delete."""
_LATER = "mend what the lines above name, then run `pulumi refresh`, and this again"
_VERBS: dict[str, Callable[[Stack], int]] = {"up": _up, "destroy": _destroy}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
