"""One row of a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LINE, RECORD, INSTANCE = "line", "record", "instance"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    Attributes:
        file: the file, as it was named.
        number: where in the file. Lines and records are numbered from 1, instances of a request body from 0.
        value: the row: a JSON value; of CSV, text by column.
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
        """Where it is, for messages: `rows.jsonl:7`."""
        return f"{self.file}:{self.number}" if self.unit == LINE else f"{self.file}: {self.unit} {self.number}"
