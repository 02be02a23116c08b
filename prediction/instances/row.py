"""One row of an input file."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gcp import errors

LINE, RECORD, INSTANCE = "line", "record", "instance"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an input file.

    Attributes:
        file: the file, as the user named it.
        number: position in the file. Lines and records count from 1, instances of a request body from 0.
        value: a JSON value; for CSV, text by column.
        error: why the row cannot be read; empty if it can.
        unit: what `number` counts: `line`, `record` or `instance`.
    """

    file: str
    number: int
    value: Any = None
    error: str = ""
    unit: str = LINE

    @property
    def place(self) -> str:
        """File and position, for messages: `rows.jsonl:7`."""
        return f"{self.file}:{self.number}" if self.unit == LINE else f"{self.file}: {self.unit} {self.number}"

    def field(self, name: str) -> Any:
        """A field, or a column. Raises `ValueError` if the row has no such field or is not an object."""
        with suppress(KeyError, TypeError):
            if not isinstance(self.value, list):
                return self.value[name]
        fields = f"it has {', '.join(self.value)}" if isinstance(self.value, dict) else "it is not an object"
        raise ValueError(f"has no field {name}: {fields}")


def file_error(name: str, reason: str) -> errors.InvalidInput:
    """The error of a whole file."""
    return errors.InvalidInput([(name, reason)])
