"""Converts input files to what a job reads: JSON lines with one instance each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from artifact_format.signatures import Tensors
from gcp import errors
from prediction.instances.csv_table import CsvTable
from prediction.instances.row import Row
from prediction.instances.row_files import RowFile, count_lines

_MOST_ERRORS = 1000
"""Number of different errors that are counted separately, as in a job of the emulator."""
_OTHER_ERRORS = "Other errors."


@dataclass(frozen=True, kw_only=True)
class JobFiles:
    """The files of a job.

    Attributes:
        files: the user's files.
        paths: the files that are sent, one for each.
        convert: converts a row to its instance.
        count: number of rows that are sent, without TFRecords.
        unsent: the errors of rows that are not sent, with counts.
    """

    files: Sequence[RowFile]
    paths: Sequence[Path]
    convert: RowConverter
    count: int
    unsent: Counter[str] = field(default_factory=Counter)

    def all_rows(self) -> Iterator[tuple[int, Row, int]]:
        """All rows in order, each as index of the file, row, and the row's number among the sent rows of its file.

        Files count from 0, rows from 1. A row that is not sent because of its `error` has the number 0.
        """
        for index in range(len(self.files)):
            yield from ((index, row, number) for row, number in self.rows(index))

    def rows(self, index: int) -> Iterator[tuple[Row, int]]:
        """The rows of one file, each with its number; see `all_rows`."""
        number = 0
        file = self.files[index]
        for row, instance in _converted(file, self.convert):
            if file.is_csv and row.value is not None:
                row = replace(row, value=self.convert.table(file).typed(row.value, instance))  # noqa: PLW2901 - the same row
            number += not row.error
            yield row, 0 if row.error else number

    def unused_columns(self) -> dict[str, list[str]]:
        """The columns of each CSV file that are not sent, except for the key."""
        unused = {file.path: self.convert.table(file).unused for file in self.files if file.is_csv}
        found = {path: [name for name in names if name != self.convert.unsent_key] for path, names in unused.items()}
        return {path: names for path, names in found.items() if names}

    def is_sent_unchanged(self, index: int) -> bool:
        """Whether the user's own file is sent: each of its lines, or records, is a row that is sent."""
        return self.paths[index] == Path(self.files[index].path)


def prepare(
    files: Sequence[RowFile], folder: Path, *, inputs: Tensors, key: str = "", sent: bool = True, checked: bool = False
) -> JobFiles:
    """Writes the files to send into `folder`, except for those that a job reads unchanged.

    Args:
        files: the user's files.
        folder: for the files to send.
        inputs: of the signature; used for CSV.
        key: a field or column that each row must have; empty for none.
        sent: whether the key is sent.
        checked: parse every row, so that a row that is not valid JSON is not sent.

    Raises:
        InvalidInput: a file cannot be read, or no row of all files can be sent.
    """
    convert = RowConverter(inputs, key, sent=sent)
    paths, total, unsent = [], 0, Counter[str]()
    first_error = ""
    for number, file in enumerate(files):
        if not checked and not key and file.has_row_per_line:
            count, unchanged = (0, True) if file.is_records else count_lines(file.path)
            if unchanged:
                paths.append(Path(file.path))
                total += count
                continue
        paths.append(folder / f"{number:05}.jsonl")
        count, error = _write(file, convert, paths[-1], unsent)
        total += count
        first_error = first_error or error
    if not total and first_error:
        raise errors.InvalidInput([("--input", f"no row can be sent: {first_error}")])
    return JobFiles(files=files, paths=paths, convert=convert, count=total, unsent=unsent)


def _write(file: RowFile, convert: RowConverter, path: Path, unsent: Counter[str]) -> tuple[int, str]:
    """Writes a file's instances; returns their number and the first error."""
    count, first_error = 0, ""
    with path.open("w", encoding="utf-8", newline="\n") as output:
        for row, instance in _converted(file, convert):
            if row.error:
                first_error = first_error or f"{row.place}: {row.error}"
                unsent[row.error if row.error in unsent or len(unsent) < _MOST_ERRORS else _OTHER_ERRORS] += 1
                continue
            output.write(json.dumps(instance, separators=(",", ":"), ensure_ascii=False) + "\n")
            count += 1
    return count, first_error


def _converted(file: RowFile, convert: RowConverter) -> Iterator[tuple[Row, Any]]:
    """The rows with their instances; a row that cannot be converted has an error, and None as its instance."""
    for row in file.rows():
        instance = None
        if not row.error:
            try:
                instance = convert(file, row)
            except ValueError as error:
                row = replace(row, error=str(error))  # noqa: PLW2901 - the same row
        yield row, instance


class RowConverter:
    """Converts rows to instances. Raises `ValueError` for a row that cannot be converted.

    Args:
        inputs: of the signature; empty if they are not known.
        key: a field that each row must have; empty for none.
        sent: whether the key is sent.

    Attributes:
        unsent_key: the key if it is not sent; else empty.
    """

    def __init__(self, inputs: Tensors, key: str, *, sent: bool) -> None:
        self._inputs, self._key = inputs, key
        self.unsent_key = "" if sent else key
        self._tables: dict[str, CsvTable] = {}

    def __call__(self, file: RowFile, row: Row) -> Any:
        """The instance of a row that has no error."""
        if self._key:
            row.field(self._key)  # raises if it is missing
        if file.is_csv:
            return self.table(file).instance(row.value)
        if not self.unsent_key:
            return row.value
        return {name: value for name, value in row.value.items() if name != self.unsent_key}

    def table(self, file: RowFile) -> CsvTable:
        """The converter of a CSV file."""
        if file.path not in self._tables:
            left_out = [self.unsent_key] if self.unsent_key else []
            self._tables[file.path] = CsvTable(file.path, file.columns, self._inputs, left_out)
        return self._tables[file.path]
