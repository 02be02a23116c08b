"""Rows of objects of `aiplatform` v1 with many leaves, each said once by its path and its two values."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from tests.kinds.rows import Row, Sent
from tests.providers import State

LOCATION = "us-central1"


def put(value: State, path: str, new: Any) -> State:
    """A copy of an object with another value at a path; of a list the first item is meant."""
    found = copy.deepcopy(value)
    place: Any = found
    *parents, last = path.split(".")
    for key in parents:
        place = place[key]
        place = place[0] if isinstance(place, list) else place
    place[last] = new
    return found


def fixed_leaves(name: str, value: State, edits: Mapping[str, Any], **more: Any) -> list[Row]:
    """Each leaf of an object that is fixed as a whole, changed."""
    return [
        Row(
            field=f"{name}.{path}",
            change="changed",
            step="refused",
            old={name: value},
            new={name: changed},
            body={name: changed},
            **more,
        )
        for path, new in edits.items()
        for changed in [put(value, path, new)]
    ]


def patched_leaves(method: str, name: str, value: State, edits: Mapping[str, Any]) -> list[Row]:
    """Each leaf of an object that is patched as a whole, changed."""
    return [
        Row(
            field=f"{name}.{path}",
            change="changed",
            step="update",
            old={name: value},
            new={name: changed},
            wire=(Sent(method, name, {name: changed}, guarded=True),),
        )
        for path, new in edits.items()
        for changed in [put(value, path, new)]
    ]


def elsewhere(names: Iterable[tuple[str, str]], **more: Any) -> list[Row]:
    """Each part of a resource's name, changed: another resource."""
    return [Row(field=name, change="changed", step="replace", new={name: new}, **more) for name, new in names]
