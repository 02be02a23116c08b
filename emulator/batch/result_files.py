"""The files of a job's results, named as the service names them. Blocks: call it in a thread."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from emulator.batch import shard_results
from emulator.core import checksums
from emulator.core.job_spec import ResultFile
from emulator.serving.chunks import csv_rows

KEYS = "keys"
"""The file in the results folder with the keys of the columns, a JSON list, once they are known."""
_RESULTS, _ERRORS, _KEYS = "prediction.results", "prediction.errors_stats", "prediction.keys"
_REJECTED = "prediction.rejected_rows"
"""Only the emulator writes this file: the service does not say which rows it rejected."""


def files(
    folder: Path, path: str, sources: Sequence[str], shards: Sequence[sqlite3.Row], *, with_keys: bool
) -> list[ResultFile]:
    """The files of a job whose shards are all whole.

    Args:
        folder: has the file of each shard, and gets the others.
        path: of the output in its bucket.
        sources: the input files' names, by their numbers.
        shards: the rows of all shards, in order.
        with_keys: whether the keys of columns are a result.
    """
    prefix = f"{path.rstrip('/')}/" if path.rstrip("/") else ""

    def small(content: bytes, name: str) -> ResultFile:
        file = folder / name
        file.write_bytes(content)
        return _result(file, f"{prefix}{name}-{_part(0, 1)}")

    found = [small(_statistics(shards), _ERRORS)]
    if with_keys:
        known = folder / KEYS
        found.append(small(csv_rows.header(json.loads(known.read_bytes()) if known.exists() else []), _KEYS))
    for index, shard in enumerate(shards):
        name = f"{prefix}{_RESULTS}-{_part(index, len(shards))}"
        file, size = folder / str(shard["shard"]), shard["size"]
        found.append(ResultFile(name=name, file=file, size=size, crc32c=shard["crc32c"], md5=shard["md5"]))
    for index, file in _rejected(folder, sources, shards):
        found.append(_result(file, f"{prefix}{_REJECTED}-{_part(index, len(shards))}"))
    return found


def _result(file: Path, name: str) -> ResultFile:
    digest = checksums.of_file(file)
    return ResultFile(name=name, file=file, size=digest.size, crc32c=digest.crc32c, md5=digest.md5)


def _rejected(folder: Path, sources: Sequence[str], shards: Sequence[sqlite3.Row]) -> list[tuple[int, Path]]:
    """Writes the rejected rows of each shard that has any."""
    found: list[tuple[int, Path]] = []
    before: Counter[int] = Counter()
    for shard in shards:
        number, source = shard["shard"], shard["source"]
        kept, written = shard_results.rejected_file(folder / str(number)), folder / f"{number}.rejected_rows"
        if kept.exists():
            written.unlink(missing_ok=True)  # a blob may be a hard link to it
            with written.open("wb") as file:
                file.writelines(shard_results.rejected_lines(kept, sources[source], before[source]))
            found.append((number, written))
        elif shard["refused"]:  # by an earlier version, which did not record which rows
            return []
        before[source] += shard["predictions"] + shard["refused"]
    return found


def _part(index: int, count: int) -> str:
    return f"{index:05}-of-{count:05}"


def _statistics(shards: Sequence[sqlite3.Row]) -> bytes:
    counted: Counter[str] = Counter()
    for shard in shards:
        shard_results.add_bounded(counted, json.loads(shard["errors"]))
    return shard_results.statistics(counted)
