"""What a job leaves on this machine: results, perhaps joined with their rows, and which rows were rejected."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from gcp import errors
from prediction.batch.row_matching import Match, Rejection
from prediction.instances.json_documents import line
from prediction.instances.prepared_rows import Prepared, field
from prediction.instances.row import LINE, RECORD, Row

BESIDE = ("errors", "keys", "rejected")
"""The endings of files beside the results."""


def beside(target: Path, ending: str) -> Path:
    """A file beside the results: `FILE.errors`."""
    return target.with_name(f"{target.name}.{ending}")


@dataclass(frozen=True, kw_only=True)
class Join:
    """How results are joined with their rows.

    Attributes:
        match: finds the result of each row.
        key: the field that stands first in each result; empty for none.
        passed: the model returns the key itself.
        whole: each result is `{"instance": ROW, "prediction": RESULT}`.
        csv: whether the results are CSV.
    """

    match: Match
    key: str = ""
    passed: bool = False
    whole: bool = False
    csv: bool = False


class Outcome:
    """Makes the files of the results.

    Args:
        prepared: the files of the job.
        names: of these files, as the job knows them.
        raw: the job's results; what belongs to them has the same name with a further ending, see `BESIDE`.

    Attributes:
        examples: the first rejected rows: where each is, and its error.
    """

    MOST = 5

    def __init__(self, prepared: Prepared, names: Sequence[str], raw: Path) -> None:
        self._prepared, self._raw = prepared, raw
        self._numbers = {name: number for number, name in enumerate(names)}
        self.examples: list[str] = []

    def write(self, target: Path, join: Join | None) -> None:
        """Gives the results, and what belongs to them, their names.

        Raises:
            PredictionFailed: results and rows do not match; the results are written to `target` without a join.
        """
        results = self._raw
        told = beside(self._raw, "told")
        with told.open("w", encoding="utf-8") as file:
            if join:
                results = self._joined(join, file, target)
            else:
                for row in self._rejected():
                    self._tell(row, file)
        told.replace(beside(self._raw, "rejected"))
        self._add_unsent()
        self._publish(results, target)

    def _joined(self, join: Join, told: IO[str], target: Path) -> Path:
        found = beside(self._raw, "joined")
        try:
            with found.open("wb") as file:
                for row, result in join.match(self._prepared, self._raw, self._named()):
                    if result:
                        file.write(_line(join, row, result))
                    else:
                        self._tell(row, told, join.key)
        except errors.PredictionFailed as error:
            beside(self._raw, "rejected").unlink(missing_ok=True)
            self._publish(self._raw, target)
            raise errors.PredictionFailed(f"{error}. The results are in {target}, not joined") from None
        keys = beside(self._raw, "keys")
        if join.csv and join.key and keys.exists():
            keys.write_bytes(_cell(join.key) + b"," + keys.read_bytes())
        return found

    def _named(self) -> Iterator[Rejection]:
        """The rejected rows that the endpoint named, in order; none where it named none."""
        with suppress(FileNotFoundError), beside(self._raw, "rejected").open("rb") as opened:
            for line in opened:
                found = json.loads(line)
                yield Rejection(self._numbers[found["file"]], found["row"], found["error"])

    def _rejected(self) -> Iterator[Row]:
        """The rejected rows of results that are not joined, in order. Does not read files that are sent unchanged."""
        named = self._named()
        refused = next(named, None)
        for index, source in enumerate(self._prepared.sources):
            if self._prepared.is_plain(index):
                while refused and refused.file == index:
                    unit = RECORD if source.is_records else LINE
                    yield Row(source.path, refused.row, error=refused.error, unit=unit)
                    refused = next(named, None)
                continue
            for row, number in self._prepared.rows(index):
                if not number:
                    yield row
                elif refused and (refused.file, refused.row) == (index, number):
                    yield replace(row, error=refused.error)
                    refused = next(named, None)

    def _tell(self, row: Row, told: IO[str], key: str = "") -> None:
        """Notes a rejected row."""
        said: dict[str, Any] = {"file": row.file, row.unit: row.number, "error": row.error}
        with suppress(ValueError):
            said = {key: field(row, key), **said} if key else said
        told.write(json.dumps(said, ensure_ascii=False) + "\n")
        if len(self.examples) < self.MOST:
            self.examples.append(f"{row.place}: {row.error}")

    def _add_unsent(self) -> None:
        """Adds the errors of rows that were not sent to those that the job counted, in the same form."""
        with beside(self._raw, "errors").open("a", encoding="utf-8") as file:
            file.writelines(f"({text!r}, {count})\n" for text, count in self._prepared.unsent.most_common())

    def _publish(self, results: Path, target: Path) -> None:
        """Renames files to their final names, the results last. Empty files beside them are left out."""
        for ending in BESIDE:
            file, name = beside(self._raw, ending), beside(target, ending)
            if file.exists() and file.stat().st_size:
                file.replace(name)
            else:
                name.unlink(missing_ok=True)
        results.replace(target)


def _line(join: Join, row: Row, result: bytes) -> bytes:
    """A result with its row."""
    if join.csv:
        return _cell(field(row, join.key)) + b"," + result + b"\n"
    if join.passed and not join.whole:
        return result + b"\n"
    spaced = b'": ' in result[: result.find(b":") + 2]  # as the endpoint writes it: one line is in one style
    between = b", " if spaced else b","
    if join.whole:
        start = _json({"instance": row.value}, spaced=spaced)[:-1]
        return start + between + _json("prediction", spaced=spaced) + (b": " if spaced else b":") + result + b"}\n"
    key = _json({join.key: field(row, join.key)}, spaced=spaced)
    return key[:-1] + between + result[1:] + b"\n"


def _json(value: Any, *, spaced: bool) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=None if spaced else (",", ":")).encode()


def count_not_json(results: Path) -> int:
    """How many lines hold NaN or infinities, which models give, and which no standard JSON has."""
    with results.open("rb") as file:
        suspect = (text for text in file if b"NaN" in text or b"Infinity" in text)
        return sum(bool(line(text, str(results), 1).error) for text in suspect)


def _cell(value: Any) -> bytes:
    """A cell of CSV."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow([value if isinstance(value, str) else json.dumps(value)])
    return written.getvalue().encode()
