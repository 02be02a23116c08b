"""Keeps the number of one version's nodes at what its load requires."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from emulator.core.node_limits import Scale, cores_here
from emulator.core.predictions import LoadFailed
from emulator.serving.loaded_model import LoadedModel
from emulator.serving.scaling_policy import Memory, Pace, step

_log = logging.getLogger(__name__)
_NODES_PER_CORE = 4
_SPARE = 512 << 20
"""Bytes that must be available on this machine for a node to be added."""


class Autoscaler:
    """Scales a loaded model by its load. Belongs to the event loop.

    Args:
        key: for the log.
        model: the model.
        scale: its bounds, until `change`.
        pace: how fast it follows the load.
    """

    def __init__(self, key: str, model: LoadedModel, scale: Scale, pace: Pace) -> None:
        self._key = key
        self._model = model
        self._pace = pace
        self._memory = Memory()
        self._moving: asyncio.Task[None] | None = None
        self.scale = scale

    async def change(self, scale: Scale) -> None:
        """Sets new bounds; returns when the number of nodes is within them. Raises `LoadFailed`."""
        await self._settle()
        self.scale = scale
        await self._model.scale(scale.clamp(self._model.size))

    def look(self) -> None:
        """Looks at the load once, and scales in the background if it has to."""
        if not self.scale.follows or (self._moving and not self._moving.done()):
            return
        seen = self._model.seen()
        self._memory, wanted = step(self._memory, seen, self.scale, self._pace)
        if wanted > seen.nodes:
            wanted = max(seen.nodes, min(wanted, _most_here()))
        if wanted != seen.nodes:
            self._moving = asyncio.create_task(self._move(seen.nodes, wanted))

    async def stop(self) -> None:
        """Waits for what `look` began, and scales no more."""
        self.scale = Scale.fixed(self._model.size)
        await self._settle()

    async def _move(self, before: int, wanted: int) -> None:
        try:
            await self._model.scale(wanted)
        except LoadFailed as exc:
            _log.warning("%s: stays at %d nodes: %s", self._key, before, exc)
        else:
            _log.info("%s: %d nodes instead of %d", self._key, wanted, before)

    async def _settle(self) -> None:
        if self._moving:
            await asyncio.wait([self._moving])


def _most_here() -> int:
    """The most nodes of one version on this machine; 0, so that none is added, if memory is short."""
    return _NODES_PER_CORE * cores_here() if _available() > _SPARE else 0


def _available() -> int:
    """Bytes of memory that this machine has left."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return 0
