"""A row of comma-separated values, and the file that names the columns. No NumPy: the front process writes it."""

from __future__ import annotations

import csv
import io
from typing import Any

_END = "\r\n"


def row_of(values: list[Any]) -> bytes:
    """One row, without its end; what holds a comma, a quote or a line break is quoted (RFC 4180)."""
    written = io.StringIO()
    csv.writer(written, lineterminator=_END).writerow(values)  # quotes what holds a character of it
    return written.getvalue().removesuffix(_END).encode()


def header(keys: list[str]) -> bytes:
    """The file of keys: one row, empty where there are none."""
    return row_of(keys) + b"\n" if keys else b""
