"""Whether clients of one version can call another, judged by the signatures' inputs and outputs. Pure.

Clients break if

- a signature is removed;
- an input is added, removed, retyped or narrowed: an open size or rank becomes fixed, or a fixed one changes;
- an output is removed, retyped or widened: a fixed size or rank becomes open, or changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from artifact_format import signatures as signature_format

Shape = Sequence[int | None] | None
Covers = Callable[[Shape, Shape], bool]


def readable(signatures: Any) -> dict[str, Any]:
    """Signatures by name, for display; empty if the value is not valid signatures.

    Args:
        signatures: by name, structured or for display.
    """
    if not isinstance(signatures, Mapping):
        return {}
    try:
        found = {str(name): signature_format.displayed(sides) for name, sides in signatures.items()}
        for sides in found.values():
            signature_format.structured(sides)
    except (AttributeError, KeyError, TypeError, ValueError):  # a manifest may contain anything
        return {}
    return found


def breaking_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Every change that breaks clients, with both values: `serving_default input x: expected float32[?], got none`.

    Args:
        before: the signatures that clients call, by name, as `readable` returns them.
        after: the signatures that they are to call.
    """
    changes = [change for name in sorted(before) for change in _changes(name, before[name], after.get(name))]
    old, new = signature_format.default_key(before), signature_format.default_key(after)
    if old not in before or old == new:
        return changes
    if new not in after:
        return [*changes, f"requests without a signature name: expected signature {old}, got none"]
    return [*changes, *_changes(f"requests without a signature name: {new}", before[old], after[new])]


def _changes(name: str, before: Mapping[str, Any], after: Mapping[str, Any] | None) -> Iterator[str]:
    if after is None:
        yield f"signature {name}: removed"
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
    old, new = (signature_format.structured({"": {"": tensor}})[""][""] for tensor in (before, after))
    return old["dtype"] == new["dtype"] and covers(old["shape"], new["shape"])


def _takes(before: Shape, after: Shape) -> bool:
    """Whether an input accepts everything that it accepted before."""
    return _is_within(before, after)


def _gives(before: Shape, after: Shape) -> bool:
    """Whether an output returns only what it could return before."""
    return _is_within(after, before)


def _is_within(one: Shape, other: Shape) -> bool:
    """Whether shape `other` accepts every tensor of shape `one`. None is an open size, or an open rank."""
    if other is None:
        return True
    if one is None or len(one) != len(other):
        return False
    return all(wide in (None, narrow) for narrow, wide in zip(one, other, strict=True))
