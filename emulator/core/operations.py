"""Long-running operations: begun in the transaction of the call, done in the background, taken up again after a crash.

An operation is a row. Its work is looked up by its type, gets all it needs from rows, and may be done twice: a process
that was killed in the middle starts it again. What the work changes and the operation's end are one transaction.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from emulator.core import disk_errors
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator

TABLES = """
CREATE TABLE IF NOT EXISTS operations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    model TEXT NOT NULL,
    version TEXT,
    request TEXT NOT NULL,
    subject TEXT,
    labels TEXT NOT NULL,
    created TEXT NOT NULL,
    ended TEXT,
    cancelled INTEGER NOT NULL DEFAULT 0,
    result TEXT,
    UNIQUE (project, id)
);
CREATE INDEX IF NOT EXISTS operations_running ON operations (number) WHERE result IS NULL;
CREATE INDEX IF NOT EXISTS operations_ended ON operations (ended) WHERE ended IS NOT NULL;
"""

# google.rpc.Code of the names that errors carry.
_CODES = {
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "OUT_OF_RANGE": 11,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
}
_CANCELLED = 1
_DISK_SECONDS = 1.0

Finish = Callable[[], dict[str, Any]]
"""Writes what the work changed, inside the operation's last transaction, and returns the operation's response."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one type of operation does.

    Attributes:
        run: does everything that takes time, and returns what is left to write. It may run again after a crash.
        fail: writes that it failed, with the message.
        cancellable: whether a caller may stop it; others run to their end.
    """

    run: Callable[[Emulator, sqlite3.Row], Awaitable[Finish]]
    fail: Callable[[Emulator, sqlite3.Row, str], None]
    cancellable: bool = False


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What an operation is about: the names, the version as it was at the start, and its labels."""

    project: str
    model: str
    version: str | None = None
    resource: Mapping[str, Any] | None = None
    labels: Mapping[str, str] | None = None


