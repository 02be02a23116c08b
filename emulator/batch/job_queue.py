"""Runs jobs one at a time, each on up to as many nodes as there are cores, and resumes them after a start."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from emulator.batch.buckets import Buckets
from emulator.batch.job_errors import JobFailed
from emulator.batch.job_run import Job, Tools
from emulator.batch.job_tables import JobTables
from emulator.core.clock import Clock
from emulator.core.files import remove_folder
from emulator.core.job_spec import JobCounts, JobSpec
from emulator.core.log import Log
from emulator.core.retried_writes import retry_while_disk_fails, retry_write
from emulator.core.store import Store
from emulator.serving import Serving

_CANCELLED = "The job was cancelled."


class JobQueue:
    """The jobs of a data folder, and the one that runs. Making it removes what ended jobs left in the folder.

    Args:
        store: the database.
        clock: gives the times of jobs.
        log: gets what goes wrong.
        folder: jobs work in folders of it.
        nodes: run the models.
        buckets: have the inputs, and get the results.
        spec_of: what the job of a row does.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        log: Log,
        *,
        folder: Path,
        nodes: Serving,
        buckets: Buckets,
        spec_of: Callable[[sqlite3.Row], JobSpec],
    ) -> None:
        self._log, self._spec_of = log, spec_of
        self._tables = JobTables(store, clock, folder)
        self._write = partial(retry_write, store, log)
        self._tools = Tools(tables=self._tables, write=self._write, nodes=nodes, buckets=buckets)
        self._queue: deque[int] = deque()
        self._runner: asyncio.Task[None] | None = None
        self._running: dict[int, asyncio.Task[None]] = {}
        self._stopping = False
        self._tables.prepare()

    def resume(self) -> None:
        """Resumes the jobs that had not ended when the last process did."""
        for row in self._tables.unfinished():
            self.start(row["number"])

    def add(self, api: str, project: str, id_: str, body: str, etag: str) -> int:
        """See `JobTables.add`. Call `start` after the transaction."""
        return self._tables.add(api, project, id_, body, etag)

    def remove(self, number: int) -> None:
        """Deletes a job that has ended, in the caller's transaction."""
        self._tables.remove(number)

    def start(self, number: int) -> None:
        """Runs a job after those before it."""
        self._queue.append(number)
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run_all())

    def counts(self, number: int) -> JobCounts:
        """The counts of a job so far."""
        return self._tables.counts(number)

    def position(self, number: int) -> int:
        """How many jobs run before this one."""
        return self._tables.position(number)

    def cancel(self, number: int) -> bool:
        """Asks a job to stop. A waiting job has stopped when this returns. False if the job has ended."""
        if self._tables.has_ended(number):
            return False
        running = self._running.get(number)
        self._tables.move(number, "CANCELLING" if running else "CANCELLED", _CANCELLED)
        if running:
            running.cancel()
        return True

    async def stop(self) -> None:
        """Ends all tasks, without ending their jobs."""
        self._stopping = True
        tasks = [task for task in (self._runner, *self._running.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run_all(self) -> None:
        while self._queue:
            number = self._queue.popleft()
            if self._tables.has_ended(number):
                continue  # it was cancelled while it waited
            task = self._running[number] = asyncio.create_task(self._run(number))
            await asyncio.wait([task])
            if self._stopping:
                return
            await self._finish(number)
            del self._running[number]

    async def _finish(self, number: int) -> None:
        """Ends a job that was cancelled, and removes its folder."""
        if not self._tables.has_ended(number):
            await self._end(number, "CANCELLED", _CANCELLED)
        await remove_folder(self._tables.folder(number))

    async def _run(self, number: int) -> None:
        try:
            await retry_while_disk_fails(self._log, f"job {number}", partial(self._try, number))
        except JobFailed as exc:
            await self._end(number, "FAILED", str(exc))
        except Exception as exc:  # noqa: BLE001 - a job must end whatever happens; the log has the traceback
            self._log.fault(f"job {number}", exc)
            await self._end(number, "FAILED", "Internal error encountered.")

    async def _try(self, number: int) -> None:
        """Runs the remaining steps of a job. Raises `JobFailed`."""
        row = self._tables.row(number)
        if row["state"] == "CANCELLING":  # the process ended before the job did
            return
        job = Job(number, self._spec_of(row), self._tools)
        if row["state"] != "RUNNING":
            self._tables.move(number, "PREPARING")
            await job.prepare()
        await job.run()
        await job.publish()

    async def _end(self, number: int, state: str, error: str) -> None:
        await self._write(lambda: self._tables.move(number, state, error))
