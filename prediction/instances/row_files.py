"""Input files: JSON lines are streamed, a JSON list is read as a whole, CSV is read by column names."""

from __future__ import annotations

import csv
import itertools
import json
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO

from command_line import pluralize
from prediction.instances import json_rows
from prediction.instances.json_rows import Document
from prediction.instances.row import Row, file_error

JSON, CSV = "JSON", "CSV"
TF_RECORDS = {".tfrecord": "TF_RECORD", ".tfrecords": "TF_RECORD", ".gz": "TF_RECORD_GZIP"}
"""The formats of records, by file suffix."""
STANDARD_INPUT = "standard input"
_BOM = b"\xef\xbb\xbf"
_MOST_CELL = 16 << 20
"""Largest CSV cell, in characters: as many as a row of a batch job may have bytes."""


def format_of(name: str) -> str:
    """The format that a file's name implies: `JSON`, unless the suffix is that of CSV or TFRecords."""
    suffix = Path(name).suffix.lower()
    return CSV if suffix == ".csv" else TF_RECORDS.get(suffix, JSON)


class RowFile:
    """An input file.

    Args:
        path: the file, as the user named it.
        row_format: `JSON`, `CSV`, `TF_RECORD` or `TF_RECORD_GZIP`. Default: inferred from the name.

    Attributes:
        path: the file, as the user named it.
        row_format: its format.
    """

    def __init__(self, path: str, row_format: str = "") -> None:
        self.path = path
        self.row_format = row_format or format_of(path)

    @property
    def is_csv(self) -> bool:
        """Whether it is CSV."""
        return self.row_format == CSV

    @property
    def is_records(self) -> bool:
        """Whether it holds TFRecords, which are not read here."""
        return self.row_format not in (JSON, CSV)

    @property
    def has_row_per_line(self) -> bool:
        """Whether each line, or record, is a row."""
        return self.is_records or (self.row_format == JSON and self.document is None)

    def rows(self) -> Iterator[Row]:
        """The rows in order, without blank lines. A row that cannot be read has an `error`.

        Raises:
            InvalidInput: the file as a whole cannot be read.
        """
        if self.is_csv:
            return self._csv_rows()
        return iter(self.document.rows) if self.document else self._lines()

    @cached_property
    def document(self) -> Document | None:
        """The file as one JSON value; None if it is CSV or has a value per line."""
        if self.row_format != JSON or json_rows.is_json_lines(self.path) or self._begins_with_row():
            return None
        return json_rows.parse_document(read_text(self.path), self.path)

    def check_signature(self, key: str | None) -> None:
        """Raises `InvalidInput` if the file is a request body for another signature."""
        named = self.document.signature_name if self.document else None
        if named not in (None, key):
            raise file_error(self.path, f"is for the signature {named}: add --signature {named}")

    @cached_property
    def columns(self) -> list[str]:
        """The column names in the first line of a CSV file. Raises `InvalidInput` if one is empty or repeated."""
        with self._opened_text() as file:
            names = next(_checked(csv.reader(file, strict=True), self.path), None)
        if not names or not all(names):
            raise file_error(self.path, "the first line must have the names of the columns")
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise file_error(self.path, f"has the column {repeated} twice: drop or rename one")
        return names

    @property
    def hint(self) -> str:
        """Why the model may reject its rows; empty if there is no obvious reason. See `single_line_hint`."""
        if self.row_format != JSON or not json_rows.is_json_lines(self.path):
            return ""
        text = json_rows.single_line_hint(list(itertools.islice(self._lines(), 2)))
        return f"{self.path}: {text}" if text else ""

    def _begins_with_row(self) -> bool:
        """Whether the first line is a whole JSON value and another line follows. Reads only these two."""
        with Path(self.path).open("rb") as file:
            filled = (text for text in file if text.strip())
            first, second = next(filled, b""), next(filled, b"")
        try:
            json.loads(first.removeprefix(_BOM))
        except (ValueError, RecursionError):
            return False
        return bool(second)

    def _lines(self) -> Iterator[Row]:
        with Path(self.path).open("rb") as file:
            for number, text in enumerate(file, 1):
                text = text.removeprefix(_BOM) if number == 1 else text  # noqa: PLW2901 - the same line
                if text.strip():
                    yield json_rows.parse_line(text.rstrip(), self.path, number)

    def _csv_rows(self) -> Iterator[Row]:
        names = self.columns
        with self._opened_text() as file:
            reader = csv.reader(file, strict=True)
            begin = reader.line_num
            for cells in _checked(reader, self.path):
                number, begin = begin + 1, reader.line_num
                if number > 1 and cells:
                    yield self._csv_row(names, cells, number)

    def _csv_row(self, names: list[str], cells: list[str], number: int) -> Row:
        if len(cells) != len(names):
            return Row(self.path, number, error=f"has {pluralize(len(cells), 'cell')}; the first line has {len(names)}")
        return Row(self.path, number, dict(zip(names, cells, strict=True)))

    def _opened_text(self) -> IO[str]:
        return Path(self.path).open(encoding="utf-8-sig", newline="")


def _checked(reader: Iterator[list[str]], name: str) -> Iterator[list[str]]:
    csv.field_size_limit(_MOST_CELL)
    for count in itertools.count(1):
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise file_error(name, f"is not valid CSV: row {count}: {error}") from None
        except UnicodeDecodeError as error:
            raise file_error(name, f"is not UTF-8: byte {error.start}") from None
        if cells is None:
            return
        yield cells


def read_text(path: str) -> str:
    """The text of a file, or of standard input for `-`. Raises `InvalidInput` if it cannot be read or is not UTF-8."""
    name = STANDARD_INPUT if path == "-" else path
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise file_error(name, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise file_error(name, f"is not UTF-8: byte {error.start}") from None


def count_lines(path: str) -> tuple[int, bool]:
    """The number of lines, and whether a batch job can read the file unchanged.

    It cannot if the file has blank lines, a byte order mark, or the words NaN or Infinity.
    """
    count, unchanged = 0, True
    with Path(path).open("rb") as file:
        for count, text in enumerate(file, 1):
            unchanged = unchanged and bool(text.strip()) and not (count == 1 and text.startswith(_BOM))
            unchanged = unchanged and b"NaN" not in text and b"Infinity" not in text
    return count, unchanged
