"""Rows with their truth: JSON lines, a JSON list, a request body with `labels`, or CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gcp import errors
from prediction.instances.csv_cells import Table, is_missing
from prediction.instances.json_documents import wrong
from prediction.instances.prepared_rows import field
from prediction.instances.row import Row
from prediction.instances.row_files import CSV, Source
from prediction.manifest import Inputs

USUAL = ("label", "target")
"""Names to try first for the label's field."""
_INSTANCE = "instance"
_MOST = 5
"""Bad rows that are shown, as by `batch`."""
Failures = list[tuple[str, str]]
"""Where each bad row is, and what is wrong with it."""


@dataclass(frozen=True)
class Labelled:
    """Rows with their truth.

    Attributes:
        rows: where each comes from.
        instances: what the model is asked.
        labels: the truth of each.
        field: the field, or column, of the labels; empty for a list of their own.
    """

    rows: list[Row]
    instances: list[Any]
    labels: list[Any]
    field: str


def read(source: Source, inputs: Inputs, label: str | None) -> Labelled:
    """The rows of a file.

    A row of JSON is an object with the inputs and the label, or `{"instance": INSTANCE, LABEL: ...}`. Fields and
    columns that the model does not take are left out.

    Args:
        source: the file.
        inputs: of the signature; empty where they are not known.
        label: the label's field or column. Default: `label` or `target`, else the only one that is not an input.

    Raises:
        InvalidInput: there are no rows, one of them cannot be used, or it is not known which field is the label.
    """
    rows = list(source.rows())
    if not rows:
        raise wrong(source.path, "holds no rows")
    good = [row for row in rows if not row.error]
    if not good:
        raise refusal([(row.place, row.error) for row in rows], source.path, len(rows))
    if source.document and source.document.labels and label is None:
        labels = source.document.labels
        found = _split(rows, lambda row: (row.value, labels[row.number]))
        return _labelled(source, found, "")
    split = _cells if source.form == CSV else _objects
    name, part = split(source, good[0], inputs, label)
    return _labelled(source, _split(rows, part), name)


_Part = Callable[[Row], tuple[Any, Any]]
"""The instance and the label of a row. Raises `ValueError` for a row that cannot be used."""
_Split = tuple[list[tuple[Row, Any, Any]], Failures]


def _split(rows: Sequence[Row], part: _Part) -> _Split:
    """The rows with their instances and labels, and what is wrong with the others."""
    found, failures = [], []
    for row in rows:
        if row.error:
            failures.append((row.place, row.error))
            continue
        try:
            found.append((row, *part(row)))
        except ValueError as error:
            failures.append((row.place, str(error)))
    return found, failures


def _labelled(source: Source, split: _Split, name: str) -> Labelled:
    found, failures = split
    if failures:
        raise refusal(failures, source.path, len(found) + len(failures))
    rows, instances, labels = ([each[place] for each in found] for place in range(3))
    return Labelled(rows, instances, labels, name)


def refusal(failures: Failures, file: str, rows: int) -> errors.InvalidInput:
    """The error of rows that cannot be used: the first of them and, of more than one, how many there are.

    Args:
        failures: where each is, and what is wrong with it.
        file: that holds the rows.
        rows: how many there are in all.
    """
    return errors.InvalidInput(summed_up(failures, file, rows))


def summed_up(failures: Failures, file: str, rows: int) -> Failures:
    """The first failures and, of more than one, how many there are; see `refusal`."""
    if len(failures) < 2:
        return failures
    return [*failures[:_MOST], (file, f"{len(failures)} of {rows} rows cannot be used")]


def _cells(source: Source, first: Row, inputs: Inputs, label: str | None) -> tuple[str, _Part]:
    columns = list(first.value)
    others = Table(source.path, columns, inputs).others if inputs else columns
    name = _label(source.path, columns, others, label, alone=bool(inputs))
    table = Table(source.path, columns, inputs, [name])

    def part(row: Row) -> tuple[Any, Any]:
        text = row.value[name]
        if is_missing(text):
            how = f"holds {text!r}, a missing value" if text.strip() else "is empty"
            raise ValueError(f"column {name} {how}; expected the label")
        return table.instance(row.value), text

    return name, part


def _objects(source: Source, first: Row, inputs: Inputs, label: str | None) -> tuple[str, _Part]:
    if source.hint and "instances" not in inputs and isinstance(first.value, dict):
        raise errors.InvalidInput([("--data", source.hint)])
    if not isinstance(first.value, dict):
        reason = f'must be an object with the inputs and the label, or {{"{_INSTANCE}": ..., "label": ...}}'
        raise wrong(first.place, f"{reason}. {source.hint}" if source.hint else reason)
    whole = _INSTANCE in first.value and _INSTANCE not in inputs
    others = [name for name in first.value if name not in inputs and not (whole and name == _INSTANCE)]
    name = _label(source.path, list(first.value), others, label, alone=bool(inputs) or whole)
    kept = inputs or {key: {} for key in first.value if key != name}

    def part(row: Row) -> tuple[Any, Any]:
        truth = field(row, name)
        return (field(row, _INSTANCE) if whole else _part(row.value, kept)), truth

    return name, part


def _part(value: Mapping[str, Any], inputs: Inputs) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name in inputs}


def _label(file: str, fields: Sequence[str], others: Sequence[str], given: str | None, *, alone: bool) -> str:
    """The label's field.

    Args:
        file: for messages.
        fields: all of a row.
        others: those that are not inputs, as far as these are known.
        given: what the user says.
        alone: whether the only other field is the label.
    """
    if given is not None:
        if given not in fields:
            raise errors.InvalidInput([("--label", f"{file} has no {given}; it has {', '.join(fields)}")])
        return given
    usual = [name for name in USUAL if name in others]
    if usual or (alone and len(others) == 1):
        return (usual or others)[0]
    told = f"not inputs of the model: {', '.join(others)}" if others else "every field is an input of the model"
    raise errors.InvalidInput([("--label", f"name the field of {file} that is the label; {told}")])
