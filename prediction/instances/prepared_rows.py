"""Input files in the form that a job takes: JSON lines with one instance each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any

from gcp import errors
from prediction.instances.csv_cells import Table
from prediction.instances.row import Row
from prediction.instances.row_files import CSV, Source, scan
from prediction.manifest import Inputs

_MOST_ERRORS = 1000
"""How many different errors are counted separately, as in a job of the emulator."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The files of a job.

    Attributes:
        sources: the files as they are.
        paths: the files that are sent, one for each.
        instance: makes the instance of a row.
        count: how many rows are sent, TFRecords left out.
        unsent: the errors of the rows that are not sent, each with its count.
    """

    sources: Sequence[Source]
    paths: Sequence[Path]
    instance: Converter
    count: int
    unsent: Counter[str] = dataclass_field(default_factory=Counter)

    def all_rows(self) -> Iterator[tuple[int, Row, int]]:
        """All rows in order: the number of the file; the row; its number among the rows of its file that are sent.

        Files are counted from 0, rows from 1. A row that is not sent, for its `error`, has the number 0.
        """
        for index in range(len(self.sources)):
            yield from ((index, row, number) for row, number in self.rows(index))

    def rows(self, index: int) -> Iterator[tuple[Row, int]]:
        """The same for one file."""
        number = 0
        source = self.sources[index]
        for row, value in _instances(source, self.instance):
            if source.form == CSV and row.value is not None:
                row = replace(row, value=self.instance.table(source).typed(row.value, value))  # noqa: PLW2901 - the same row
            number += not row.error
            yield row, 0 if row.error else number

    def unused_columns(self) -> dict[str, list[str]]:
        """The columns of each CSV file that are not sent, except the key."""
        tables = {source.path: self.instance.table(source) for source in self.sources if source.form == CSV}
        others = {
            path: [name for name in table.others if name != self.instance.without] for path, table in tables.items()
        }
        return {path: names for path, names in others.items() if names}

    def is_plain(self, index: int) -> bool:
        """Whether a file is sent as it is: each line or record of it is a row that is sent."""
        return self.paths[index] == Path(self.sources[index].path)


def prepare(
    sources: Sequence[Source], folder: Path, *, inputs: Inputs, key: str = "", sent: bool = True, checked: bool = False
) -> Prepared:
    """Writes the files to send to `folder`, except for those that a job takes unchanged.

    Args:
        sources: the input files.
        folder: for files.
        inputs: of the signature; for CSV.
        key: a field that each row must have, or a column. Empty for none.
        sent: whether the key is sent.
        checked: read every row here, so that one that is not valid JSON is not sent.

    Raises:
        InvalidInput: a file cannot be read, or no row of all of them can be sent.
    """
    convert = Converter(inputs, key, sent=sent)
    paths, total, unsent = [], 0, Counter[str]()
    first = ""
    for number, source in enumerate(sources):
        if not checked and not key and source.as_lines:
            count, plain = (0, True) if source.is_records else scan(source.path)
            if plain:
                paths.append(Path(source.path))
                total += count
                continue
        paths.append(folder / f"{number:05}.jsonl")
        count, wrong = _write(source, convert, paths[-1], unsent)
        total += count
        first = first or wrong
    if not total and first:
        raise errors.InvalidInput([("--input", f"no row can be sent: {first}")])
    return Prepared(sources=sources, paths=paths, instance=convert, count=total, unsent=unsent)


def _write(source: Source, instance: Converter, path: Path, unsent: Counter[str]) -> tuple[int, str]:
    """Writes a file's instances; returns how many there are, and the first error."""
    count, wrong = 0, ""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row, value in _instances(source, instance):
            if row.error:
                wrong = wrong or f"{row.place}: {row.error}"
                unsent[row.error if row.error in unsent or len(unsent) < _MOST_ERRORS else "Other errors."] += 1
                continue
            file.write(json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n")
            count += 1
    return count, wrong


def _instances(source: Source, instance: Converter) -> Iterator[tuple[Row, Any]]:
    for row in source.rows():
        value = None
        if not row.error:
            try:
                value = instance(source, row)
            except ValueError as error:
                row = replace(row, error=str(error))  # noqa: PLW2901 - the same row
        yield row, value


class Converter:
    """Makes instances of rows. Raises `ValueError` for what cannot be one.

    Args:
        inputs: of the signature; empty where they are not known.
        key: a field that each row must have. Empty for none.

    Attributes:
        without: the key, where it is not sent.
    """

    def __init__(self, inputs: Inputs, key: str, *, sent: bool) -> None:
        self._inputs, self._key = inputs, key
        self.without = "" if sent else key
        self._tables: dict[str, Table] = {}

    def __call__(self, source: Source, row: Row) -> Any:
        """The instance of a row that can be read."""
        if self._key:
            field(row, self._key)
        if source.form == CSV:
            return self.table(source).instance(row.value)
        if not self.without:
            return row.value
        return {name: value for name, value in row.value.items() if name != self.without}

    def table(self, source: Source) -> Table:
        """How the columns of a file are read."""
        if source.path not in self._tables:
            left_out = [self.without] if self.without else []
            self._tables[source.path] = Table(source.path, source.columns, self._inputs, left_out)
        return self._tables[source.path]


def field(row: Row, name: str) -> Any:
    """A field of a row, or a column. Raises `ValueError` where the row has none, or is not an object."""
    with suppress(KeyError, TypeError):
        if not isinstance(row.value, list):
            return row.value[name]
    fields = f"it has {', '.join(row.value)}" if isinstance(row.value, dict) else "it is not an object"
    raise ValueError(f"has no field {name}: {fields}")
