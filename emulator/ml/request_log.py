"""Implements `requestLoggingConfig`: logs a sample of the predictions to tables that can be queried.

An SQLite file replaces BigQuery. It has a table for each `bigqueryTableName`, with the columns that the API's
documentation requires, created with its first row. A background thread writes the rows; a prediction only puts them
into its queue. If the thread cannot keep up, rows are dropped and counted.
"""

from __future__ import annotations

import contextlib
import json
import queue
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

FILE = "requests.sqlite3"
"""The name of the file in the data folder."""

MOST_BYTES = 256 << 20
_WAITING_BYTES = 16 << 20
_ROW_OVERHEAD = 500
_COLUMNS = (
    "model TEXT NOT NULL, model_version TEXT NOT NULL, time TEXT NOT NULL,"
    " raw_data TEXT NOT NULL, raw_prediction TEXT, groundtruth TEXT"
)


@dataclass(frozen=True, slots=True)
class _Row:
    table: str
    model: str
    version: str
    time: str
    request: bytes
    answer: bytes

    @property
    def size(self) -> int:
        """Approximate size in bytes."""
        return len(self.request) + len(self.answer) + _ROW_OVERHEAD

    def values(self) -> tuple[str, ...]:
        texts = (self.request.decode("utf-8", "replace"), self.answer.decode("utf-8", "replace"))
        return (self.model, self.version, self.time, *texts)


class RequestLog:
    """Keeps samples of predictions in `file`, which is opened with the first one.

    Args:
        file: the database.
        most_bytes: limit on the size of all tables; beyond it, the oldest half of the largest table is deleted.
        chance: returns uniform random numbers from 0 to 1.

    Attributes:
        dropped: rows that were not written, because the queue was full or the disk failed.
    """

    def __init__(
        self, file: Path, *, most_bytes: int = MOST_BYTES, chance: Callable[[], float] = random.random
    ) -> None:
        self.dropped = 0
        self._file = file
        self._most_bytes = most_bytes
        self._chance = chance
        self._waiting: queue.SimpleQueue[_Row | None] = queue.SimpleQueue()
        self._waiting_bytes = 0
        self._counting = threading.Lock()
        self._writer: threading.Thread | None = None

    def offer(self, version: sqlite3.Row, request: bytes, answer: bytes) -> None:
        """Logs a prediction if its version logs and the random sample includes it. Never waits, never fails.

        Args:
            version: row of the version that predicted.
            request: request body.
            answer: response body.
        """
        config = config_of(version["body"])
        if not config or self._chance() >= float(config.get("samplingPercentage", 0)):
            return
        now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
        row = _Row(config["bigqueryTableName"], version["model"], version["name"], now, request, answer)
        if self._writer is None:
            self._writer = threading.Thread(target=self._write_all, name="request-log", daemon=True)
            self._writer.start()
        with self._counting:
            if self._waiting_bytes and self._waiting_bytes + row.size > _WAITING_BYTES:
                self.dropped += 1
                return
            self._waiting_bytes += row.size
        self._waiting.put(row)

    def close(self) -> None:
        """Writes all queued rows, and closes the file."""
        if self._writer:
            self._waiting.put(None)
            self._writer.join()
            self._writer = None

    def _write_all(self) -> None:
        database: sqlite3.Connection | None = None
        for rows in self._batches():
            database = self._keep(database, rows)
        if database:
            database.close()

    def _keep(self, database: sqlite3.Connection | None, rows: list[_Row]) -> sqlite3.Connection | None:
        """Writes rows; returns the connection for the next ones, or None if it failed."""
        try:
            database = database or sqlite3.connect(self._file, isolation_level=None)
            _write(database, rows)
            _shrink(database, self._most_bytes)
        except sqlite3.Error:
            # If the disk fails, rows are lost and counted in `dropped`; predictions go on.
            self.dropped += len(rows)
            if database:
                database.close()
            return None
        return database

    def _batches(self) -> Iterator[list[_Row]]:
        """Waits for a row, then takes all queued rows, up to a quarter of the file. Ends with None."""
        while (row := self._waiting.get()) is not None:
            rows, size = [row], self._taken(row)
            while size < self._most_bytes // 4 and not self._waiting.empty():
                following = self._waiting.get()
                if following is None:
                    yield rows
                    return
                rows.append(following)
                size += self._taken(following)
            yield rows

    def _taken(self, row: _Row) -> int:
        with self._counting:
            self._waiting_bytes -= row.size
        return row.size


def config_of(body: str) -> Mapping[str, Any]:
    """The stored `requestLoggingConfig` of a version; empty if it has none."""
    found: Mapping[str, Any] = json.loads(body).get("requestLoggingConfig", {}) if "requestLogging" in body else {}
    return found


def tables(file: Path) -> list[tuple[str, int]]:
    """Table of the log -> number of rows; empty if nothing was logged yet."""
    with _opened(file) as database:
        return [(name, _rows(database, name)) for name in _names(database)]


def last(file: Path, table: str, count: int) -> list[dict[str, str | None]] | None:
    """The last rows of a table, oldest first; None if the table does not exist."""
    with _opened(file) as database:
        if table not in _names(database):
            return None
        database.row_factory = sqlite3.Row
        query = f"SELECT * FROM {_quoted(table)} ORDER BY rowid DESC LIMIT ?"  # noqa: S608 - the name is quoted
        return [dict(row) for row in reversed(database.execute(query, (count,)).fetchall())]


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    where = f"{file.absolute().as_uri()}?mode=ro" if file.exists() else ":memory:"
    with contextlib.closing(sqlite3.connect(where, uri=file.exists())) as database:
        yield database


def _names(database: sqlite3.Connection) -> list[str]:
    rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return [name for (name,) in rows]


def _write(database: sqlite3.Connection, rows: list[_Row]) -> None:
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute("BEGIN IMMEDIATE")
    for table in {row.table for row in rows}:
        database.execute(f"CREATE TABLE IF NOT EXISTS {_quoted(table)} ({_COLUMNS})")
        values = [row.values() for row in rows if row.table == table]
        insert = f"INSERT INTO {_quoted(table)} VALUES (?, ?, ?, ?, ?, NULL)"  # noqa: S608 - the name is quoted
        database.executemany(insert, values)
    database.execute("COMMIT")


def _shrink(database: sqlite3.Connection, most_bytes: int) -> None:
    """Deletes the oldest rows until the tables are within `most_bytes`. SQLite reuses freed pages."""
    while _used(database) > most_bytes:
        sizes = {name: _rows(database, name) for name in _names(database)}
        largest = max(sizes, key=lambda name: sizes[name])
        half = f"SELECT rowid FROM {_quoted(largest)} ORDER BY rowid LIMIT ?"  # noqa: S608 - the name is quoted
        database.execute(f"DELETE FROM {_quoted(largest)} WHERE rowid IN ({half})", (max(sizes[largest] // 2, 1),))  # noqa: S608 - as above
        if not sizes[largest]:
            return


def _used(database: sqlite3.Connection) -> int:
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _rows(database: sqlite3.Connection, table: str) -> int:
    found: int = database.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0]  # noqa: S608 - quoted
    return found


def _quoted(table: str) -> str:
    """Any name as a quoted SQL identifier."""
    return '"' + table.replace('"', '""').replace("\0", "") + '"'
