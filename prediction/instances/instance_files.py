"""Instances from a file: a JSON list, a request body `{"instances": [...]}`, one JSON value per line, or CSV."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import Any

from gcp import errors
from prediction.instances import json_documents
from prediction.instances.csv_cells import Table
from prediction.instances.json_documents import Document, wrong
from prediction.instances.row import Row
from prediction.instances.row_files import CSV, Source, read_text
from prediction.manifest import Inputs

_STANDARD_INPUT = "standard input"


@dataclass(frozen=True)
class Given:
    """What a file holds.

    Attributes:
        instances: one value each; of CSV none before `with_inputs`.
        signature_name: of a request body, if it has one.
        labels: the truth of each instance, if a request body has them.
        hint: what may be wrong with the file, where the model rejects the instances.
        cells: the rows of CSV.
    """

    instances: list[Any]
    signature_name: str | None = None
    labels: list[Any] = field(default_factory=list)
    hint: str = ""
    cells: list[Row] = field(default_factory=list)

    def with_inputs(self, inputs: Inputs) -> Given:
        """The same, with the instances that rows of CSV are for these inputs. Raises `InvalidInput`."""
        if not self.cells:
            return self
        table = Table(self.cells[0].file, list(self.cells[0].value), inputs)
        return replace(self, instances=[_instance(table, row) for row in self.cells], cells=[])


def read(source: str) -> Given:
    """The instances of a file, or of standard input for `-`.

    Raises:
        InvalidInput: it cannot be read, is not valid JSON or CSV, or holds no instances; with the place in it.
    """
    given = _standard_input() if source == "-" else _file(Source(source))
    if not given.instances and not given.cells:
        raise wrong(_STANDARD_INPUT if source == "-" else source, "holds no instances")
    return given


def _file(source: Source) -> Given:
    if source.form == CSV:
        read_text(source.path)
        return Given([], cells=list(map(_whole, source.rows())))
    text = read_text(source.path)
    given = _given(json_documents.parse(text, source.path), text, source.path)
    return replace(given, hint=source.hint)


def _standard_input() -> Given:
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise wrong(_STANDARD_INPUT, f"is not UTF-8 text: byte {error.start}") from None
    return _given(json_documents.parse(text, _STANDARD_INPUT), text, _STANDARD_INPUT)


def _given(document: Document | None, text: str, name: str) -> Given:
    if document:
        for row in document.rows:
            _whole(row)
        return Given([row.value for row in document.rows], document.signature_name, document.labels)
    lines = [
        json_documents.line(line.rstrip(), name, number)
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]
    return Given([_whole(row).value for row in lines])


def _whole(row: Row) -> Row:
    """A row that can be read. Raises `InvalidInput`."""
    if row.error:
        raise errors.InvalidInput([(row.place, f"{row.error}; expected one instance per line, or one list")])
    return row


def _instance(table: Table, row: Row) -> Any:
    try:
        return table.instance(row.value)
    except ValueError as error:
        raise errors.InvalidInput([(row.place, str(error))]) from None
