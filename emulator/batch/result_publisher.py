"""The end of a job that succeeds: all of its files get their names in the bucket, and the job its state, at once."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.batch import job_inputs, job_tables, shard_results
from emulator.batch.job_errors import JobFailed
from emulator.core import checksums
from emulator.core.checksums import Digest
from emulator.core.retried_writes import retry_write
from emulator.serving.chunks import csv_rows
from emulator.storage.object_store import NewObject
from gcp import errors
from resources.storage.rules import split_uri

if TYPE_CHECKING:
    from emulator.app import Emulator

_RESULTS, _ERRORS, _KEYS = "prediction.results", "prediction.errors_stats", "prediction.keys"
_REJECTED = "prediction.rejected_rows"
"""Only the emulator writes it: the service does not say which rows it rejected."""
_Files = dict[int, tuple[Path, Digest]]
"""Files with rejected rows, by the number of the shard."""


async def publish(emulator: Emulator, number: int) -> None:
    """Finishes a job with complete shards. Raises `JobFailed` if the bucket is gone, or protects an older result."""
    row = job_tables.by_number(emulator, number)
    bucket, _ = split_uri(job_inputs.settings(row)["outputPath"])
    try:
        fields = emulator.storage.objects.new_fields(bucket, {"contentType": "text/plain"})
    except errors.NotFound as exc:
        raise JobFailed(f"The results cannot be written: {exc.message}") from exc
    shards = job_tables.shards(emulator, number)
    rejected = await asyncio.to_thread(_rejected, job_tables.folder(emulator, number), shards)
    objects = _objects(emulator, row, fields, rejected)
    gone: list[str | None] = []

    def change() -> None:
        gone[:] = [emulator.storage.objects.replace(new)[1] for new in objects]
        job_tables.move(emulator, number, "SUCCEEDED")

    try:
        await retry_write(emulator.store, emulator.log, change)
    except (errors.NotFound, errors.PermissionDenied) as exc:
        raise JobFailed(f"The results cannot be written: {exc.message}") from exc
    finally:
        emulator.storage.objects.blobs.remove_unused([*gone, *(new.blob for new in objects)])


def _rejected(folder: Path, shards: list[sqlite3.Row]) -> _Files:
    """Writes which rows were rejected, for each shard with any. Blocks; meant for threads."""
    output, names = folder / "output", job_inputs.linked(folder / "input")
    found: _Files = {}
    before: Counter[int] = Counter()
    for shard in shards:
        number, source = shard["shard"], shard["source"]
        kept, written = shard_results.rejected_file(output / str(number)), output / f"{number}.rejected_rows"
        if kept.exists():
            written.unlink(missing_ok=True)  # a blob may be a hard link to it
            with written.open("wb") as file:
                file.writelines(shard_results.rejected_lines(kept, names[source], before[source]))
            found[number] = written, checksums.of_file(written)
        elif shard["refused"]:  # by an earlier version, which did not record which rows
            return {}
        before[source] += shard["predictions"] + shard["refused"]
    return found


def _objects(emulator: Emulator, row: sqlite3.Row, fields: dict[str, Any], rejected: _Files) -> list[NewObject]:
    bucket, path = split_uri(job_inputs.settings(row)["outputPath"])
    prefix = f"{path.rstrip('/')}/" if path.rstrip("/") else ""
    output = job_tables.folder(emulator, row["number"]) / "output"
    shards = job_tables.shards(emulator, row["number"])

    def new(file: Path, name: str, size: int, crc32c: str, md5: str) -> NewObject:
        blob = emulator.storage.objects.blobs.adopt(file)
        whole = f"{prefix}{name}"
        return NewObject(bucket=bucket, name=whole, blob=blob, size=size, crc32c=crc32c, md5=md5, resource=fields)

    def small(content: bytes, name: str) -> NewObject:
        file = output / name
        file.write_bytes(content)
        digest = checksums.of_file(file)
        return new(file, f"{name}-{_part(0, 1)}", len(content), digest.crc32c, digest.md5)

    found = [small(_statistics(shards), _ERRORS)]
    if job_inputs.output_of(job_inputs.settings(row)) == "CSV":
        keys = job_tables.keys_file(emulator, row["number"])
        found.append(small(csv_rows.header(json.loads(keys.read_bytes()) if keys.exists() else []), _KEYS))
    for index, shard in enumerate(shards):
        name = f"{_RESULTS}-{_part(index, len(shards))}"
        found.append(new(output / str(shard["shard"]), name, shard["size"], shard["crc32c"], shard["md5"]))
    for index, (file, digest) in rejected.items():
        found.append(new(file, f"{_REJECTED}-{_part(index, len(shards))}", digest.size, digest.crc32c, digest.md5))
    return found


def _part(index: int, count: int) -> str:
    return f"{index:05}-of-{count:05}"


def _statistics(shards: list[sqlite3.Row]) -> bytes:
    counted: Counter[str] = Counter()
    for shard in shards:
        shard_results.bounded(counted, json.loads(shard["errors"]))
    return shard_results.statistics(counted)
