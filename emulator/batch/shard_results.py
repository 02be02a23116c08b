"""The result of a shard of a job: its lines in a file, its rejected rows and its counts. Needs no TensorFlow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import orjson

from emulator.batch.job_errors import JobFailed
from emulator.core.checksums import Digest, write_all

MOST_ERRORS = 1000
"""How many different row errors a job counts separately; further ones count as `OTHER_ERRORS`."""
OTHER_ERRORS = "Other errors."


@dataclass
class Result:
    """What is known of a shard so far, in addition to its lines.

    Attributes:
        digest: size and checksums of the lines.
        predictions: rows with a prediction.
        errors: rows without one, by the text of their error.
        keys: of the columns of CSV, once they are known.
    """

    digest: Digest = field(default_factory=Digest)
    predictions: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    keys: list[str] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """The number of rows without a prediction."""
        return sum(self.errors.values())

    def take(self, answer: bytes, file: IO[bytes], rejected: Path) -> None:
        """Writes a node's response, and adds its counts. Blocks: call it in a thread.

        Args:
            answer: to the next chunk of the part.
            file: gets the lines.
            rejected: the file that gets a line `[ROW, ERROR]` for each rejected row, numbered from 0 in the part.
        """
        head, _, lines = answer.partition(b"\n")
        counts = json.loads(head)
        self._reject(counts["errors"], rejected)
        self.predictions += counts["predictions"]
        add_bounded(self.errors, {text: len(rows) for text, rows in counts["errors"].items()})
        self.keys = self.keys or counts["keys"]
        write_all(file, lines)
        self.digest.update(lines)

    def _reject(self, errors: Mapping[str, list[int]], file: Path) -> None:
        """Writes the rejected rows of a chunk, in their order."""
        found = sorted((row, text) for text, rows in errors.items() for row in rows)
        if not found:
            return
        before = self.predictions + self.refused  # each row is in one of the two
        with file.open("ab") as opened:
            opened.writelines(orjson.dumps([before + row, text]) + b"\n" for row, text in found)


def rejected_file(target: Path) -> Path:
    """The file with the rejected rows of a part, beside the file of its lines; it exists only if there are any."""
    return target.with_name(f"{target.name}.rejected")


def rejected_lines(file: Path, named: str, first: int) -> Iterator[bytes]:
    """The rejected rows of a part for people and programs: `{"file": ..., "row": ..., "error": ...}`, a line each.

    Args:
        file: what `Result.take` wrote.
        named: the input file.
        first: how many rows of the input file come before the part; rows are numbered from 1.
    """
    with file.open("rb") as opened:
        for line in opened:
            row, text = orjson.loads(line)
            yield orjson.dumps({"file": named, "row": first + row + 1, "error": text}) + b"\n"


def same_keys(keys: list[str], more: list[str]) -> list[str]:
    """The keys of the columns of two parts; empty if both have none yet. Raises `JobFailed` where they differ."""
    if keys and more and keys != more:
        raise JobFailed(f"The rows have different columns: {', '.join(keys)}; {', '.join(more)}.")
    return keys or more


def add_bounded(errors: Counter[str], more: Mapping[str, int]) -> None:
    """Adds counts to `errors`; at most `MOST_ERRORS` texts have a count of their own."""
    for text, count in more.items():
        errors[text if text in errors or len(errors) < MOST_ERRORS else OTHER_ERRORS] += count


def statistics(errors: Counter[str]) -> bytes:
    """One line for each error, the most frequent first: text and count, as a Python tuple, as the service writes it."""
    return "".join(f"({text!r}, {count})\n" for text, count in errors.most_common()).encode()
