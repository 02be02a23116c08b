"""Converts a row of CSV to an instance, by column names and the inputs of the signature."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from artifact_format.sample_fit import describe_inputs
from artifact_format.signatures import Tensors
from prediction.instances.json_rows import parse_line
from prediction.instances.row import file_error

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_JSON_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_MOST_JSON_DIGITS = 40
"""Longest text that `parse_json_number` reads; a float has at most 24 characters."""
_MOST_INTEGER_DIGITS = 4300
"""Longest integer that Python reads."""
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class CsvTable:
    """Converts rows of a CSV file to instances.

    The column of an input has its name. An input with several values in a row has a column for each, `NAME_0`,
    `NAME_1`, ... (as results have in CSV), or one column with a JSON list in each cell. Other columns are not sent.

    Args:
        file: the file's name, for messages.
        columns: the names of its columns.
        inputs: of the signature. If they are not known, every column is sent: numbers as numbers, the rest as text.
        left_out: columns that are not sent even then.

    Attributes:
        unused: the columns that are not sent.

    Raises:
        InvalidInput: an input has no column.
    """

    def __init__(self, file: str, columns: Sequence[str], inputs: Tensors, left_out: Sequence[str] = ()) -> None:
        specs: Tensors = inputs or {name: {} for name in columns if name not in left_out}
        self._parts = {name: _columns_of(name, spec, columns) for name, spec in specs.items()}
        self._specs = specs
        missing = [name for name, parts in self._parts.items() if not parts]
        if missing:
            has = f"has no column {', '.join(missing)}; it has {', '.join(columns)}"
            raise file_error(file, f"{has}. The model takes {describe_inputs(inputs)}")
        used = {part for parts in self._parts.values() for part in parts}
        self.unused = [name for name in columns if name not in used]

    def instance(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """The instance of a row. Raises `ValueError` for a cell that does not match its input."""
        found = {}
        for name, parts in self._parts.items():
            spec = self._specs[name]
            parse = _parser_of(str(spec.get("dtype", "")))
            if parts != [name]:
                found[name] = [_parsed(parse, part, cells[part]) for part in parts]
                continue
            shape = self._row_shape(name)
            is_list = shape not in ([], [1])
            value = _parsed(_parse_list if is_list else parse, name, cells[name])
            found[name] = [value] if shape == [1] else value
        return found

    def typed(self, cells: Mapping[str, str], instance: Mapping[str, Any] | None) -> dict[str, Any]:
        """A row with values in place of text: those of its instance, and the numbers of other columns.

        Args:
            cells: the row.
            instance: of the row; None if it could not be made.
        """
        texts = {
            part for name, parts in self._parts.items() for part in parts if self._specs[name].get("dtype") == "string"
        }
        found = {name: text if name in texts else parse_json_number(text) for name, text in cells.items()}
        if instance is None:
            return found
        for name, parts in self._parts.items():
            value = instance[name]
            is_split = isinstance(value, list) and (parts != [name] or self._row_shape(name) == [1])
            found |= zip(parts, value if is_split else [value], strict=True)
        return found

    def _row_shape(self, name: str) -> list[Any]:
        """The shape of an input's value in one row."""
        return list((self._specs[name].get("shape") or [None])[1:])


def _columns_of(name: str, spec: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """The columns of an input; empty if it has none."""
    if name in columns:
        return [name]
    shape = spec.get("shape")
    if not shape or len(shape) != 2:
        return []
    most = len(columns) if shape[1] is None else shape[1]
    found = [f"{name}_{number}" for number in range(most) if f"{name}_{number}" in columns]
    return found if shape[1] in (None, len(found)) else []


def _parsed(parse: Callable[[str], Any], column: str, text: str) -> Any:
    try:
        return parse(text)
    except (ValueError, KeyError, RecursionError):
        raise ValueError(f"column {column} {_reason(parse, text)}") from None


def _reason(parse: Callable[[str], Any], text: str) -> str:
    if not text.strip():
        return "is empty"
    if is_missing(text):
        return f"must be {_EXPECTED[parse]}; got {text!r}, a missing value"
    if _INFINITE.fullmatch(text.strip()):
        return f"must be {_EXPECTED[parse]}; got {text!r}, which JSON does not have"
    return f"must be {_EXPECTED[parse]}; got {text[:40]!r}"


def _parser_of(dtype: str) -> Callable[[str], Any]:
    if dtype == "string":
        return str
    if dtype == "bool":
        return _parse_bool
    if "int" in dtype:
        return _parse_int
    return _parse_float if dtype else parse_number


def _parse_bool(text: str) -> bool:
    return _BOOLEANS[text.strip().lower()]


def _parse_int(text: str) -> int:
    number = parse_number(text)
    if isinstance(number, int) or (isinstance(number, float) and number.is_integer()):
        return int(number)  # spreadsheets write 3 as "3.0"
    raise ValueError(text)


def _parse_float(text: str) -> float:
    stripped = text.strip()
    number = float(stripped) if _NUMBER.fullmatch(stripped) else math.nan
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _parse_list(text: str) -> Any:
    row = parse_line(text, "", 1)
    if row.error or not isinstance(row.value, list):
        raise ValueError(text)
    return row.value


def is_missing(text: str) -> bool:
    """Whether a cell has no value: it is empty or NaN."""
    return text.strip().lower() in ("", "nan", "-nan", "+nan")


def parse_json_number(text: str) -> Any:
    """The number, if JSON would write it exactly like this and it fits into 64 bits; else the text, such as `007`."""
    if len(text) > _MOST_JSON_DIGITS or not _JSON_NUMBER.fullmatch(text):
        return text
    number = float(text) if "." in text else int(text)
    fits = isinstance(number, float) or -(1 << 63) <= number < 1 << 63
    return number if fits and json.dumps(number) == text else text


def parse_number(text: str) -> Any:
    """The number, if the text is a finite one; else the text."""
    stripped = text.strip()
    if _INTEGER.fullmatch(stripped) and len(stripped) <= _MOST_INTEGER_DIGITS:
        return int(stripped)
    number = float(stripped) if _NUMBER.fullmatch(stripped) else math.nan
    return number if math.isfinite(number) else text


_EXPECTED: dict[Callable[[str], Any], str] = {
    _parse_float: "a number",
    _parse_int: "a whole number",
    _parse_bool: "true or false",
    _parse_list: "a JSON list",
}
