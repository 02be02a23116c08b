"""From a row of CSV to an instance, by the names of its columns and the inputs of the signature."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prediction.instances.json_documents import line, wrong
from prediction.instances.signature_mismatch import takes
from prediction.manifest import Inputs

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WRITTEN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_MOST_DIGITS = 40
"""Characters of a number that is written the same again; a float has 24 at most."""
_MOST_WHOLE = 4300
"""Digits of a whole number that Python reads."""
_WORDS = {"true": True, "1": True, "false": False, "0": False}


class Table:
    """Makes instances of rows.

    The column of an input has its name; an input with several values in a row has a column for each, `NAME_0`,
    `NAME_1`, ... (as results have in CSV), or one with a JSON list in each cell. Other columns are not sent.

    Args:
        file: that has the columns, for messages.
        columns: their names.
        inputs: of the signature. Where they are unknown, every column is sent: a number as a number, the rest as text.
        left_out: columns that are not sent even then.

    Attributes:
        others: the columns that are not sent.

    Raises:
        InvalidInput: an input has no column.
    """

    def __init__(self, file: str, columns: Sequence[str], inputs: Inputs, left_out: Sequence[str] = ()) -> None:
        specs: Inputs = inputs or {name: {} for name in columns if name not in left_out}
        self._parts = {name: _columns_of(name, spec, columns) for name, spec in specs.items()}
        self._specs = specs
        missing = [name for name, parts in self._parts.items() if not parts]
        if missing:
            told = f"has no column {', '.join(missing)}; it has {', '.join(columns)}. The model takes {takes(inputs)}"
            raise wrong(file, told)
        used = {part for parts in self._parts.values() for part in parts}
        self.others = [name for name in columns if name not in used]

    def instance(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """The instance of a row. Raises `ValueError` for a cell that is not what its input takes."""
        found = {}
        for name, parts in self._parts.items():
            spec = self._specs[name]
            read = _reader(str(spec.get("dtype", "")))
            if parts != [name]:
                found[name] = [_read(read, part, cells[part]) for part in parts]
                continue
            size = self._size(name)
            several = size not in ([], [1])
            value = _read(_list if several else read, name, cells[name])
            found[name] = [value] if size == [1] else value
        return found

    def typed(self, cells: Mapping[str, str], instance: Mapping[str, Any] | None) -> dict[str, Any]:
        """A row with the values of its instance, and the numbers of other columns, in the place of their text.

        Args:
            cells: the row.
            instance: of the row; None where it has none, for an error.
        """
        texts = {
            part for name, parts in self._parts.items() for part in parts if self._specs[name].get("dtype") == "string"
        }
        found = {name: text if name in texts else as_written(text) for name, text in cells.items()}
        if instance is None:
            return found
        for name, parts in self._parts.items():
            value = instance[name]
            bare = isinstance(value, list) and (parts != [name] or self._size(name) == [1])
            found |= zip(parts, value if bare else [value], strict=True)
        return found

    def _size(self, name: str) -> list[Any]:
        """The shape of an input's value in one row."""
        return list((self._specs[name].get("shape") or [None])[1:])


def _columns_of(name: str, spec: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """The columns of an input; none where there are none."""
    if name in columns:
        return [name]
    shape = spec.get("shape")
    if not shape or len(shape) != 2:
        return []
    most = len(columns) if shape[1] is None else shape[1]
    found = [f"{name}_{number}" for number in range(most) if f"{name}_{number}" in columns]
    return found if shape[1] in (None, len(found)) else []


def _read(read: Callable[[str], Any], column: str, text: str) -> Any:
    try:
        return read(text)
    except (ValueError, KeyError, RecursionError):
        raise ValueError(f"column {column} {_why(read, text)}") from None


def _why(read: Callable[[str], Any], text: str) -> str:
    if not text.strip():
        return "is empty"
    if is_missing(text):
        return f"holds {text!r}, a missing value; expected {_WANTED[read]}"
    if _INFINITE.fullmatch(text.strip()):
        return f"holds {text!r}, which JSON cannot say; expected {_WANTED[read]}"
    return f"holds {text[:40]!r}, which is not {_WANTED[read]}"


def _reader(dtype: str) -> Callable[[str], Any]:
    if dtype == "string":
        return str
    if dtype == "bool":
        return _bool
    if "int" in dtype:
        return _int
    return _float if dtype else plain


def _bool(text: str) -> bool:
    return _WORDS[text.strip().lower()]


def _int(text: str) -> int:
    number = plain(text)
    if isinstance(number, int) or (isinstance(number, float) and number.is_integer()):
        return int(number)  # "3.0" is what spreadsheets make of 3
    raise ValueError(text)


def _float(text: str) -> float:
    bare = text.strip()
    number = float(bare) if _NUMBER.fullmatch(bare) else math.nan
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _list(text: str) -> Any:
    row = line(text, "", 1)
    if row.error or not isinstance(row.value, list):
        raise ValueError(text)
    return row.value


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value: it is empty, or NaN."""
    return text.strip().lower() in ("", "nan", "-nan", "+nan")


def as_written(text: str) -> Any:
    """A number where the text is one that JSON writes the same, of 64 bits at most, else the text: `007` stays it."""
    if len(text) > _MOST_DIGITS or not _WRITTEN.fullmatch(text):
        return text
    number = float(text) if "." in text else int(text)
    fits = isinstance(number, float) or -(1 << 63) <= number < 1 << 63
    return number if fits and json.dumps(number) == text else text


def plain(text: str) -> Any:
    """A number where the text is one that can be held, else the text."""
    bare = text.strip()
    if _WHOLE.fullmatch(bare) and len(bare) <= _MOST_WHOLE:
        return int(bare)
    number = float(bare) if _NUMBER.fullmatch(bare) else math.nan
    return number if math.isfinite(number) else text


_WANTED: dict[Callable[[str], Any], str] = {
    _float: "a number",
    _int: "a whole number",
    _bool: "true or false",
    _list: "a JSON list",
}
