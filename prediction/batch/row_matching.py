"""Matches the results of a job to its rows.

If the endpoint keeps the order of rows and names the rejected ones, results are matched by position. Google's `ml` v1
does neither: it runs files in parts, in an unpredictable order, and only counts errors. There they are matched by a key
that the model takes as an input and returns as an output of the same name (Google documents this as instance keys).
Results of Vertex AI hold their rows: see `echoed_rows`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Protocol

from prediction.batch.job_files import JobFiles
from prediction.errors import PredictionFailed
from prediction.instances.row import Row

NO_REASON = "the endpoint does not say why: FILE.errors has each error with its count"
"""The error of a row without a result, matched by key."""

MatchedRow = tuple[Row, bytes]
"""A row and its result, a line without line end. The result is empty for a rejected row, which has an `error`."""


@dataclass(frozen=True)
class Rejection:
    """A row that the job rejected.

    Attributes:
        file: index of its file in the job.
        row: its number among the sent rows of that file, from 1.
        error: the reason.
    """

    file: int
    row: int
    error: str


class Match(Protocol):
    """Finds the result of each row."""

    def __call__(self, files: JobFiles, results: Path, rejections: Iterator[Rejection]) -> Iterator[MatchedRow]:
        """All rows in the order of the input, each with its result.

        Args:
            files: the files of the job.
            results: the job's output, a line for each row that was not rejected.
            rejections: the rejected rows, in order.

        Raises:
            PredictionFailed: results and rows do not match.
        """


@dataclass(frozen=True)
class ByPosition:
    """Matches results that come in the order of the input; see `Match`.

    Attributes:
        csv: whether results are CSV, where a row may have several lines.
    """

    csv: bool = False

    def __call__(self, files: JobFiles, results: Path, rejections: Iterator[Rejection]) -> Iterator[MatchedRow]:
        """See `Match`."""
        rejection, found = next(rejections, None), 0
        with results.open("rb") as file:
            for index, row, number in files.all_rows():
                if not number:
                    yield row, b""
                elif rejection and (rejection.file, rejection.row) == (index, number):
                    yield replace(row, error=rejection.error), b""
                    rejection = next(rejections, None)
                elif result := self._next_result(file):
                    found += 1
                    yield row, result
                else:
                    raise mismatch(f"{row.place} has no result; there are only {found}")
            if rejection or file.readline():
                raise mismatch(f"there are more results than the {files.count} rows")

    def _next_result(self, file: IO[bytes]) -> bytes:
        """The next result; empty after the last one."""
        text = file.readline()
        while self.csv and text.count(b'"') % 2 and (more := file.readline()):
            text += more
        return text.rstrip(b"\r\n")


def mismatch(reason: str) -> PredictionFailed:
    """The error of results that do not belong to the rows."""
    return PredictionFailed(f"results cannot be matched with rows: {reason}")


class ByKey:
    """Matches results in any order by a field that each row and each result has; see `Match`.

    Args:
        key: name of the field.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, files: JobFiles, results: Path, rejections: Iterator[Rejection]) -> Iterator[MatchedRow]:
        """See `Match`."""
        reasons = {(each.file, each.row): each.error for each in rejections}
        with results.open("rb") as file:
            offsets = self._offsets(file)
            for index, row, number in files.all_rows():
                offset = offsets.get(_hashable(row.field(self._key))) if number else None
                if offset is None:
                    yield replace(row, error=row.error or reasons.get((index, number), NO_REASON)), b""
                    continue
                file.seek(offset)
                yield row, file.readline().rstrip(b"\r\n")

    def _offsets(self, file: IO[bytes]) -> dict[Any, int]:
        """Key -> offset of its result in the file, in bytes."""
        found: dict[Any, int] = {}
        offset = 0
        for line in file:
            result = json.loads(line)
            if self._key not in result:
                raise mismatch(f"they have no output {self._key}: the model does not return it")
            found[_hashable(result[self._key])] = offset
            offset += len(line)
        return found


def repeated_key(files: JobFiles, key: str) -> str:
    """A message about two rows with the same key; empty if there are none."""
    seen: dict[Any, str] = {}
    for _, row, number in files.all_rows():
        if not number:
            continue
        value = _hashable(row.field(key))
        if value in seen:
            return f"{seen[value]} and {row.place} have the same {key}: {json.dumps(row.field(key))}"
        seen[value] = row.place
    return ""


def _hashable(value: Any) -> Any:
    """A JSON value as a dict key: 7 equals 7.0, and a list of one item equals the item."""
    if isinstance(value, list):
        return _hashable(value[0]) if len(value) == 1 else tuple(map(_hashable, value))
    if isinstance(value, Mapping):
        return tuple(sorted((name, _hashable(each)) for name, each in value.items()))
    return value
