"""The end of a job that succeeds: all of its files get their names in the bucket, and the job its state, at once."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.jobs import comma_rows, inputs, results, tables
from emulator.jobs.failures import JobFailed
from emulator.operations import insist
from emulator.storage import blobs, commit, digests, object_fields, rows
from emulator.storage.commit import NewObject
from resources import errors
from resources.storage.rules import split_uri

if TYPE_CHECKING:
    from emulator.context import Emulator

_RESULTS, _ERRORS, _KEYS = "prediction.results", "prediction.errors_stats", "prediction.keys"


async def publish(emulator: Emulator, number: int) -> None:
    """Ends a job whose shards are all whole. Raises `JobFailed` where the bucket is gone, or keeps an older result."""
    row = tables.by_number(emulator, number)
    bucket, _ = split_uri(inputs.settings(row)["outputPath"])
    try:
        stored = json.loads(rows.bucket(emulator, bucket)["resource"])
        fields = object_fields.given({"contentType": "text/plain"}, stored, emulator.now())
    except errors.NotFound as exc:
        raise JobFailed(f"The results cannot be written: {exc.message}") from exc
    objects = _objects(emulator, row, fields)
    gone: list[str | None] = []

    def change() -> None:
        gone[:] = [commit.replace(emulator, new)[1] for new in objects]
        tables.move(emulator, number, "SUCCEEDED")

    try:
        await insist(emulator, change)
    except (errors.NotFound, errors.PermissionDenied) as exc:
        raise JobFailed(f"The results cannot be written: {exc.message}") from exc
    finally:
        blobs.remove_unused(emulator, [*gone, *(new.blob for new in objects)])


def _objects(emulator: Emulator, row: sqlite3.Row, fields: dict[str, Any]) -> list[NewObject]:
    bucket, path = split_uri(inputs.settings(row)["outputPath"])
    prefix = f"{path.rstrip('/')}/" if path.rstrip("/") else ""
    output = tables.folder(emulator, row["number"]) / "output"
    shards = tables.shards(emulator, row["number"])

    def new(file: Path, name: str, size: int, crc32c: str, md5: str) -> NewObject:
        blob = blobs.adopt(emulator, file)
        whole = f"{prefix}{name}"
        return NewObject(bucket=bucket, name=whole, blob=blob, size=size, crc32c=crc32c, md5=md5, resource=fields)

    def small(content: bytes, name: str) -> NewObject:
        file = output / name
        file.write_bytes(content)
        digest = digests.of_file(file)
        return new(file, f"{name}-{_part(0, 1)}", len(content), digest.crc32c, digest.md5)

    found = [small(_statistics(shards), _ERRORS)]
    if inputs.output_of(inputs.settings(row)) == "CSV":
        keys = tables.keys_file(emulator, row["number"])
        found.append(small(comma_rows.header(json.loads(keys.read_bytes()) if keys.exists() else []), _KEYS))
    for index, shard in enumerate(shards):
        name = f"{_RESULTS}-{_part(index, len(shards))}"
        found.append(new(output / str(shard["shard"]), name, shard["size"], shard["crc32c"], shard["md5"]))
    return found


def _part(index: int, count: int) -> str:
    return f"{index:05}-of-{count:05}"


def _statistics(shards: list[sqlite3.Row]) -> bytes:
    counted: Counter[str] = Counter()
    for shard in shards:
        results.bounded(counted, json.loads(shard["errors"]))
    return results.statistics(counted)
