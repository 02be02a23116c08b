"""Update masks: which leaves a patch changes, and how it is applied."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.core.google_names import camel


def leaves(mask: str | None) -> list[str]:
    """The leaves that a mask names, in camelCase; none without a mask."""
    return [camel(leaf.strip()) for leaf in (mask or "").split(",") if leaf.strip()]


def applied(current: Mapping[str, Any], given: Mapping[str, Any], mask: Sequence[str]) -> dict[str, Any]:
    """`current` with the masked leaves of `given`; a leaf that is missing or zero is cleared."""
    changed: dict[str, Any] = copy.deepcopy(dict(current))
    for leaf in mask:
        _apply(changed, given, leaf.split("."))
    return changed


def _apply(target: dict[str, Any], given: Mapping[str, Any], path: list[str]) -> None:
    head, *rest = path
    if rest:
        inner = target.setdefault(head, {})
        _apply(inner, given.get(head) or {}, rest)
    elif given.get(head) in (None, "", 0, False, [], {}):
        target.pop(head, None)
    else:
        target[head] = given[head]
