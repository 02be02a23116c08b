"""Compares two states of one resource, leaf by leaf. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from resources.schema.types import join

NOTHING = "nothing"
"""How a missing value is written, also in the state, since the engine drops None."""


class Difference(NamedTuple):
    """A leaf that differs: its path and its two values, None for a missing one."""

    path: str
    before: Any
    now: Any


def differences(before: Mapping[str, Any], now: Mapping[str, Any], paths: Iterable[str]) -> Iterator[Difference]:
    """Every leaf that differs at or below these paths."""
    for path in paths:
        yield from _below(path, at(before, path), at(now, path))


def at(values: Any, path: str) -> Any:
    """The value at a path; None if there is none."""
    for key in path.split("."):
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def put(values: Mapping[str, Any], edits: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the edits (path -> value) applied; None and `NOTHING` remove a value."""
    found = copy.deepcopy(dict(values))
    for path, value in edits.items():
        *parents, last = path.split(".")
        place = found
        for key in parents:
            place = place.setdefault(key, {})
        if value is None or value == NOTHING:
            place.pop(last, None)
        else:
            place[last] = value
    return found


def _below(path: str, before: Any, now: Any) -> Iterator[Difference]:
    if before == now:
        return
    if isinstance(before, Mapping | None) and isinstance(now, Mapping | None):
        one, other = before or {}, now or {}
        for key in sorted({*one, *other}):
            yield from _below(join(path, key), one.get(key), other.get(key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from _below(join(path, index), *pair)
    else:
        yield Difference(path, before, now)
