"""Loads models in the background after a restart, with one retry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from emulator.core.log import Log
from emulator.core.predictions import LoadFailed
from emulator.hosting.interfaces import Nodes


@dataclass(slots=True)
class _Reload:
    """A model that is reloaded, and how."""

    load: Callable[[], Awaitable[None]]
    failed: Callable[[str], None]
    task: asyncio.Task[None]


class ModelLoader:
    """Reloads models after a restart.

    Args:
        nodes: serve the models.
        log: for tracebacks of background work.
    """

    def __init__(self, nodes: Nodes, log: Log) -> None:
        self._nodes, self._log = nodes, log
        self._reloads: dict[str, _Reload] = {}
        self._others: set[asyncio.Task[None]] = set()

    def warm_up(self) -> None:
        """Starts importing TensorFlow in the background, before the first model needs it."""
        self._background(self._nodes.start())

    def reload(self, key: str, load: Callable[[], Awaitable[None]], failed: Callable[[str], None]) -> None:
        """Loads, in the background, a model that was serving when the process ended.

        Args:
            key: of the model.
            load: loads it. Raises `LoadFailed`.
            failed: called with the text of `LoadFailed`.
        """
        task = asyncio.create_task(self._load(key, load, failed))
        task.add_done_callback(self._note)
        self._reloads[key] = _Reload(load, failed, task)

    async def ready(self, key: str) -> None:
        """Waits for a model that is being reloaded after a restart; returns at once for any other.

        If reloading failed for a reason that may be temporary (no memory, say), it is retried once.
        """
        found = self._reloads.get(key)
        if found is None:
            return
        if found.task.done():
            self.reload(key, found.load, found.failed)
        await asyncio.shield(self._reloads[key].task)

    async def unload(self, key: str) -> None:
        """Stops the nodes of a model, if it is loaded."""
        found = self._reloads.pop(key, None)
        if found is not None:
            found.task.cancel()
            await asyncio.gather(found.task, return_exceptions=True)
        await self._nodes.unload(key)

    def discard(self, key: str) -> None:
        """Unloads a model in the background."""
        self._background(self.unload(key))

    async def stop(self) -> None:
        """Stops all loading."""
        tasks = [*(each.task for each in self._reloads.values()), *self._others]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _load(self, key: str, load: Callable[[], Awaitable[None]], failed: Callable[[str], None]) -> None:
        try:
            await load()
        except LoadFailed as exc:
            failed(str(exc))
        self._reloads.pop(key, None)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)
        task.add_done_callback(self._note)

    def _note(self, task: asyncio.Task[None]) -> None:
        """Logs a failure of background work."""
        if not task.cancelled() and (fault := task.exception()):
            self._log.fault("serving", fault)
