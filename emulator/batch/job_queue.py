"""Runs jobs, one after the other, each by as many nodes as there are cores; and takes them up again after a start."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from typing import TYPE_CHECKING

from emulator.batch import job_tables, result_publisher
from emulator.batch.job_errors import JobFailed
from emulator.batch.job_run import Job
from emulator.core import disk_errors
from emulator.core.retried_writes import retry_write

if TYPE_CHECKING:
    from emulator.app import Emulator

_DISK_SECONDS = 1.0
_CANCELLED = "The job was cancelled."


class Jobs:
    """The queue of jobs, and the one that runs."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._queue: deque[int] = deque()
        self._runner: asyncio.Task[None] | None = None
        self._running: dict[int, asyncio.Task[None]] = {}
        self._stopping = False

    def start(self, number: int) -> None:
        """Has a job run when those before it have ended."""
        self._queue.append(number)
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run_all())

    def resume(self) -> None:
        """Goes on with the jobs that had not ended when the process did."""
        for row in job_tables.unfinished(self._emulator):
            self.start(row["number"])

    def cancel(self, row: sqlite3.Row) -> None:
        """Asks a job that has not ended to stop; one that only waits has stopped when this returns."""
        number = row["number"]
        running = self._running.get(number)
        job_tables.move(self._emulator, number, "CANCELLING" if running else "CANCELLED", _CANCELLED)
        if running:
            running.cancel()

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
            if job_tables.by_number(self._emulator, number)["state"] in job_tables.ENDED:
                continue  # it was cancelled while it waited
            task = self._running[number] = asyncio.create_task(self._run(number))
            await asyncio.wait([task])
            if self._stopping:
                return
            await self._finish(number)
            del self._running[number]

    async def _finish(self, number: int) -> None:
        """Ends a job that was cancelled, and removes what it worked with."""
        if job_tables.by_number(self._emulator, number)["state"] not in job_tables.ENDED:
            await self._end(number, "CANCELLED", _CANCELLED)
        await self._emulator.remove_folder(job_tables.folder(self._emulator, number))

    async def _run(self, number: int) -> None:
        try:
            await self._steps(number)
        except JobFailed as exc:
            await self._end(number, "FAILED", str(exc))
        except Exception as exc:  # noqa: BLE001 - a job must end whatever happens; the log has the traceback
            self._emulator.log.fault(f"job {number}", exc)
            await self._end(number, "FAILED", "Internal error encountered.")

    async def _steps(self, number: int) -> None:
        """What is left of a job; again where the disk took no more. Raises `JobFailed`."""
        while True:
            try:
                return await self._try(number)
            except disk_errors.FAILURES as exc:
                refusal = disk_errors.refusal(exc)
                if refusal is None:
                    raise
                self._emulator.log.line(f"ERROR job {number}: {refusal}")
            await asyncio.sleep(_DISK_SECONDS)

    async def _try(self, number: int) -> None:
        row = job_tables.by_number(self._emulator, number)
        if row["state"] == "CANCELLING":  # the process ended before the job did
            return
        job = Job(self._emulator, row)
        if row["state"] != "RUNNING":
            job_tables.move(self._emulator, number, "PREPARING")
            await job.prepare()
        await job.run()
        await result_publisher.publish(self._emulator, number)

    async def _end(self, number: int, state: str, error: str) -> None:
        await retry_write(
            self._emulator.store, self._emulator.log, lambda: job_tables.move(self._emulator, number, state, error)
        )
