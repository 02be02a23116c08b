"""Writes of background work: what has happened must be written, however long the disk is full."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from emulator.core import disk_errors
from emulator.core.log import Log
from emulator.core.store import Store

_SECONDS = 1.0
"""Between two tries."""


async def retry_write(store: Store, log: Log, change: Callable[[], None]) -> None:
    """Runs `change` in one transaction; retries every second while the disk is full or cannot be written to.

    Raises:
        Exception: whatever `change` raises that is not the disk's fault.
    """
    while True:
        try:
            with store.transaction():
                return change()
        except disk_errors.FAILURES as exc:
            refusal = disk_errors.refusal(exc)
            if refusal is None:
                raise
            log.line(f"ERROR the end of an operation or a job: {refusal}")
        await asyncio.sleep(_SECONDS)
