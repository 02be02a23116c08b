"""The tables of jobs and of their input shards."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from emulator.batch.input_shards import Shard
from emulator.batch.shard_results import Result
from emulator.core.clock import Clock
from emulator.core.job_spec import JobCounts
from emulator.core.store import Store

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")

# `number` is the order in which jobs run. A shard is complete once it has `size`; `errors` is {TEXT: COUNT}.
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
    api TEXT NOT NULL DEFAULT 'ml',
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


class JobTables:
    """Jobs in the database, and the folders that they work in.

    Args:
        store: the database.
        clock: gives the times of states.
        folder: holds a folder for each job that has not ended.
    """

    def __init__(self, store: Store, clock: Clock, folder: Path) -> None:
        self._store, self._clock, self._folder = store, clock, folder

    def prepare(self) -> None:
        """Declares the tables and removes the folders of jobs that have ended. Call it before any request."""
        self._store.declare(_SCRIPT)
        self._folder.mkdir(exist_ok=True)
        open_ = {str(row["number"]) for row in self.unfinished()}
        for folder in self._folder.iterdir():
            if folder.name not in open_:
                shutil.rmtree(folder)

    def folder(self, number: int) -> Path:
        """The working folder of a job until it ends: `model/`, `input/` and `output/`."""
        return self._folder / str(number)

    def add(self, api: str, project: str, id_: str, body: str, etag: str) -> int:
        """Writes a new job, QUEUED; returns its number. Call it in a transaction.

        Args:
            api: name of the API that it was made with.
            project: id or number of the project.
            id_: of the job, unused so far in the project.
            body: what the API keeps of the job.
            etag: of that.
        """
        self._store.run(
            "INSERT INTO jobs (api, project, id, body, etag, state, created) VALUES (?, ?, ?, ?, ?, 'QUEUED', ?)",
            *(api, project, id_, body, etag, self._clock.now().isoformat()),
        )
        row = self._store.one("SELECT last_insert_rowid() AS number")
        assert row is not None
        return int(row["number"])

    def remove(self, number: int) -> None:
        """Deletes a job that has ended."""
        self._store.run("DELETE FROM job_shards WHERE job = ?", number)
        self._store.run("DELETE FROM jobs WHERE number = ?", number)

    def unfinished(self) -> list[sqlite3.Row]:
        """The rows of the jobs that have not ended, the oldest first."""
        marks = ", ".join("?" * len(ENDED))
        return self._store.all(f"SELECT * FROM jobs WHERE state NOT IN ({marks}) ORDER BY number", *ENDED)  # noqa: S608  # question marks

    def row(self, number: int) -> sqlite3.Row:
        """The row of a job that exists."""
        row = self._store.one("SELECT * FROM jobs WHERE number = ?", number)
        assert row is not None
        return row

    def has_ended(self, number: int) -> bool:
        """Whether a job succeeded, failed or was cancelled."""
        return self.row(number)["state"] in ENDED

    def move(self, number: int, state: str, error: str | None = None) -> None:
        """Sets the state of a job, and the time if the state starts or ends it."""
        now = self._clock.now().isoformat()
        self._store.run(
            "UPDATE jobs SET state = ?, error = ?, started = coalesce(started, ?), ended = ? WHERE number = ?",
            *(state, error, now if state == "RUNNING" else None, now if state in ENDED else None, number),
        )

    def plan(self, number: int, shards: Iterable[Shard]) -> None:
        """Writes the shards of a job, none of them complete."""
        for index, shard in enumerate(shards):
            self._store.run(
                "INSERT INTO job_shards (job, shard, source, first, last) VALUES (?, ?, ?, ?, ?)",
                *(number, index, shard.source, shard.start, shard.end),
            )

    def shards(self, number: int) -> list[sqlite3.Row]:
        """The rows of all shards of a job, in order."""
        return self._store.all("SELECT * FROM job_shards WHERE job = ? ORDER BY shard", number)

    def complete(self, number: int, shard: int, result: Result, seconds: float) -> None:
        """Writes that a shard is complete, with its counts and duration in seconds."""
        self._store.run(
            "UPDATE job_shards SET size = ?, crc32c = ?, md5 = ?, predictions = ?, errors = ?, refused = ?,"
            " seconds = ? WHERE job = ? AND shard = ?",
            *(result.digest.size, result.digest.crc32c, result.digest.md5, result.predictions),
            *(json.dumps(result.errors), result.refused, seconds, number, shard),
        )

    def counts(self, number: int) -> JobCounts:
        """Sums over the complete shards of a job."""
        sums = self._store.one(
            "SELECT sum(predictions) AS predictions, sum(refused) AS refused, sum(seconds) AS seconds"
            " FROM job_shards WHERE job = ?",
            number,
        )
        assert sums is not None
        return JobCounts(sums["predictions"] or 0, sums["refused"] or 0, sums["seconds"] or 0.0)

    def position(self, number: int) -> int:
        """How many earlier jobs have not ended."""
        return sum(row["number"] < number for row in self.unfinished())
