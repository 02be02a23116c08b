"""Which versions are loaded into worker processes: those that are READY, again after each start."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from emulator.core.log import Log
from emulator.core.node_limits import Machine, Scale, cores_here
from emulator.core.store import Store
from emulator.hosting.interfaces import Nodes
from emulator.hosting.model_loader import ModelLoader
from emulator.ml import tables

_TARGET = 60
"""Per cent of CPU usage that automatic scaling aims at where a version does not say."""

# Cores and memory of the machine types, as Google's documentation of AI Platform Prediction gives them.
_GIB = 1 << 30
_MLS1 = {"mls1-c1-m2": (1, 2.0), "mls1-c4-m2": (4, 2.0)}
_N1_GIB_PER_CORE = {"standard": 3.75, "highmem": 6.5, "highcpu": 0.9}


def scale_of(body: Mapping[str, Any]) -> Scale:
    """The nodes of a version: a fixed number (manual scaling), or a range within which they follow the load.

    With a minimum of 0, the first prediction starts a node. The default of `maxNodes` is the number of cores.
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
        self._store, self._nodes, self._folder = store, nodes, folder
        self._models = ModelLoader(nodes, log)
        self.warm_up, self.unload = self._models.warm_up, self._models.unload
        self.discard, self.stop = self._models.discard, self._models.stop

    def resume(self) -> None:
        """Loads, in the background, every version that was serving when the process ended."""
        for row in self._store.all("SELECT * FROM versions WHERE state IN (?, ?)", *tables.ANSWERING):
            self._models.reload(tables.key_of(row), partial(self.load, row), partial(self._fail, row))

    async def load(self, row: sqlite3.Row) -> None:
        """Loads a version. Raises `LoadFailed` if its SavedModel cannot be loaded."""
        body = json.loads(row["body"])
        key, scale, machine = tables.key_of(row), scale_of(body), machine_of(body)
        await self._nodes.load(key, self._folder / row["folder"], nodes=scale, machine=machine)

    async def ready(self, row: sqlite3.Row) -> None:
        """Waits for a READY version that is being loaded again after a start, see `ModelLoader.ready`."""
        await self._models.ready(tables.key_of(row))

    def _fail(self, row: sqlite3.Row, error: str) -> None:
        tables.update_version(self._store, (row["project"], row["model"], row["name"]), state="FAILED", error=error)
