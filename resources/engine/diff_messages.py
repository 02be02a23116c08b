"""Messages about differences between the program, the state and the API. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

from resources.engine import state_differences
from resources.schema import secrets
from resources.schema.types import shown

State = Mapping[str, Any]
_SHORT, _COMMON = 58, 24
"""Texts of this length are shown whole; of what longer ones have in common, so much is shown before the difference."""


def refusal(path: str, olds: State, live: State, news: State, named: str, instead: str, *, adoptable: bool) -> str:
    """Why a change cannot be made in place, and what to do instead.

    Args:
        path: of the fixed field.
        olds: the state.
        live: the state with what the last refresh found.
        news: what the program wants.
        named: the resource.
        instead: what to do instead of this change.
        adoptable: whether the resource has `adopt`.
    """
    field = f"{path} of {named}"
    drifted = _differences(olds, live, [path], "{path} {before} -> {now}")
    if drifted:
        return f"{field} was changed outside: {drifted}. To keep it, declare the new value. Otherwise: {instead}"
    wanted = _differences(live, news, [path], "{path} was {before}, wanted {now}")
    text = f"{field} cannot be changed in place: {wanted}. {instead}"
    if adoptable and state_differences.at(olds, path) is None:
        return f"{text}. If the API already has this value, set adopt: true, which compares it and takes it over"
    return text


def unlike(live: State, wanted: State, paths: list[str]) -> str:
    """The error for an existing resource that differs from the program: every difference, with both values."""
    found = _differences(live, wanted, paths, "{path} is {before}, wanted {now}")
    return f"it already exists and differs: {found}. It is unchanged: declare its values, or choose another name"


def taken_over(before: State, wanted: State, paths: list[str]) -> str:
    """What was changed in an existing resource."""
    found = _differences(before, wanted, paths, "{path} {before} -> {now}")
    return f"it already existed: taken over; changed: {found}" if found else "it already existed: taken over unchanged"


def meanwhile(known: State, live: State, paths: Iterable[str]) -> str:
    """What changed since the state was written, as the end of a message; empty if no managed field did."""
    found = _differences(known, live, paths, "{path} was {before}, is now {now}")
    return f" Since the last `pulumi up` or `refresh`: {found}" if found else ""


def _differences(before: State, now: State, paths: Iterable[str], words: str) -> str:
    parts = []
    for path, *values in state_differences.differences(before, now, paths):
        hidden = secrets.is_secret(before, path) or secrets.is_secret(now, path)
        old, new = (secrets.HIDDEN if hidden else _written(value) for value in _apart(*values))
        parts.append(words.format(path=path, before=old, now=new))
    return "; ".join(parts)


def _apart(old: Any, new: Any) -> tuple[Any, Any]:
    """Two values; of two long texts that begin alike, the ends, since a message shows only the beginning of a text."""
    if not (isinstance(old, str) and isinstance(new, str)) or max(len(old), len(new)) <= _SHORT:
        return old, new
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    start = sum(1 for _ in alike) - _COMMON
    return (f"...{old[start:]}", f"...{new[start:]}") if start > 0 else (old, new)


def _written(value: Any) -> str:
    """A value for a message: lists with their items, whole numbers without a fraction."""
    if value is None:
        return state_differences.NOTHING
    if isinstance(value, list):
        text = f"[{', '.join(map(_written, value))}]"
        return text if len(text) <= 60 else shown(value)
    return shown(int(value) if isinstance(value, float) and value.is_integer() else value)
