"""Values as protocol buffers print them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_ZEROS: tuple[object, ...] = (False, 0, "", [])


def stored(body: Mapping[str, Any], maps: Collection[str] = ("labels",)) -> dict[str, Any]:
    """A body without zero values: leaves out false, 0, "" and empty lists, but keeps empty objects.

    Args:
        body: a resource.
        maps: its fields with the user's own keys, whose entries are all kept.
    """
    return {key: item if key in maps else _without_zeros(item) for key, item in body.items() if item not in _ZEROS}


def _without_zeros(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_zeros(item) for key, item in value.items() if item not in _ZEROS}
    return value
