"""Database writes in the background: retried for as long as the disk is full, so that no result is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from emulator.core import disk_errors
from emulator.core.log import Log
from emulator.core.store import Store

_SECONDS = 1.0
"""Seconds between two attempts."""


async def retry_while_disk_fails(log: Log, what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Does `work`; repeats it every second while the disk is full or cannot be written to.

    Args:
        log: gets a line for each try that failed.
        what: is done, for that line.
        work: can be repeated.

    Raises:
        Exception: whatever `work` raises that is not the disk's fault.
    """
    while True:
        try:
            return await work()
        except disk_errors.FAILURES as exc:
            refusal = disk_errors.refusal(exc)
            if refusal is None:
                raise
            log.line(f"ERROR {what}: {refusal}")
        await asyncio.sleep(_SECONDS)


async def retry_write(store: Store, log: Log, change: Callable[[], None]) -> None:
    """Runs `change` in one transaction. Repeats it, and raises, as `retry_while_disk_fails` does."""

    async def write() -> None:
        with store.transaction():
            change()

    await retry_while_disk_fails(log, "the end of an operation or a job", write)
