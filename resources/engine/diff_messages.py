"""What a user reads of differences: between the program, the state and the API. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from resources.engine import state_differences
from resources.schema import secrets
from resources.schema.types import shown

State = Mapping[str, Any]


def refusal(path: str, olds: State, live: State, news: State, named: str, instead: str, *, adoptable: bool) -> str:
    """Why a change cannot be made in place, with what to write instead.

    Args:
        path: of the fixed field.
        olds: the state.
        live: the state with what the last refresh found.
        news: what the program wants.
        named: the resource.
        instead: what may be written in the place of such a change.
        adoptable: whether `adopt` may be said of it.
    """
    field = f"{path} of {named}"
    drifted = _told(olds, live, [path], "{path} {before} -> {now}")
    if drifted:
        return f"{field} was changed outside: {drifted}. Write down what it is now to keep it. Else: {instead}"
    wanted = _told(live, news, [path], "{path} was {before}, wanted {now}")
    text = f"{field} cannot be changed in place: {wanted}. {instead}"
    if adoptable and state_differences.at(olds, path) is None:
        return f"{text}. If it says what the API has already: adopt: true compares it and takes it over"
    return text


def unlike(live: State, wanted: State, paths: list[str]) -> str:
    """The refusal of a resource that exists and is not what the program says: every difference, both values."""
    found = _told(live, wanted, paths, "{path} is {before}, wanted {now}")
    return f"it exists and is another one: {found}. It is left as it is: write what is there, or choose another name"


def taken_over(before: State, wanted: State, paths: list[str]) -> str:
    """What was changed of a resource that existed."""
    found = _told(before, wanted, paths, "{path} {before} -> {now}")
    return f"it exists already: taken over; changed: {found}" if found else "it exists already: taken over as it is"


def meanwhile(known: State, live: State, paths: Iterable[str]) -> str:
    """What changed since the state was written, as the tail of a message; empty where nothing managed did."""
    found = _told(known, live, paths, "{path} was {before}, is now {now}")
    return f" Since the last `pulumi up` or `refresh`: {found}" if found else ""


def _told(before: State, now: State, paths: Iterable[str], words: str) -> str:
    parts = []
    for path, *values in state_differences.differences(before, now, paths):
        hidden = secrets.is_secret(before, path) or secrets.is_secret(now, path)
        old, new = (secrets.HIDDEN if hidden else _written(value) for value in values)
        parts.append(words.format(path=path, before=old, now=new))
    return "; ".join(parts)


def _written(value: Any) -> str:
    """A value as a message shows it: a list by its items, a whole number without a fraction."""
    if value is None:
        return state_differences.NOTHING
    if isinstance(value, list):
        text = f"[{', '.join(map(_written, value))}]"
        return text if len(text) <= 60 else shown(value)
    return shown(int(value) if isinstance(value, float) and value.is_integer() else value)
