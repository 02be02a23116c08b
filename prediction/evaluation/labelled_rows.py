"""Rows with their true labels: JSON lines, a JSON list, a request body with `labels`, or CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from artifact_format.signatures import Tensors
from gcp import errors
from prediction.instances.csv_table import CsvTable, is_missing
from prediction.instances.row import Row, file_error
from prediction.instances.row_files import RowFile

_USUAL_NAMES = ("label", "target")
"""Names of the label's field that are tried first."""
_INSTANCE = "instance"
_MOST_FAILURES = 5
"""Number of wrong rows that are shown, as by `batch`."""
Failures = list[tuple[str, str]]
"""Place and reason of each wrong row."""


@dataclass(frozen=True)
class LabelledRows:
    """Rows with their true labels.

    Attributes:
        rows: the rows of the file.
        instances: of each row, what is sent to the model.
        labels: of each row, the true label.
        field: the field, or column, of the labels; empty if they are a list of their own.
    """

    rows: list[Row]
    instances: list[Any]
    labels: list[Any]
    field: str


def read(file: RowFile, inputs: Tensors, label: str | None) -> LabelledRows:
    """The rows of a file.

    A row of JSON is an object with the inputs and the label, or `{"instance": INSTANCE, LABEL: ...}`. Fields and
    columns that the model does not take are left out.

    Args:
        file: the file.
        inputs: of the signature; empty if they are not known.
        label: the label's field or column. Default: `label` or `target`, else the only one that is not an input.

    Raises:
        InvalidInput: there are no rows, a row is wrong, or the label's field is ambiguous.
    """
    rows = list(file.rows())
    if not rows:
        raise file_error(file.path, "has no rows")
    readable = [row for row in rows if not row.error]
    if not readable:
        raise rows_error([(row.place, row.error) for row in rows], file.path, len(rows))
    if file.document and file.document.labels and label is None:
        labels = file.document.labels
        return _labelled(file, _split(rows, lambda row: (row.value, labels[row.number])), "")
    splitter = _csv_splitter if file.is_csv else _json_splitter
    name, split_row = splitter(file, readable[0], inputs, label)
    return _labelled(file, _split(rows, split_row), name)


_SplitRow = Callable[[Row], tuple[Any, Any]]
"""Returns the instance and the label of a row. Raises `ValueError` for a wrong row."""
_SplitRows = tuple[list[tuple[Row, Any, Any]], Failures]
"""Rows with instances and labels, and the failures of the wrong rows."""


def _split(rows: Sequence[Row], split_row: _SplitRow) -> _SplitRows:
    found, failures = [], []
    for row in rows:
        if row.error:
            failures.append((row.place, row.error))
            continue
        try:
            found.append((row, *split_row(row)))
        except ValueError as error:
            failures.append((row.place, str(error)))
    return found, failures


def _labelled(file: RowFile, split: _SplitRows, name: str) -> LabelledRows:
    found, failures = split
    if failures:
        raise rows_error(failures, file.path, len(found) + len(failures))
    rows, instances, labels = ([each[index] for each in found] for index in range(3))
    return LabelledRows(rows, instances, labels, name)


def rows_error(failures: Failures, file: str, rows: int) -> errors.InvalidInput:
    """The error of wrong rows. Arguments: see `first_failures`."""
    return errors.InvalidInput(first_failures(failures, file, rows))


def first_failures(failures: Failures, file: str, rows: int) -> Failures:
    """The first failures and, if there are several, a line with their number.

    Args:
        failures: all of them.
        file: the file of the rows.
        rows: number of all rows.
    """
    if len(failures) < 2:
        return failures
    return [*failures[:_MOST_FAILURES], (file, f"{len(failures)} of {rows} rows cannot be used")]


def _csv_splitter(file: RowFile, first: Row, inputs: Tensors, label: str | None) -> tuple[str, _SplitRow]:
    columns = list(first.value)
    others = CsvTable(file.path, columns, inputs).unused if inputs else columns
    name = _label(file.path, columns, others, label, is_only=bool(inputs))
    table = CsvTable(file.path, columns, inputs, [name])

    def split_row(row: Row) -> tuple[Any, Any]:
        text = row.value[name]
        if is_missing(text):
            got = f"got {text!r}, a missing value" if text.strip() else "it is empty"
            raise ValueError(f"column {name} must be the label; {got}")
        return table.instance(row.value), text

    return name, split_row


def _json_splitter(file: RowFile, first: Row, inputs: Tensors, label: str | None) -> tuple[str, _SplitRow]:
    if file.hint and "instances" not in inputs and isinstance(first.value, dict):
        raise errors.InvalidInput([("--data", file.hint)])
    if not isinstance(first.value, dict):
        reason = f'must be an object with the inputs and the label, or {{"{_INSTANCE}": ..., "label": ...}}'
        raise file_error(first.place, f"{reason}. {file.hint}" if file.hint else reason)
    has_instance = _INSTANCE in first.value and _INSTANCE not in inputs
    others = [name for name in first.value if name not in inputs and not (has_instance and name == _INSTANCE)]
    name = _label(file.path, list(first.value), others, label, is_only=bool(inputs) or has_instance)
    sent = inputs or {key: {} for key in first.value if key != name}

    def split_row(row: Row) -> tuple[Any, Any]:
        value = row.field(name)
        return (row.field(_INSTANCE) if has_instance else _only(row.value, sent)), value

    return name, split_row


def _only(value: Mapping[str, Any], inputs: Tensors) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name in inputs}


def _label(file: str, fields: Sequence[str], others: Sequence[str], given: str | None, *, is_only: bool) -> str:
    """The label's field.

    Args:
        file: the file, for messages.
        fields: all fields of a row.
        others: those that are not inputs, as far as known.
        given: the user's choice.
        is_only: whether the label may be the only other field, whatever its name.
    """
    if given is not None:
        if given not in fields:
            raise errors.InvalidInput([("--label", f"{file} has no {given}; it has {', '.join(fields)}")])
        return given
    usual = [name for name in _USUAL_NAMES if name in others]
    if usual or (is_only and len(others) == 1):
        return (usual or others)[0]
    candidates = f"not inputs of the model: {', '.join(others)}" if others else "every field is an input of the model"
    raise errors.InvalidInput([("--label", f"name the field of {file} that is the label; {candidates}")])
