"""Reads a CSV file whose columns are declared, and names file, line and column of each value that cannot be."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Mapping
from pathlib import Path

from models.core.errors import DataError

Row = dict[str, float | str]


def read_rows(
    content: bytes, path: Path, columns: Mapping[str, Collection[str] | None], *, skip: Collection[int] = ()
) -> list[Row]:
    """The rows of a CSV file with a header.

    Args:
        content: the bytes of the file.
        path: where it is, for errors.
        columns: what is read: by name, the texts allowed, or None for a finite number.
        skip: lines of the file to leave out, the header being line 1.

    Raises:
        DataError: a column is missing, a line has another number of cells, or a value is not what its column declares.
    """
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8")), strict=True)
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise DataError(f"{path}, line 1: column {missing[0]} is missing")
        return [_row(row, f"{path}, line {line}", columns) for line, row in enumerate(reader, 2) if line not in skip]
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: this is no CSV file: {error}") from error


def _row(row: Mapping[str | None, str | None], where: str, columns: Mapping[str, Collection[str] | None]) -> Row:
    if None in row:
        raise DataError(f"{where}: more cells than the header has columns")
    return {name: _value(row[name], f"{where}, column {name}", allowed) for name, allowed in columns.items()}


def _value(text: str | None, where: str, allowed: Collection[str] | None) -> float | str:
    if text is None:
        raise DataError(f"{where}: the line ends before this column")
    if allowed is not None:
        if text not in allowed:
            raise DataError(f"{where}: {text!r} is none of {', '.join(allowed)}")
        return text
    try:
        number = float(text)
    except ValueError:
        raise DataError(f"{where}: {text!r} is no number") from None
    if not math.isfinite(number):
        raise DataError(f"{where}: {text!r} is no finite number")
    return number
