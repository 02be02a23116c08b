"""Writes the results of a job: joined with their rows if asked for, and a list of the rejected rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from prediction.batch.job_files import JobFiles
from prediction.batch.row_matching import Match, Rejection
from prediction.errors import PredictionFailed
from prediction.instances.json_rows import parse_line
from prediction.instances.row import LINE, RECORD, Row

SIDE_FILES = ("errors", "keys", "rejected")
"""The suffixes of files beside the results."""


def side_file(results: Path, suffix: str) -> Path:
    """A file beside the results: `FILE.errors`."""
    return results.with_name(f"{results.name}.{suffix}")


@dataclass(frozen=True, kw_only=True)
class Join:
    """How results are joined with their rows.

    Attributes:
        match: finds the result of each row.
        key: the field that comes first in each result; empty for none.
        is_returned: whether the model itself returns the key.
        with_input: whether each result is `{"instance": ROW, "prediction": RESULT}`.
        csv: whether the results are CSV.
    """

    match: Match
    key: str = ""
    is_returned: bool = False
    with_input: bool = False
    csv: bool = False


class Outcome:
    """Writes the result files.

    Args:
        files: the files of the job.
        names: the job's names for these files.
        raw: the job's results; the side files have the same name with a suffix of `SIDE_FILES`.

    Attributes:
        examples: the first rejected rows, each as place and error.
    """

    MOST_EXAMPLES = 5

    def __init__(self, files: JobFiles, names: Sequence[str], raw: Path) -> None:
        self._files, self._raw = files, raw
        self._indices = {name: index for index, name in enumerate(names)}
        self.examples: list[str] = []

    def write(self, output: Path, join: Join | None) -> None:
        """Moves the results and their side files to their final names.

        Raises:
            PredictionFailed: results and rows do not match; the results are written to `output` without a join.
        """
        results = self._raw
        rejected = side_file(self._raw, "new_rejected")
        with rejected.open("w", encoding="utf-8") as file:
            if join:
                results = self._joined(join, file, output)
            else:
                for row in self._rejected_rows():
                    self._reject(row, file)
        rejected.replace(side_file(self._raw, "rejected"))
        self._add_unsent()
        self._publish(results, output)

    def _joined(self, join: Join, rejected: IO[str], output: Path) -> Path:
        joined = side_file(self._raw, "joined")
        try:
            with joined.open("wb") as file:
                for row, result in join.match(self._files, self._raw, self._rejections()):
                    if result:
                        file.write(_joined_line(join, row, result))
                    else:
                        self._reject(row, rejected, join.key)
        except PredictionFailed as error:
            side_file(self._raw, "rejected").unlink(missing_ok=True)
            self._publish(self._raw, output)
            raise PredictionFailed(f"{error}. The results are in {output}, not joined") from None
        keys = side_file(self._raw, "keys")
        if join.csv and join.key and keys.exists():
            keys.write_bytes(_csv_cell(join.key) + b"," + keys.read_bytes())
        return joined

    def _rejections(self) -> Iterator[Rejection]:
        """The rejected rows that the endpoint named, in order."""
        with suppress(FileNotFoundError), side_file(self._raw, "rejected").open("rb") as file:
            for text in file:
                found = json.loads(text)
                yield Rejection(self._indices[found["file"]], found["row"], found["error"])

    def _rejected_rows(self) -> Iterator[Row]:
        """The rejected rows of results that are not joined, in order. Does not read files that are sent unchanged."""
        rejections = self._rejections()
        rejection = next(rejections, None)
        for index, file in enumerate(self._files.files):
            if self._files.is_sent_unchanged(index):
                while rejection and rejection.file == index:
                    unit = RECORD if file.is_records else LINE
                    yield Row(file.path, rejection.row, error=rejection.error, unit=unit)
                    rejection = next(rejections, None)
                continue
            for row, number in self._files.rows(index):
                if not number:
                    yield row
                elif rejection and (rejection.file, rejection.row) == (index, number):
                    yield replace(row, error=rejection.error)
                    rejection = next(rejections, None)

    def _reject(self, row: Row, rejected: IO[str], key: str = "") -> None:
        """Writes a rejected row to the list."""
        entry: dict[str, Any] = {"file": row.file, row.unit: row.number, "error": row.error}
        with suppress(ValueError):
            entry = {key: row.field(key), **entry} if key else entry
        rejected.write(json.dumps(entry, ensure_ascii=False) + "\n")
        if len(self.examples) < self.MOST_EXAMPLES:
            self.examples.append(f"{row.place}: {row.error}")

    def _add_unsent(self) -> None:
        """Adds the errors of rows that were not sent to those that the job counted, in the same form."""
        with side_file(self._raw, "errors").open("a", encoding="utf-8") as file:
            file.writelines(f"({text!r}, {count})\n" for text, count in self._files.unsent.most_common())

    def _publish(self, results: Path, output: Path) -> None:
        """Renames the files to their final names, the results last. Empty side files are left out."""
        for suffix in SIDE_FILES:
            file, final = side_file(self._raw, suffix), side_file(output, suffix)
            if file.exists() and file.stat().st_size:
                file.replace(final)
            else:
                final.unlink(missing_ok=True)
        results.replace(output)


def _joined_line(join: Join, row: Row, result: bytes) -> bytes:
    """A result joined with its row."""
    if join.csv:
        return _csv_cell(row.field(join.key)) + b"," + result + b"\n"
    if not join.with_input and (join.is_returned or not join.key):
        return result + b"\n"
    spaced = b'": ' in result[: result.find(b":") + 2]  # write spaces as the endpoint does
    comma = b", " if spaced else b","
    if join.with_input:
        start = _json({"instance": row.value}, spaced=spaced)[:-1]
        return start + comma + _json("prediction", spaced=spaced) + (b": " if spaced else b":") + result + b"}\n"
    key = _json({join.key: row.field(join.key)}, spaced=spaced)
    return key[:-1] + comma + result[1:] + b"\n"


def _json(value: Any, *, spaced: bool) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=None if spaced else (",", ":")).encode()


def count_invalid_json(results: Path) -> int:
    """The number of lines with NaN or infinities, which models may return and standard JSON does not have."""
    with results.open("rb") as file:
        suspects = (text for text in file if b"NaN" in text or b"Infinity" in text)
        return sum(bool(parse_line(text, str(results), 1).error) for text in suspects)


def _csv_cell(value: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([value if isinstance(value, str) else json.dumps(value)])
    return text.getvalue().encode()
