"""Long-running operations of every API: begun in a call, done in the background, resumed after a crash.

An operation is a row. Its work is looked up by its API and type, gets all it needs from rows, and may run twice: a
process that was killed in the middle starts it again. What the work changes and the operation's end are one
transaction.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emulator.core.calls.faults import Faults
from emulator.core.clock import Clock
from emulator.core.google_names import project_number
from emulator.core.log import Log
from emulator.core.retried_writes import retry_write
from emulator.core.store import Store
from gcp import errors

# `subject` is what the API keeps of the resource, as JSON; `request` is what its work needs to know.
TABLES = """
CREATE TABLE IF NOT EXISTS operations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    api TEXT NOT NULL,
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    request TEXT NOT NULL,
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
_INTERNAL = 13

Finish = Callable[[], dict[str, Any]]
"""Writes what the work changed, in the operation's last transaction; returns the operation's response."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one type of operation does.

    Attributes:
        run: does everything that takes time; returns what is left to write. It may run again after a crash.
        fail: writes that it failed, with the message.
        cancellable: whether a caller can stop it; others run to their end.
    """

    run: Callable[[sqlite3.Row], Awaitable[Finish]]
    fail: Callable[[sqlite3.Row, str], None]
    cancellable: bool = False


@dataclass(frozen=True, kw_only=True)
class OperationKinds:
    """The operations of one API.

    Attributes:
        api: name of the API.
        works: type -> its work.
        to_json: an operation as the API answers it: name, metadata, response.
    """

    api: str
    works: Mapping[str, Work]
    to_json: Callable[[sqlite3.Row], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class NewOperation:
    """An operation to begin.

    Attributes:
        api: name of the API.
        type: key of its work.
        project: id of the project.
        name: how its id begins; empty for an id of digits.
        subject: what the API keeps of the resource.
        request: what its work needs to know.
    """

    api: str
    type: str
    project: str
    name: str
    subject: Mapping[str, Any]
    request: Mapping[str, Any]


class Operations:
    """Begins, runs and ends operations. Each is a task of the event loop, so all of them run at the same time.

    Args:
        store: holds their table.
        clock: gives the times of begin and end.
        faults: injected faults, which may fail or delay an operation.
        log: gets tracebacks.
        least_seconds: an operation ends no sooner than this after its start.
        keep: how many operations that have ended are kept, the latest.
    """

    def __init__(
        self, store: Store, clock: Clock, faults: Faults, log: Log, *, least_seconds: float, keep: int
    ) -> None:
        self._store, self._clock, self._faults, self._log = store, clock, faults, log
        self._least_seconds, self._keep = least_seconds, keep
        self._kinds: dict[str, OperationKinds] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._stopping = False

    def register(self, kinds: OperationKinds) -> None:
        """Adds the operations of an API. Call it before `resume`."""
        self._kinds[kinds.api] = kinds

    def begin(self, operation: NewOperation) -> int:
        """Writes a new operation; returns its number.

        Call it in the transaction that changes the resource, and `start` after it.
        """
        now = self._clock.now()
        self._store.run(
            "INSERT INTO operations (api, project, id, type, subject, request, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
            operation.api,
            operation.project,
            f"{operation.name}-{int(now.timestamp() * 1000)}{secrets.randbelow(10**6):06}".lstrip("-"),
            operation.type,
            json.dumps(operation.subject),
            json.dumps(operation.request),
            now.isoformat(),
        )
        row = self._store.one("SELECT last_insert_rowid() AS number")
        assert row is not None
        return int(row["number"])

    def start(self, number: int) -> dict[str, Any]:
        """Starts the work of a committed operation; returns the operation as its API answers it."""
        answer = self.to_json(self._row(number))
        task = asyncio.create_task(self._run(number))
        self._tasks[number] = task
        task.add_done_callback(lambda task: self._done(number, task))
        return answer

    def to_json(self, row: sqlite3.Row) -> dict[str, Any]:
        """An operation as its API answers it."""
        return self._kinds[row["api"]].to_json(row)

    def find(self, project: str, id_: str) -> sqlite3.Row | None:
        """The row of an operation of any API; None if there is none. APIs keep the id of a project, or its number."""
        query = "SELECT * FROM operations WHERE project IN (?, ?) AND id = ?"
        return self._store.one(query, project, project_number(project), id_)

    def unfinished(self, api: str, project: str) -> list[sqlite3.Row]:
        """The rows of the operations of a project that have not ended, the oldest first."""
        query = "SELECT * FROM operations WHERE result IS NULL AND api = ? AND project = ? ORDER BY number"
        return self._store.all(query, api, project)

    async def wait(self, row: sqlite3.Row, seconds: float) -> sqlite3.Row:
        """The row of an operation once it has ended, or as it is after so many seconds."""
        task = self._tasks.get(row["number"])
        if task:
            await asyncio.wait([task], timeout=seconds)
        return self._row(row["number"])

    def forget(self, row: sqlite3.Row) -> None:
        """Deletes an operation that has ended."""
        self._store.run("DELETE FROM operations WHERE number = ?", row["number"])

    def running(self, api: str, types: Collection[str]) -> int:
        """How many operations of these types have not ended."""
        marks = ", ".join("?" * len(types))
        query = f"SELECT count(*) AS n FROM operations WHERE result IS NULL AND api = ? AND type IN ({marks})"  # noqa: S608 - question marks
        row = self._store.one(query, api, *types)
        return int(row["n"]) if row else 0

    def count_running(self) -> int:
        """How many operations of all APIs have not ended."""
        row = self._store.one("SELECT count(*) AS n FROM operations WHERE result IS NULL")
        return int(row["n"]) if row else 0

    def cancel(self, row: sqlite3.Row) -> None:
        """Asks an operation to stop. One that has ended, or that cannot be stopped, ends as it would have."""
        self._store.run("UPDATE operations SET cancelled = 1 WHERE number = ?", row["number"])
        if row["result"] is None and self._work(row).cancellable and row["number"] in self._tasks:
            self._tasks[row["number"]].cancel()

    def resume(self) -> None:
        """Starts again every operation that had not ended when the process did."""
        for row in self._store.all("SELECT number, cancelled FROM operations WHERE result IS NULL ORDER BY number"):
            self.start(row["number"])
            if row["cancelled"]:
                self.cancel(self._row(row["number"]))

    async def stop(self) -> None:
        """Ends all tasks, without ending their operations."""
        self._stopping = True
        tasks = [*self._tasks.values(), *self._ending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        """Ends an operation that was cancelled. Here and not in its task, which may not have begun to run."""
        del self._tasks[number]
        if task.cancelled() and not self._stopping:
            ending = asyncio.create_task(self._fail(self._row(number), _CANCELLED, "The operation was cancelled."))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    def _row(self, number: int) -> sqlite3.Row:
        row = self._store.one("SELECT * FROM operations WHERE number = ?", number)
        assert row is not None
        return row

    def _work(self, row: sqlite3.Row) -> Work:
        return self._kinds[row["api"]].works[row["type"]]

    async def _run(self, number: int) -> None:
        row = self._row(number)
        least = max(self._least_seconds, self._faults.least_seconds())
        end = asyncio.get_running_loop().time() + self._left(row["created"], least)
        try:
            await self._faults.spoil()
            finish = await self._work(row).run(row)
            await asyncio.sleep(end - asyncio.get_running_loop().time())
            await retry_write(self._store, self._log, lambda: self._end(row, {"response": finish()}))
        except errors.ApiError as exc:
            await self._fail(row, _CODES.get(exc.status, _INTERNAL), exc.message)
        except errors.OperationFailed as exc:
            await self._fail(row, exc.code, str(exc))
        except Exception as exc:  # noqa: BLE001 - an operation must end whatever happens; the log has the traceback
            self._log.fault(f"operation {row['id']}", exc)
            await self._fail(row, _INTERNAL, "Internal error encountered.")

    def _left(self, created: str, least: float) -> float:
        """Seconds that an operation still takes; at most all of them, whatever the date was before a start."""
        passed = (self._clock.now() - datetime.fromisoformat(created)).total_seconds()
        return min(max(least - passed, 0.0), least)

    async def _fail(self, row: sqlite3.Row, code: int, message: str) -> None:
        def change() -> None:
            self._work(row).fail(row, message)
            self._end(row, {"error": {"code": code, "message": message}})

        await retry_write(self._store, self._log, change)

    def _end(self, row: sqlite3.Row, result: Mapping[str, Any]) -> None:
        """Writes an end later than every other one, even if the date was set back: `_forget` goes by it."""
        last = self._store.one("SELECT max(ended) AS moment FROM operations")
        moments = [datetime.fromisoformat(row["created"]), self._clock.now()]
        if last and last["moment"]:
            moments.append(datetime.fromisoformat(last["moment"]) + timedelta(microseconds=1))
        self._store.run(
            "UPDATE operations SET result = ?, ended = ? WHERE number = ?",
            json.dumps(result),
            max(moments).isoformat(),
            row["number"],
        )
        self._forget()

    def _forget(self) -> None:
        """Deletes the operations that ended first, so that whoever waits for a long one still finds it."""
        statement = (
            "DELETE FROM operations WHERE ended <="
            " (SELECT ended FROM operations WHERE ended IS NOT NULL ORDER BY ended DESC LIMIT 1 OFFSET ?)"
        )
        self._store.run(statement, self._keep)
