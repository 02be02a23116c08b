"""Instances from a file: a JSON list, a request body `{"instances": [...]}`, one JSON value per line, or CSV."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from artifact_format.signatures import Tensors
from gcp import errors
from prediction.instances import json_rows
from prediction.instances.csv_table import CsvTable
from prediction.instances.row import Row, file_error
from prediction.instances.row_files import STANDARD_INPUT, RowFile, read_text


@dataclass(frozen=True)
class GivenInstances:
    """The instances that a user gives.

    Attributes:
        instances: one value each; empty for CSV until `with_inputs`.
        signature_name: of a request body, if it has one.
        labels: the true label of each instance, if a request body has them.
        hint: why the model may reject the instances; empty if there is no obvious reason.
        csv_rows: the rows of CSV.
    """

    instances: list[Any]
    signature_name: str | None = None
    labels: list[Any] = field(default_factory=list)
    hint: str = ""
    csv_rows: list[Row] = field(default_factory=list)

    def with_inputs(self, inputs: Tensors) -> GivenInstances:
        """The same, with the instances that CSV rows are for these inputs. Raises `InvalidInput`."""
        if not self.csv_rows:
            return self
        table = CsvTable(self.csv_rows[0].file, list(self.csv_rows[0].value), inputs)
        return replace(self, instances=[_instance(table, row) for row in self.csv_rows], csv_rows=[])


def read(path: str) -> GivenInstances:
    """The instances of a file, or of standard input for `-`.

    Raises:
        InvalidInput: it cannot be read, is not valid JSON or CSV, or has no instances; the error has the line.
    """
    file = RowFile(path)
    text = read_text(path)  # also reports a file that does not exist
    given = GivenInstances([], csv_rows=_readable(list(file.rows()))) if file.is_csv else _json_instances(text, path)
    if not given.instances and not given.csv_rows:
        raise file_error(STANDARD_INPUT if path == "-" else path, "has no instances")
    return given


def _json_instances(text: str, path: str) -> GivenInstances:
    name = STANDARD_INPUT if path == "-" else path
    hint = "" if path == "-" else RowFile(path).hint
    document = json_rows.parse_document(text, name)
    if document:
        rows = _readable(document.rows)
        return GivenInstances([row.value for row in rows], document.signature_name, document.labels, hint)
    lines = [
        json_rows.parse_line(line.rstrip(), name, number)
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]
    return GivenInstances([row.value for row in _readable(lines)], hint=hint)


def _readable(rows: list[Row]) -> list[Row]:
    """The rows. Raises `InvalidInput` for the first that cannot be read."""
    for row in rows:
        if row.error:
            raise errors.InvalidInput([(row.place, f"{row.error}; expected one instance per line, or one list")])
    return rows


def _instance(table: CsvTable, row: Row) -> Any:
    try:
        return table.instance(row.value)
    except ValueError as error:
        raise errors.InvalidInput([(row.place, str(error))]) from None
