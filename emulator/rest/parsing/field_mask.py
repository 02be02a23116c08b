"""Partial answers: the `fields` parameter, in Google's syntax.

`a,b` takes two fields, `a/b` one inside another, `a(b,c)` several, `*` all of a level. A list is looked through.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from emulator.rest.discovery import Method
from gcp import errors

_TOKEN = re.compile(r"[^,/()]+|[,/()]")
_DEEPEST = 50

Mask = dict[str, Any]
"""Field -> the mask of what is below it; an empty one takes all."""


def parse(method: Method, text: str) -> Mask:
    """The mask that `fields` asks for.

    Raises:
        errors.InvalidArgument: it is not in this syntax, or the answer of `method` has no such field.
    """
    tokens = [token.strip() for token in _TOKEN.findall(text)]
    mask = _Parser(tokens, text).whole()
    if method.response:
        _check(method.schemas, {"$ref": method.response}, mask, text)
    return mask


def apply(mask: Mask, value: Any) -> Any:
    """What `mask` leaves of a JSON value."""
    if isinstance(value, list):
        return [apply(mask, item) for item in value]
    if not mask or not isinstance(value, dict):
        return value
    every = mask.get("*")
    found = {}
    for key, item in value.items():
        below = mask.get(key, every)
        if below is None:
            continue
        kept = apply(below, item)
        if kept != {} or item == {}:
            found[key] = kept
    return found


class _Parser:
    """Reads `list := path {"," path}`, `path := field {"/" field} ["(" list ")"]`."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens, self._text = tokens, text
        self._at = 0

    def whole(self) -> Mask:
        mask = self._list(0)
        if self._at < len(self._tokens):
            raise _invalid(self._text)
        return mask

    def _list(self, depth: int) -> Mask:
        if depth > _DEEPEST:
            raise _invalid(self._text)
        mask: Mask = {}
        while True:
            self._path(mask, depth)
            if not self._takes(","):
                return mask

    def _path(self, mask: Mask, depth: int) -> None:
        fields = [self._field()]
        while self._takes("/"):
            fields.append(self._field())
            if len(fields) > _DEEPEST:
                raise _invalid(self._text)
        below: Mask = {}
        if self._takes("("):
            below = self._list(depth + 1)
            if not self._takes(")"):
                raise _invalid(self._text)
        for field in reversed(fields):
            below = {field: below}
        _merge(mask, below)

    def _takes(self, token: str) -> bool:
        if self._tokens[self._at : self._at + 1] != [token]:
            return False
        self._at += 1
        return True

    def _field(self) -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else ""
        if token in ("", ",", "/", "(", ")"):
            raise _invalid(self._text)
        self._at += 1
        return token


def _merge(mask: Mask, other: Mask) -> None:
    for field, below in other.items():
        if field not in mask:
            mask[field] = below
        elif mask[field] and below:
            _merge(mask[field], below)
        else:
            mask[field] = {}  # one of them takes all


def _check(schemas: Mapping[str, Any], spec: Mapping[str, Any], mask: Mask, text: str) -> None:
    """Raises for a field that no answer of this schema can have."""
    while "$ref" in spec or "items" in spec:
        spec = schemas[spec["$ref"]] if "$ref" in spec else spec["items"]
    known = spec.get("properties", {})
    free = "additionalProperties" in spec or spec.get("type") == "any"
    for field, below in mask.items():
        if field != "*" and field not in known and not free:
            raise _invalid(text, field)
        if field in known and below:
            _check(schemas, known[field], below, text)


def _invalid(text: str, field: str | None = None) -> errors.ApiError:
    return errors.InvalidArgument(f"Invalid field selection {field or text}")
