"""Reads a stack file's YAML as Pulumi does, and finds unquoted scalars that it does not read as text.

Pulumi uses Go's yaml.v3, whose rules are neither those of PyYAML nor quite those of YAML 1.2: `no` and `12:30` are
text, `010` and `0o10` are 8, a date becomes `2024-01-01 00:00:00 +0000 UTC`. Pure; knows no keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = {"", "~", "null", "Null", "NULL"}
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[Tt](\d\d?):(\d\d?):(\d\d?)(\.\d+)?(Z|[-+]\d\d:\d\d)| (\d\d?):(\d\d?):(\d\d?)(\.\d+)?)?"
)
_WRITTEN_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [-+]\d{4} ([A-Z]{3}|[-+]\d{4})")
_TAG = "tag:yaml.org,2002:"


class Date(str):
    """A date, as Go writes it out."""

    __slots__ = ()


class Index(str):
    """The index of a list item in a path; a type of its own, as a key may look the same."""

    __slots__ = ()


class Unquoted(NamedTuple):
    """An unquoted scalar that YAML does not read as text.

    Attributes:
        path: of the value or key: the keys from the top, as passed by Pulumi.
        text: as the file has it.
        value: what YAML makes of it.
        line: in the file, from 1.
        is_key: whether it is a key.
    """

    path: tuple[str, ...]
    text: str
    value: Any
    line: int
    is_key: bool

    @property
    def is_altered(self) -> bool:
        """Whether the program gets a text that differs from the file's."""
        return written(self.value) != self.text

    @property
    def is_date(self) -> bool:
        """Whether it is a date."""
        return isinstance(self.value, Date)

    @property
    def reason(self) -> str:
        """What happened, and what to write instead."""
        written_so = f'write "{self.text}"'
        if self.value is None and not self.is_key:
            written_so = "leave it out" if self.text == "~" else f"leave it out, or {written_so}"
        return f"line {self.line}: YAML reads {self.text or 'nothing'} as {kind(self.value)}: {written_so}"


class Document(NamedTuple):
    """The value of a document, with all keys as text, and its unquoted scalars."""

    value: Any
    unquoted: list[Unquoted]


def load(text: str) -> Document:
    """A YAML document. Raises `yaml.YAMLError`."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        reader = _Reader(loader)
        return Document(None if node is None else reader.value(node, ()), reader.unquoted)
    finally:
        loader.dispose()


def written(value: Any) -> str:
    """A scalar as Pulumi converts it to text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def kind(value: Any) -> str:
    """A scalar's type and value in words."""
    if isinstance(value, bool):
        return f"the boolean {written(value)}"
    if value is None:
        return "null"
    return "a date" if isinstance(value, Date) else f"the number {value}"


def is_written_date(text: str) -> bool:
    """Whether a text looks like an unquoted date that Pulumi has converted."""
    return bool(_WRITTEN_DATE.fullmatch(text))


def resolve(text: str) -> Any:
    """The value of an unquoted scalar in yaml.v3: text, number, boolean, None or a `Date`."""
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text in _NULLS:
        return None
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", "").lower())
    date = _date(text)
    return _number(text) if date is None else date


def _number(text: str) -> Any:
    """The text as a number, or unchanged if it is not one."""
    plain = text.replace("_", "") if text[:1] in "+-0123456789" else text
    if _INTEGER.fullmatch(plain):
        digits = plain.lstrip("+-")
        base = 8 if digits.startswith("0") and digits.isdigit() else 0
        number = int(digits, base) * (-1 if plain.startswith("-") else 1)
        if -(2**63) <= number < 2**64:
            return number
    if not _FLOAT.fullmatch(plain) or math.isinf(float(plain)):
        return text
    found = float(plain)
    return int(found) if found.is_integer() and abs(found) < 1e21 else found  # JSON says 2 for 2.0


def _date(text: str) -> Date | None:
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day, *rest = found.groups()
    hour, minute, second, fraction = rest[:4] if rest[4] else rest[5:]
    moment = [int(part or 0) for part in (month, day, hour, minute, second)]
    if not (1 <= moment[0] <= 12 and 1 <= moment[1] <= 31 and moment[2] < 24 and moment[3] < 60 and moment[4] < 60):
        return None
    month, day, hour, minute, second = (f"{part:02}" for part in moment)
    tail = (fraction or "").rstrip("0").rstrip(".")
    offset = (rest[4] or "Z").replace(":", "")
    zone = "+0000 UTC" if offset in ("Z", "+0000") else f"{offset} {offset}"
    return Date(f"{year}-{month}-{day} {hour}:{minute}:{second}{tail} {zone}")


class _Loader(yaml.SafeLoader):
    """Gives unquoted scalars without a tag our own tag, and does not convert them."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node."""
        if kind is yaml.ScalarNode and implicit[0]:
            return f"{_TAG}merge" if value == "<<" else "plain"
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]  # it has no types


class _Reader:
    """Converts nodes to values, and collects unquoted scalars."""

    def __init__(self, loader: Any) -> None:
        self._loader, self._done = loader, dict[int, Any]()
        self.unquoted: list[Unquoted] = []

    def value(self, node: Any, path: tuple[str, ...]) -> Any:
        if id(node) in self._done:  # an alias
            return self._done[id(node)]
        self._done[id(node)] = None  # for a node that contains itself
        if isinstance(node, yaml.MappingNode):
            found: Any = self._mapping(node, path)
        elif isinstance(node, yaml.SequenceNode):
            found = [self.value(item, (*path, Index(index))) for index, item in enumerate(node.value)]
        else:
            found = self._scalar(node, path, is_key=False)
        self._done[id(node)] = found
        return found

    def _mapping(self, node: Any, path: tuple[str, ...]) -> Mapping[str, Any]:
        self._loader.flatten_mapping(node)
        found = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be text", key.start_mark)
            name = written(self._scalar(key, path, is_key=True))
            found[name] = self.value(item, (*path, name))
        return found

    def _scalar(self, node: Any, path: tuple[str, ...], *, is_key: bool) -> Any:
        if node.tag in ("plain", f"{_TAG}merge"):
            value = resolve(node.value)
            if not isinstance(value, str) or isinstance(value, Date):
                where = (*path, written(value)) if is_key else path
                self.unquoted.append(Unquoted(where, node.value, value, node.start_mark.line + 1, is_key))
            return value
        return node.value if node.tag == f"{_TAG}str" else resolve(node.value)
