"""What a killed update was adding to resources: added to the state, so that a refresh looks for it.

A refresh reads the fields, and the keys of labels, that the state has. What an interrupted update added is not among
them: if the stack file is taken back, it would stay. So the state gets what the update wanted; the refresh that follows
takes out what did not take effect.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from resources.engine import unfinished
from tools import snapshot_values

_UPDATING = "updating"


def recorded(deployment: Mapping[str, Any]) -> dict[str, Any] | None:
    """The snapshot in which resources have what interrupted updates wanted to add.

    Args:
        deployment: a snapshot.

    Returns:
        None if nothing was added, or if an operation of another kind was interrupted, which the engine would forget: it
        drops those of a snapshot that it imports.
    """
    operations = deployment.get("pending_operations") or []
    if any(each["type"] != _UPDATING for each in operations):
        return None
    found = copy.deepcopy(dict(deployment))
    resources = {each["urn"]: each for each in found.get("resources") or []}
    added = [_add(resources[each["resource"]["urn"]], each["resource"]) for each in operations]
    return {**found, "pending_operations": []} if any(added) else None


def _add(resource: dict[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Adds what the wanted inputs have more; returns whether there is any."""
    inputs, news = resource.get("inputs") or {}, wanted.get("inputs") or {}
    kind = snapshot_values.kind_of(news)
    changed = False
    for name in kind.schema.names("mutable") if kind else ():
        old, new = inputs.get(name), news.get(name)
        if new is None or snapshot_values.is_special(new) or snapshot_values.is_special(old):
            continue
        union = unfinished.merged(new, old)
        if union != old:
            changed = True
            for part in ("inputs", "outputs"):
                resource[part] = {**(resource.get(part) or {}), name: union}
    return changed
