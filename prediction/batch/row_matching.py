"""Which result of a job belongs to which row.

If the endpoint keeps the order of rows and names the rejected ones, results are matched by position. Google's service
does neither: it runs files in parts, in an unpredictable order, and only counts errors. There they are matched by a key
that the model takes as an input and returns as an output of the same name (Google documents this as instance keys).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Protocol

from gcp import errors
from prediction.instances.prepared_rows import Prepared, field
from prediction.instances.row import Row

UNKNOWN = "the endpoint does not say why: FILE.errors has each error with its count"
"""The error of a row whose key no result has."""

Matched = tuple[Row, bytes]
"""A row and its result, a line without its end; empty for a row that was rejected, for its `error`."""


@dataclass(frozen=True)
class Rejection:
    """A row that the job rejected.

    Attributes:
        file: the number of its file in the job.
        row: its number among the rows that were sent of that file, from 1.
        error: why.
    """

    file: int
    row: int
    error: str


class Match(Protocol):
    """Finds the result of each row."""

    def __call__(self, prepared: Prepared, results: Path, rejected: Iterator[Rejection]) -> Iterator[Matched]:
        """All rows in the order of the input, each with its result.

        Args:
            prepared: the files of the job.
            results: what the job wrote, a line for each row that was not rejected.
            rejected: the rows that were, in order.

        Raises:
            PredictionFailed: results and rows do not match.
        """


@dataclass(frozen=True)
class ByPosition:
    """See `Match`. For results in the order of the input.

    Attributes:
        csv: whether results are rows of CSV, of which one may have several lines.
    """

    csv: bool = False

    def __call__(self, prepared: Prepared, results: Path, rejected: Iterator[Rejection]) -> Iterator[Matched]:
        """See `Match`."""
        refused, found = next(rejected, None), 0
        with results.open("rb") as file:
            for index, row, number in prepared.all_rows():
                if not number:
                    yield row, b""
                elif refused and (refused.file, refused.row) == (index, number):
                    yield replace(row, error=refused.error), b""
                    refused = next(rejected, None)
                elif result := self._result(file):
                    found += 1
                    yield row, result
                else:
                    raise _mismatch(f"{row.place} has no result; there are {found}")
            if refused or file.readline():
                raise _mismatch(f"there are more results than the {prepared.count} rows")

    def _result(self, file: IO[bytes]) -> bytes:
        """The next result; empty after the last one."""
        text = file.readline()
        while self.csv and text.count(b'"') % 2 and (more := file.readline()):
            text += more
        return text.rstrip(b"\r\n")


def _mismatch(reason: str) -> errors.PredictionFailed:
    return errors.PredictionFailed(f"results cannot be matched with rows: {reason}")


class ByKey:
    """See `Match`. For results in any order, by a field that each row has, and each result.

    Args:
        key: the field's name.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, prepared: Prepared, results: Path, rejected: Iterator[Rejection]) -> Iterator[Matched]:
        """See `Match`."""
        reasons = {(each.file, each.row): each.error for each in rejected}
        with results.open("rb") as file:
            places = self._places(file)
            for index, row, number in prepared.all_rows():
                place = places.get(_frozen(field(row, self._key))) if number else None
                if place is None:
                    yield replace(row, error=row.error or reasons.get((index, number), UNKNOWN)), b""
                    continue
                file.seek(place)
                yield row, file.readline().rstrip(b"\r\n")

    def _places(self, file: IO[bytes]) -> dict[Any, int]:
        """Where the result of each key begins."""
        found: dict[Any, int] = {}
        at = 0
        for line in file:
            result = json.loads(line)
            if self._key not in result:
                raise _mismatch(f"they have no output {self._key}: the model does not return it")
            found[_frozen(result[self._key])] = at
            at += len(line)
        return found


def repeated_key(prepared: Prepared, key: str) -> str:
    """Two rows with the same key, for a message; empty where there are none."""
    seen: dict[Any, str] = {}
    for _, row, number in prepared.all_rows():
        if not number:
            continue
        value = _frozen(field(row, key))
        if value in seen:
            return f"{seen[value]} and {row.place} have the same {key}: {json.dumps(field(row, key))}"
        seen[value] = row.place
    return ""


def _frozen(value: Any) -> Any:
    """A JSON value that can be a key: 7 is 7.0, and the only item of a list is the item."""
    if isinstance(value, list):
        return _frozen(value[0]) if len(value) == 1 else tuple(map(_frozen, value))
    if isinstance(value, Mapping):
        return tuple(sorted((name, _frozen(each)) for name, each in value.items()))
    return value
