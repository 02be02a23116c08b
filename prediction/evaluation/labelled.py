"""Rows with their truth: JSON lines, a JSON list, a request body with `labels`, or CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prediction.manifest import Inputs
from prediction.rows.cells import Table
from prediction.rows.documents import wrong
from prediction.rows.prepared import field
from prediction.rows.row import Row
from prediction.rows.source import CSV, Source
from resources import errors

USUAL = ("label", "target")
"""Names to try first for the label's field."""
_INSTANCE = "instance"


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
    for row in rows:
        if row.error:
            raise wrong(row.place, row.error)
    if not rows:
        raise wrong(source.path, "holds no rows")
    if source.document and source.document.labels and label is None:
        return Labelled(rows, [row.value for row in rows], source.document.labels, "")
    return _cells(source, rows, inputs, label) if source.form == CSV else _objects(source, rows, inputs, label)


def _cells(source: Source, rows: list[Row], inputs: Inputs, label: str | None) -> Labelled:
    columns = source.columns
    others = Table(source.path, columns, inputs).others if inputs else columns
    name = _label(source.path, columns, others, label, alone=bool(inputs))
    table = Table(source.path, columns, inputs, [name])
    return Labelled(rows, [_used(row, table) for row in rows], [row.value[name] for row in rows], name)


def _used(row: Row, table: Table) -> Any:
    try:
        return table.instance(row.value)
    except ValueError as error:
        raise wrong(row.place, str(error)) from None


def _objects(source: Source, rows: list[Row], inputs: Inputs, label: str | None) -> Labelled:
    first = rows[0].value
    if not isinstance(first, dict):
        reason = f'must be an object with the inputs and the label, or {{"{_INSTANCE}": ..., "label": ...}}'
        raise wrong(rows[0].place, reason)
    whole = _INSTANCE in first and _INSTANCE not in inputs
    others = [name for name in first if name not in inputs and not (whole and name == _INSTANCE)]
    name = _label(source.path, list(first), others, label, alone=bool(inputs) or whole)
    labels = [_field(row, name) for row in rows]
    if whole:
        return Labelled(rows, [_field(row, _INSTANCE) for row in rows], labels, name)
    kept = inputs or {key: {} for key in first if key != name}
    return Labelled(rows, [_part(row.value, kept) for row in rows], labels, name)


def _part(value: Mapping[str, Any], inputs: Inputs) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name in inputs}


def _field(row: Row, name: str) -> Any:
    try:
        return field(row, name)
    except ValueError as error:
        raise wrong(row.place, str(error)) from None


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
