"""Which versions are loaded into worker processes: those that are READY, again after each start."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from emulator.core.log import Log
from emulator.core.node_limits import Machine, Scale, cores_here
from emulator.core.predictions import LoadFailed
from emulator.core.store import Store
from emulator.ml import tables
from emulator.ml.interfaces import Nodes

_TARGET = 60
"""Per cent of CPU usage that automatic scaling aims at where a version does not say."""

# Cores and memory of the machine types, as Google's documentation of AI Platform Prediction gives them.
_GIB = 1 << 30
_MLS1 = {"mls1-c1-m2": (1, 2.0), "mls1-c4-m2": (4, 2.0)}
_N1_GIB_PER_CORE = {"standard": 3.75, "highmem": 6.5, "highcpu": 0.9}


def scale_of(body: Mapping[str, Any]) -> Scale:
    """The nodes of a version: so many by manual scaling, or a range in which they follow the load.

    With a least of 0 the first prediction starts a node. Without `maxNodes`, the cores of this machine bound it.
    """
    if "manualScaling" in body:
        return Scale.fixed(int(body["manualScaling"].get("nodes", 1)))
    auto = body.get("autoScaling", {})
    least = int(auto.get("minNodes", 0))
    most = int(auto.get("maxNodes", 0)) or cores_here()
    targets = [int(metric.get("target", 0)) for metric in auto.get("metrics", []) if metric.get("name") == "CPU_USAGE"]
    target = min(max((targets or [_TARGET])[0], 1), 100)
    return Scale(least=least, most=max(least, most), target=target / 100)


def machine_of(body: Mapping[str, Any]) -> Machine:
    """What a node of a version may use."""
    return machine(body["machineType"])


def machine(name: str) -> Machine:
    """The machine of a type, `n1-standard-4`. Raises `KeyError` for an unknown type."""
    if name in _MLS1:
        cores, gib = _MLS1[name]
        return Machine(cores, int(gib * _GIB))
    family, kind, size = name.split("-")
    if family != "n1":
        raise KeyError(name)
    return Machine(int(size), int(_N1_GIB_PER_CORE[kind] * int(size) * _GIB))


class VersionLoader:
    """Loads versions, and knows those that are being loaded again after a start.

    Args:
        store: the database.
        nodes: the nodes of versions.
        log: gets tracebacks of background work.
        folder: holds the versions' own copies of their SavedModels.
    """

    def __init__(self, store: Store, nodes: Nodes, log: Log, folder: Path) -> None:
        self._store, self._nodes, self._log, self._folder = store, nodes, log, folder
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Loads, in the background, every version that was serving when the process ended."""
        for row in self._store.all("SELECT * FROM versions WHERE state IN (?, ?)", *tables.ANSWERING):
            self._begin(row)

    def warm_up(self) -> None:
        """Lets TensorFlow be imported by the time that a version comes; an emulator without models does without it."""
        self._background(self._nodes.start())

    async def load(self, row: sqlite3.Row) -> None:
        """Loads a version. Raises `LoadFailed` if its SavedModel cannot be loaded."""
        body = json.loads(row["body"])
        key, scale, machine = tables.key_of(row), scale_of(body), machine_of(body)
        await self._nodes.load(key, self._folder / row["folder"], nodes=scale, machine=machine)

    async def ready(self, row: sqlite3.Row) -> None:
        """Waits for a READY version that is being loaded again after a start; returns at once for any other.

        Where that failed for a reason that may be gone by now (no memory, say), it is tried once more.
        """
        task = self._loading.get(tables.key_of(row))
        if task is not None:
            await asyncio.shield(self._begin(row) if task.done() else task)

    async def unload(self, key: str) -> None:
        """Ends the nodes of a version; one that is not loaded is fine."""
        task = self._loading.pop(key, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._nodes.unload(key)

    def discard(self, key: str) -> None:
        """Unloads in the background what turned out not to be wanted."""
        self._background(self.unload(key))

    async def stop(self) -> None:
        """Ends all loading."""
        tasks = [*self._loading.values(), *self._others]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, row: sqlite3.Row) -> asyncio.Task[None]:
        key = tables.key_of(row)
        task = asyncio.create_task(self._reload(key, row))
        task.add_done_callback(self._note)
        self._loading[key] = task
        return task

    async def _reload(self, key: str, row: sqlite3.Row) -> None:
        try:
            await self.load(row)
        except LoadFailed as exc:
            ids = row["project"], row["model"], row["name"]
            tables.update_version(self._store, ids, state="FAILED", error=str(exc))
        self._loading.pop(key, None)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)
        task.add_done_callback(self._note)

    def _note(self, task: asyncio.Task[None]) -> None:
        """Logs what went wrong in the background."""
        if not task.cancelled() and (fault := task.exception()):
            self._log.fault("serving", fault)
