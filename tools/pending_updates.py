"""What a killed update was adding to resources: added to the state, so that a refresh looks for it.

A refresh reads the fields, and the keys of labels, that the state has. What an interrupted update added is not among
them: if the stack file is taken back, it would stay. So the state gets what the update wanted; the refresh that follows
takes out what did not take effect.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Mapping
from typing import Any

import dill

from resources.engine.kind import Kind

_PROVIDER, _UPDATING = "__provider", "updating"
_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - the key by which the engine marks special values


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
    if _PROVIDER not in news:
        return False
    kind: Kind = dill.loads(base64.b64decode(news[_PROVIDER]))  # noqa: S301 - pickled by the program
    changed = False
    for name in kind.schema.names("mutable"):
        if name not in news or _is_secret(news[name]) or _is_secret(inputs.get(name)):
            continue
        union = _union(inputs.get(name), news[name])
        if union != inputs.get(name):
            changed = True
            for part in ("inputs", "outputs"):
                resource[part] = {**(resource.get(part) or {}), name: union}
    return changed


def _is_secret(value: Any) -> bool:
    return isinstance(value, Mapping) and _SECRET in value


def _union(old: Any, new: Any) -> Any:
    """The old value with the keys that only the new one has; the new value if there is no old one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping) and not (_is_secret(old) or _is_secret(new)):
        return {**new, **{key: _union(value, new.get(key)) for key, value in old.items()}}
    return new if old is None else old
