"""What a part of a job gave: its lines in a file, and its counts. Needs no TensorFlow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from emulator.jobs.failures import JobFailed
from emulator.storage import blobs
from emulator.storage.digests import Digest

MOST_ERRORS = 1000
"""How many different errors of rows are told apart in one job."""
OTHER_ERRORS = "Other errors."


@dataclass
class Result:
    """What a shard gave so far, beside its lines."""

    digest: Digest = field(default_factory=Digest)
    size: int = 0
    predictions: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    keys: list[str] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many rows have no prediction."""
        return sum(self.errors.values())

    def take(self, answer: bytes, file: IO[bytes]) -> None:
        """Writes the lines of a node's answer and adds its counts. Blocks; meant for threads."""
        head, _, lines = answer.partition(b"\n")
        told = json.loads(head)
        self.predictions += told["predictions"]
        bounded(self.errors, told["errors"])
        self.keys = self.keys or told["keys"]
        blobs.write_all(file, lines)
        self.size += len(lines)
        self.digest.update(lines)


def same_keys(keys: list[str], more: list[str]) -> list[str]:
    """The keys of the columns of two parts; none where none has any. Raises `JobFailed` where they differ."""
    if keys and more and keys != more:
        raise JobFailed(f"The rows have different columns: {', '.join(keys)}; {', '.join(more)}.")
    return keys or more


def bounded(errors: Counter[str], more: Mapping[str, int]) -> None:
    """Adds to `errors`, of which no more than `MOST_ERRORS` are told apart."""
    for text, count in more.items():
        errors[text if text in errors or len(errors) < MOST_ERRORS else OTHER_ERRORS] += count


def statistics(errors: Counter[str]) -> bytes:
    """One line for each error, the most frequent first: text and count, as a Python tuple, as the service writes it."""
    return "".join(f"({text!r}, {count})\n" for text, count in errors.most_common()).encode()
