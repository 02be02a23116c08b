"""The tables of jobs, and a job as the API answers it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.batch.input_shards import Shard
from emulator.core.rfc3339 import stamp
from emulator.ml import tables

if TYPE_CHECKING:
    from emulator.app import Emulator

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")

# `number` is the order in which jobs run. A shard is whole once it has `size`; `errors` is {TEXT: COUNT}.
_SCRIPT = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    created TEXT NOT NULL,
    started TEXT,
    ended TEXT,
    UNIQUE (project, id)
);
CREATE TABLE IF NOT EXISTS job_shards (
    job INTEGER NOT NULL REFERENCES jobs (number),
    shard INTEGER NOT NULL,
    source INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    size INTEGER,
    crc32c TEXT,
    md5 TEXT,
    predictions INTEGER NOT NULL DEFAULT 0,
    errors TEXT NOT NULL DEFAULT '{}',
    refused INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (job, shard)
) WITHOUT ROWID;
"""


def prepare(emulator: Emulator) -> None:
    """Declares the tables and removes the folders of jobs that have ended. Call it before any request."""
    emulator.store.declare(_SCRIPT)
    top = emulator.data / "jobs"
    top.mkdir(exist_ok=True)
    open_ = {str(row["number"]) for row in unfinished(emulator)}
    for folder in top.iterdir():
        if folder.name not in open_:
            shutil.rmtree(folder)


def folder(emulator: Emulator, number: int) -> Path:
    """What a job works with until it ends: `model/`, `input/` and `output/`."""
    return emulator.data / "jobs" / str(number)


def keys_file(emulator: Emulator, number: int) -> Path:
    """Where the keys of a job's columns are kept, as a list of JSON; there is none before they are known."""
    return folder(emulator, number) / "output" / "keys"


def unfinished(emulator: Emulator) -> list[sqlite3.Row]:
    """The jobs that have not ended, the oldest first."""
    marks = ", ".join("?" * len(ENDED))
    return emulator.store.all(f"SELECT * FROM jobs WHERE state NOT IN ({marks}) ORDER BY number", *ENDED)  # noqa: S608  # question marks


def find(emulator: Emulator, name: str) -> sqlite3.Row:
    """The row of `projects/P/jobs/J`. Raises `NotFound`."""
    row = emulator.store.one("SELECT * FROM jobs WHERE project = ? AND id = ?", *tables.split(name))
    if row is None:
        raise tables.missing("job", name)
    return row


def by_number(emulator: Emulator, number: int) -> sqlite3.Row:
    """The row of a job that is there."""
    row = emulator.store.one("SELECT * FROM jobs WHERE number = ?", number)
    assert row is not None
    return row


def move(emulator: Emulator, number: int, state: str, error: str | None = None) -> None:
    """Puts a job into a state, with the time where that begins or ends it."""
    now = emulator.now().isoformat()
    emulator.store.run(
        "UPDATE jobs SET state = ?, error = ?, started = coalesce(started, ?), ended = ? WHERE number = ?",
        *(state, error, now if state == "RUNNING" else None, now if state in ENDED else None, number),
    )


def plan(emulator: Emulator, number: int, shards: Iterable[Shard]) -> None:
    """Writes the shards of a job, none of them whole."""
    for index, shard in enumerate(shards):
        emulator.store.run(
            "INSERT INTO job_shards (job, shard, source, first, last) VALUES (?, ?, ?, ?, ?)",
            *(number, index, shard.source, shard.start, shard.end),
        )


def shards(emulator: Emulator, number: int) -> list[sqlite3.Row]:
    """All shards of a job, in order."""
    return emulator.store.all("SELECT * FROM job_shards WHERE job = ? ORDER BY shard", number)


def to_json(emulator: Emulator, row: sqlite3.Row) -> dict[str, Any]:
    """A job as the API answers it. The counts are those of the shards that are whole."""
    answer = {"jobId": row["id"], **json.loads(row["body"])}
    answer.update(createTime=stamp(row["created"]), state=row["state"], etag=row["etag"])
    for name in ("started", "ended"):
        if row[name]:
            answer[f"{name.removesuffix('ed')}Time"] = stamp(row[name])
    if row["error"]:
        answer["errorMessage"] = row["error"]
    if row["state"] == "QUEUED":
        before = [other for other in unfinished(emulator) if other["number"] < row["number"]]
        answer["jobPosition"] = str(len(before))
    answer["predictionOutput"] = _output(emulator, row["number"], answer["predictionInput"]["outputPath"])
    return answer


def _output(emulator: Emulator, number: int, path: str) -> dict[str, Any]:
    sums = emulator.store.one(
        "SELECT sum(predictions) AS predictions, sum(refused) AS refused, sum(seconds) AS seconds"
        " FROM job_shards WHERE job = ?",
        number,
    )
    assert sums is not None
    return {
        "outputPath": path,
        "predictionCount": str(sums["predictions"] or 0),
        "errorCount": str(sums["refused"] or 0),
        "nodeHours": round((sums["seconds"] or 0.0) / 3600, 6),
    }
