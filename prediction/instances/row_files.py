"""Input files of this machine: JSON lines are streamed, a JSON list is read as a whole, CSV by the names of columns."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO

from prediction.instances import json_documents
from prediction.instances.json_documents import Document, wrong
from prediction.instances.row import Row
from prediction.output.wording import counted

JSON, CSV = "JSON", "CSV"
TF_RECORDS = {".tfrecord": "TF_RECORD", ".tfrecords": "TF_RECORD", ".gz": "TF_RECORD_GZIP"}
"""The formats of records, by how a file's name ends."""
_BOM = b"\xef\xbb\xbf"
_MOST_CELL = 16 << 20
"""Characters that a cell of CSV may have; as many as a row of a job may have bytes."""


def form_of(name: str) -> str:
    """The format that the name of a file says: `JSON`, unless it ends as CSV or TFRecords do."""
    suffix = Path(name).suffix.lower()
    return CSV if suffix == ".csv" else TF_RECORDS.get(suffix, JSON)


class Source:
    """A file with rows.

    Args:
        path: the file, as it was named.
        form: `JSON`, `CSV`, `TF_RECORD` or `TF_RECORD_GZIP`. Default: by the name.

    Attributes:
        path: the file, as it was named.
        form: one of these.
    """

    def __init__(self, path: str, form: str = "") -> None:
        self.path = path
        self.form = form or form_of(path)

    @property
    def is_records(self) -> bool:
        """Whether it holds TFRecords, whose rows are not read here."""
        return self.form not in (JSON, CSV)

    @property
    def as_lines(self) -> bool:
        """Whether each line, or record, is a row."""
        return self.is_records or (self.form == JSON and self.document is None)

    def rows(self) -> Iterator[Row]:
        """The rows in their order, without blank lines; one that cannot be read has an `error`.

        Raises:
            InvalidInput: the file as a whole cannot be read.
        """
        if self.form == CSV:
            return self._cells()
        return iter(self.document.rows) if self.document else self._lines()

    @cached_property
    def document(self) -> Document | None:
        """The file as one JSON value; None where it is CSV, or has a value per line."""
        if self.form != JSON or json_documents.holds_lines(self.path) or self._begins_with_row():
            return None
        return json_documents.parse(read_text(self.path), self.path)

    def check_signature(self, key: str | None) -> None:
        """Raises `InvalidInput` where the file is a request body for another signature than this key."""
        named = self.document.signature_name if self.document else None
        if named not in (None, key):
            raise wrong(self.path, f"is for the signature {named}: give it with --signature {named}")

    @cached_property
    def columns(self) -> list[str]:
        """The names of the columns of CSV: its first line. Raises `InvalidInput` for none, or for one that is twice."""
        with self._opened_text() as file:
            names = next(_checked(csv.reader(file, strict=True), self.path), None)
        if not names or not all(names):
            raise wrong(self.path, "the first line must have the names of the columns")
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise wrong(self.path, f"has the column {twice} twice: drop or rename one")
        return names

    @property
    def hint(self) -> str:
        """What may be wrong with it where the model rejects its rows: many instances in the only line of a .jsonl file.

        Empty if nothing is.
        """
        if self.form != JSON or not json_documents.holds_lines(self.path):
            return ""
        text = json_documents.hint(list(itertools.islice(self._lines(), 2)))
        return f"{self.path}: {text}" if text else ""

    def _begins_with_row(self) -> bool:
        """Whether the first line is a JSON value of its own, and another line follows: cheap for a large file."""
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
                    yield json_documents.line(text.rstrip(), self.path, number)

    def _cells(self) -> Iterator[Row]:
        names = self.columns
        with self._opened_text() as file:
            reader = csv.reader(file, strict=True)
            begin = reader.line_num
            for cells in _checked(reader, self.path):
                number, begin = begin + 1, reader.line_num
                if number > 1 and cells:
                    yield self._row(names, cells, number)

    def _row(self, names: list[str], cells: list[str], number: int) -> Row:
        if len(cells) != len(names):
            return Row(self.path, number, error=f"has {counted(len(cells), 'cell')}; the first line has {len(names)}")
        return Row(self.path, number, dict(zip(names, cells, strict=True)))

    def _opened_text(self) -> IO[str]:
        return Path(self.path).open(encoding="utf-8-sig", newline="")


def _checked(reader: Iterator[list[str]], name: str) -> Iterator[list[str]]:
    csv.field_size_limit(_MOST_CELL)
    for count in itertools.count(1):
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise wrong(name, f"is not valid CSV: row {count}: {error}") from None
        except UnicodeDecodeError as error:
            raise wrong(name, f"is not UTF-8: byte {error.start}") from None
        if cells is None:
            return
        yield cells


def read_text(path: str) -> str:
    """The text of a file. Raises `InvalidInput` where it cannot be read, or is not UTF-8."""
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise wrong(path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise wrong(path, f"is not UTF-8 text: byte {error.start}") from None


def scan(path: str) -> tuple[int, bool]:
    """How many lines a file has, and whether a job takes it unchanged.

    That needs a file without blank lines, without a byte order mark, and without the words NaN and Infinity.
    """
    count, plain = 0, True
    with Path(path).open("rb") as file:
        for count, text in enumerate(file, 1):
            plain = plain and bool(text.strip()) and not (count == 1 and text.startswith(_BOM))
            plain = plain and b"NaN" not in text and b"Infinity" not in text
    return count, plain
