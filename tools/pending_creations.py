"""What a killed update was creating and the program no longer declares: recorded, so that the next command deletes it.

The engine keeps an interrupted creation beside the resources, with its inputs. `up` finds what is still declared by its
label or ID. What is not, it would never delete, since the state lacks it. So it is moved to the resources, in the form
of a creation that failed partway (`resources/engine/unfinished.py`): deleting it waits for what runs, deletes only what
this stack made, and accepts that nothing was made.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from typing import Any

from resources.engine import unfinished
from tools import snapshot_values

_CREATING = "creating"
_REASON = "An update was killed while it created this resource"


def recorded(deployment: Mapping[str, Any], declared: Callable[[], Collection[str]]) -> dict[str, Any] | None:
    """The snapshot with the undeclared creations among its resources.

    Args:
        deployment: a snapshot.
        declared: returns the URNs that the program declares; called only if everything else allows it.

    Returns:
        None if nothing can be recorded: one is declared, nobody could say whose a resource is, or another operation was
        interrupted, which the engine would forget: it drops those of a snapshot that it imports.
    """
    operations = deployment.get("pending_operations") or []
    known = {each["urn"] for each in deployment.get("resources") or []}
    created = [each["resource"] for each in operations if each["type"] == _CREATING]
    entries = [entry for each in created if each["urn"] not in known and (entry := _entry(each))]
    if not entries or len(entries) < len(operations):
        return None
    if not {entry["urn"] for entry in entries}.isdisjoint(declared()):
        return None
    found = copy.deepcopy(dict(deployment))
    return {**found, "resources": [*found["resources"], *entries], "pending_operations": []}


def _entry(resource: Mapping[str, Any]) -> dict[str, Any] | None:
    """The resource as one of which only the inputs are known; None if it might be somebody else's."""
    inputs = resource.get("inputs") or {}
    kind = snapshot_values.kind_of(inputs)
    if kind is None:
        return None
    paths = [inputs.get(name) for name in kind.schema.names("path")]
    is_hidden = any(map(snapshot_values.is_special, paths))
    if is_hidden or not unfinished.is_recognizable(kind, dict(inputs), resource["urn"]):
        return None
    outputs = {**inputs, unfinished.UNFINISHED: {"verb": "create", "operation": ""}}
    return {**resource, "id": kind.identity(dict(inputs)), "outputs": outputs, "initErrors": [_REASON]}
