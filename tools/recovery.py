"""Deploys or destroys the selected stack, and puts right before and after it what a killed update left.

Usage: python -m tools.recovery up|destroy [OPTION...]

    1. The plugins of an engine that is gone are ended, and the lock of a process that is gone is released
       (`pulumi cancel --yes`): only where the state is a folder of this machine, for else nobody can know.
    2. `pulumi up OPTION...`. It finds what was half made, by its label, and goes on with it. Before a `destroy` this is
       done for what was half made alone: what the state does not know would stay.
    3. Where the state still notes creations that were cut off, and `up` has settled them all:
       `pulumi refresh --clear-pending-creates OPTION...`.

Where nothing was killed, this is `pulumi up` or `pulumi destroy` and nothing else. Ctrl-C, and a SIGTERM to
all processes of the group, are the engine's, which ends its calls and then itself.
Exit codes: that of pulumi; 1 where a creation is not settled; 2 usage.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from tools import leftovers
from tools.local_state import State, pending_creates, resources

_ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str]) -> int:
    """Runs one verb on the selected stack; returns the exit code."""
    if not arguments or arguments[0] not in _VERBS:
        print(__doc__, file=sys.stderr)
        return 2
    verb, *options = arguments
    _release()
    return _VERBS[verb](options)


def _up(options: Sequence[str]) -> int:
    code = _pulumi("up", *options)
    return code or _settle(resources(_deployment()), options)


def _destroy(options: Sequence[str]) -> int:
    left = pending_creates(_deployment())
    if left:
        _say("An update was killed while it created something: taking that over, to destroy it too")
        _pulumi(
            "up", *options, *(f"--target={urn}" for urn in left)
        )  # where it fails, the rest is destroyed all the same
    known = resources(_deployment())
    code = _pulumi("destroy", *options)
    return code or _settle(known, options)


def _release() -> None:
    """Ends what a killed engine left of processes, and its lock."""
    ended = leftovers.end(_ROOT)
    state = State.of(os.environ)
    abandoned = state is not None and state.is_abandoned()
    if ended or abandoned:
        _say("The last update was killed: going on from where it ended")
    if state is not None and abandoned:
        state.mend()
        _pulumi("cancel", "--yes")
    if state is not None and not state.is_used() and state.put_back():
        _say("The disk was full when the state was written: going on from the state before")


def _settle(known: Collection[str], options: Sequence[str]) -> int:
    """Has the state forget the creations that were cut off, where it came to know what they made."""
    pending = pending_creates(_deployment())
    unknown = [urn for urn in pending if urn not in known]
    for urn in unknown:
        _say(
            f"error: {urn} was being created when an update was killed, and nobody knows whether it is there: declare "
            "it once more and run this again, or delete it by hand and run `pulumi refresh --clear-pending-creates`"
        )
    if unknown:
        return 1
    return _pulumi("refresh", "--clear-pending-creates", *options) if pending else 0


def _deployment() -> dict[str, Any]:
    """The stack's last snapshot: from its file, where the state is a folder of this machine; else from the engine."""
    state = State.of(os.environ)
    if state is not None:
        return state.deployment()
    text = subprocess.run(["pulumi", "stack", "export"], check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(text).get("deployment") or {}
    return found


def _pulumi(*command: str) -> int:
    """Runs the engine, which a terminal's Ctrl-C and a CI system's SIGTERM reach by themselves; waits for its end."""
    with subprocess.Popen(["pulumi", *command]) as process:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        return process.wait()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


_VERBS: dict[str, Callable[[Sequence[str]], int]] = {"up": _up, "destroy": _destroy}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