class Operations:
    """Begins, runs and ends operations. Each is a task of the event loop, so all of them run at the same time."""

    def __init__(self, emulator: Emulator, works: Mapping[str, Work]) -> None:
        self._emulator = emulator
        self._works = works
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._stopping = False

    def begin(self, kind: str, subject: Subject, request: Mapping[str, Any]) -> int:
        """Writes a new operation; call it in the transaction that changes the resource, and `start` after it."""
        now = self._emulator.now()
        parts = [kind.partition("_")[0].lower(), subject.model, subject.version]
        name = "_".join(part for part in parts if part)
        self._emulator.store.run(
            "INSERT INTO operations (project, id, type, model, version, request, subject, labels, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            subject.project,
            f"{name}-{int(now.timestamp() * 1000)}{secrets.randbelow(10**6):06}",
            kind,
            subject.model,
            subject.version,
            json.dumps(request),
            json.dumps(subject.resource) if subject.resource else None,
            json.dumps(subject.labels or {}),
            now.isoformat(),
        )
        row = self._emulator.store.one("SELECT last_insert_rowid() AS number")
        assert row is not None
        return int(row["number"])

    def start(self, number: int) -> dict[str, Any]:
        """Starts the work of a committed operation; returns the operation as the API answers it."""
        answer = to_json(self._row(number))
        task = asyncio.create_task(self._run(number))
        self._tasks[number] = task
        task.add_done_callback(lambda task: self._done(number, task))
        return answer

    def _cancelled(self, number: int) -> None:
        """Ends an operation as one that was cancelled."""
        row = self._row(number)
        task = asyncio.create_task(
            self._fail(row, self._works[row["type"]], _CANCELLED, "The operation was cancelled.")
        )
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        """Ends an operation that was cancelled. Here and not in its task, which may not even have begun to run."""
        del self._tasks[number]
        if task.cancelled() and not self._stopping:
            self._cancelled(number)

    def resume(self) -> None:
        """Starts again whatever had not ended when the process did."""
        for row in self._emulator.store.all(
            "SELECT number, cancelled FROM operations WHERE result IS NULL ORDER BY number"
        ):
            self.start(row["number"])
            if row["cancelled"]:
                self.cancel(self._row(row["number"]))

    def cancel(self, row: sqlite3.Row) -> None:
        """Asks an operation to stop. One that has ended, or that cannot be stopped, ends as it would have."""
        self._emulator.store.run("UPDATE operations SET cancelled = 1 WHERE number = ?", row["number"])
        if row["result"] is None and self._works[row["type"]].cancellable and row["number"] in self._tasks:
            self._tasks[row["number"]].cancel()

    async def stop(self) -> None:
        """Ends all tasks, without ending their operations."""
        self._stopping = True
        tasks = [*self._tasks.values(), *self._ending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _row(self, number: int) -> sqlite3.Row:
        row = self._emulator.store.one("SELECT * FROM operations WHERE number = ?", number)
        assert row is not None
        return row

    async def _run(self, number: int) -> None:
        row = self._row(number)
        work = self._works[row["type"]]
        end = asyncio.get_running_loop().time() + self._left(row["created"])
        try:
            await self._emulator.faults.spoil()
            finish = await work.run(self._emulator, row)
            await asyncio.sleep(end - asyncio.get_running_loop().time())
            await insist(self._emulator, lambda: self._end(row, {"response": finish()}))
        except errors.ApiError as exc:
            await self._fail(row, work, _CODES.get(exc.status, 13), exc.message)
        except errors.OperationFailed as exc:
            await self._fail(row, work, exc.code, str(exc))
        except Exception as exc:  # noqa: BLE001 - an operation must end whatever happens; the log has the traceback
            self._emulator.log.fault(f"operation {row['id']}", exc)
            await self._fail(row, work, 13, "Internal error encountered.")

    def _left(self, created: str) -> float:
        """Seconds that an operation still takes; no more than it takes at all, whatever the date was before a start."""
        whole = self._emulator.settings.operation_seconds
        passed = (self._emulator.now() - datetime.fromisoformat(created)).total_seconds()
        return min(max(whole - passed, 0.0), whole)

    async def _fail(self, row: sqlite3.Row, work: Work, code: int, message: str) -> None:
        def change() -> None:
            work.fail(self._emulator, row, message)
            self._end(row, {"error": {"code": code, "message": message}})

        await insist(self._emulator, change)

    def _end(self, row: sqlite3.Row, result: Mapping[str, Any]) -> None:
        """After every other end, also where the date was set back before a start: `_forget` goes by it."""
        last = self._emulator.store.one("SELECT max(ended) AS moment FROM operations")
        moments = [datetime.fromisoformat(row["created"]), self._emulator.now()]
        if last and last["moment"]:
            moments.append(datetime.fromisoformat(last["moment"]) + timedelta(microseconds=1))
        self._emulator.store.run(
            "UPDATE operations SET result = ?, ended = ? WHERE number = ?",
            json.dumps(result),
            max(moments).isoformat(),
            row["number"],
        )
        self._forget()

    def _forget(self) -> None:
        """Those that ended before the latest ones. By their end: whoever waits for one that took long still sees it."""
        statement = (
            "DELETE FROM operations WHERE ended <="
            " (SELECT ended FROM operations WHERE ended IS NOT NULL ORDER BY ended DESC LIMIT 1 OFFSET ?)"
        )
        self._emulator.store.run(statement, self._emulator.settings.keep_operations)


async def insist(emulator: Emulator, change: Callable[[], None]) -> None:
    """What was done in the background, in one transaction; again and again until the disk takes it."""
    while True:
        try:
            with emulator.store.transaction():
                return change()
        except disk_errors.FAILURES as exc:
            refusal = disk_errors.refusal(exc)
            if refusal is None:
                raise
            emulator.log.line(f"ERROR the end of an operation or a job: {refusal}")
        await asyncio.sleep(_DISK_SECONDS)


def to_json(row: sqlite3.Row) -> dict[str, Any]:
    """The operation as the API answers it. It starts the moment it is created."""
    project, labels = row["project"], json.loads(row["labels"])
    metadata: dict[str, Any] = {
        "@type": "type.googleapis.com/google.cloud.ml.v1.OperationMetadata",
        "createTime": stamp(row["created"]),
        "startTime": stamp(row["created"]),
        "operationType": row["type"],
        "modelName": f"projects/{project}/models/{row['model']}",
        "projectNumber": project_number(project),
    }
    if row["subject"]:
        metadata["version"] = json.loads(row["subject"])
    if labels:
        metadata["labels"] = labels
    if row["ended"]:
        metadata["endTime"] = stamp(row["ended"])
    if row["cancelled"]:
        metadata["isCancellationRequested"] = True
    answer: dict[str, Any] = {"name": f"projects/{project}/operations/{row['id']}", "metadata": metadata}
    if row["result"]:
        answer.update(done=True, **json.loads(row["result"]))
    return answer


def stamp(moment: str) -> str:
    """A stored time as the API writes it: `2024-05-06T07:08:09Z`."""
    return datetime.fromisoformat(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def project_number(project: str) -> str:
    """A project's number: 12 digits that only depend on its id, or the id itself where it is a number."""
    if project.isascii() and project.isdigit():
        return project
    digest = hashlib.sha256(project.encode()).digest()
    return str(100_000_000_000 + int.from_bytes(digest[:8], "big") % 900_000_000_000)
