"""Whether clients of one version can call another: what its signatures take and give, compared. Pure.

A client breaks where a signature is gone; where an input is added, removed, retyped or takes less than before (a size
that was open is fixed, is another one, the rank is another one); where an output is removed, retyped or gives more than
before (a size that was fixed is open, is another one, the rank is another one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from resources import _signatures

Shape = Sequence[int | None] | None
Covers = Callable[[Shape, Shape], bool]


def readable(signatures: Any) -> dict[str, Any]:
    """Signatures by name, for display; empty where a value, of a manifest or a state, holds none.

    Args:
        signatures: by name, structured or for display.
    """
    if not isinstance(signatures, Mapping):
        return {}
    try:
        found = {str(name): _signatures.displayed(sides) for name, sides in signatures.items()}
        for sides in found.values():
            _signatures.structured(sides)
    except (AttributeError, KeyError, TypeError, ValueError):  # whatever somebody else's manifest holds
        return {}
    return found


def breaking_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Every change that breaks clients, with both values: `serving_default input x: expected float32[?], got none`.

    Args:
        before: the signatures that clients call, by name, as `readable` returns them.
        after: those of the version that is to answer them.
    """
    return [change for name in sorted(before) for change in _changes(name, before[name], after.get(name))]


def _changes(name: str, before: Mapping[str, Any], after: Mapping[str, Any] | None) -> Iterator[str]:
    if after is None:
        yield f"signature {name}: expected, got none"
        return
    for side, covers, added in (("inputs", _takes, True), ("outputs", _gives, False)):
        old, new = before.get(side) or {}, after.get(side) or {}
        for tensor in sorted({*old, *new}):
            if tensor not in old and not added:
                continue
            if tensor not in old or tensor not in new or not _is_compatible(old[tensor], new[tensor], covers):
                what = f"{name} {side.removesuffix('s')} {tensor}"
                yield f"{what}: expected {old.get(tensor, 'none')}, got {new.get(tensor, 'none')}"


def _is_compatible(before: str, after: str, covers: Covers) -> bool:
    old, new = (_signatures.structured({"": {"": tensor}})[""][""] for tensor in (before, after))
    return old["dtype"] == new["dtype"] and covers(old["shape"], new["shape"])


def _takes(before: Shape, after: Shape) -> bool:
    """Whether an input takes all that it took before: nothing that was open is fixed now."""
    return _is_within(before, after)


def _gives(before: Shape, after: Shape) -> bool:
    """Whether an output gives nothing that it did not give before: nothing that was fixed is open now."""
    return _is_within(after, before)


def _is_within(one: Shape, other: Shape) -> bool:
    """Whether every tensor of one shape is of the other, too. None is an open size, or an open rank."""
    if other is None:
        return True
    if one is None or len(one) != len(other):
        return False
    return all(wide in (None, narrow) for narrow, wide in zip(one, other, strict=True))
