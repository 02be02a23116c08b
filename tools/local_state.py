"""Answers questions about this checkout's local state by the exit code.

Usage: python -m tools.local_state empty STACK
       python -m tools.local_state alone

    empty   the stack has no resources, and none that may have been created
    alone   no stack in this state but the local ones has resources; the others are printed

Exit codes: 0 yes, 1 no or not known, 2 usage.
"""

from __future__ import annotations

import os
import sys

from gcp import errors
from resources.config import local_endpoint, state_backend
from tools.local_pulumi import ROOT, STATE, project
from tools.pulumi_stack import deployment, pending, resources

_OWN_TYPES = ("pulumi:pulumi:Stack", "pulumi:providers:")


def _urns(owner: str, stack: str) -> set[str]:
    """The resources that a stack has or may have created."""
    backend = {"PULUMI_BACKEND_URL": (ROOT / state_backend.LOCAL_STATE).as_uri()}
    found = deployment(f"organization/{owner}/{stack}", {**os.environ, **backend})
    return {*resources(found), *pending(found, "creating")}


def _is_empty(stack: str) -> bool:
    """False for a state that cannot be read: the recovery repairs or reports it."""
    try:
        return not _urns(project(), stack)
    except errors.Error:
        return False


def _is_alone() -> bool:
    """Prints the other stacks, with their resources and how to move or destroy them."""
    for path in sorted(STATE.glob("*.json*")):
        raise errors.Error(f"{path}: {state_backend.upgrade(ROOT)}")
    own, alone = project(), True
    files = sorted(path for end in (".json", ".json.gz", ".json.zst") for path in STATE.glob(f"*/*{end}"))
    for path in files:
        owner, stack = path.parent.name, path.name[: path.name.rindex(".json")]
        if owner == own and stack in local_endpoint.STACKS:
            continue
        try:
            urns = _urns(owner, stack)
        except errors.Error as error:
            raise errors.Error(f"{path}: {error}") from None
        count = sum(not urn.split("::")[2].startswith(_OWN_TYPES) for urn in urns)
        has = f"{count} resource{'' if count == 1 else 's'}" if count else "empty"
        print(f"stack {stack} of project {owner}: {has}")
        if count:
            alone = False
            print(state_backend.way_out(stack, ROOT, "" if owner == own else owner))
    return alone


def main(arguments: list[str]) -> int:
    """Answers one question; returns the exit code."""
    try:
        match arguments:
            case ["empty", stack]:
                return 0 if _is_empty(stack) else 1
            case ["alone"]:
                return 0 if _is_alone() else 1
    except errors.Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
