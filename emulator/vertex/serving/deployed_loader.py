"""Loads deployed models into worker processes, and reloads them after a start."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from emulator.core.predictions import LoadFailed, OutputStyle
from emulator.core.store import Store
from emulator.hosting.interfaces import Nodes
from emulator.hosting.model_loader import ModelLoader
from emulator.vertex import stored_resources, tables
from emulator.vertex.resource_json import deployed_key
from emulator.vertex.serving import containers, machines
from emulator.vertex.serving.artifacts import Artifacts
from gcp import errors

STYLE = OutputStyle(single_output_bare=True, non_finite_quoted=True)
"""Like TensorFlow Serving, but NaN and infinities are strings, because clients cannot parse the bare words."""


class DeployedLoader:
    """Loads deployed models.

    Args:
        store: the database.
        nodes: the nodes of deployed models.
        models: reloads models after a start.
        artifacts: the versions' own copies of their artifacts.
    """

    def __init__(self, store: Store, nodes: Nodes, models: ModelLoader, artifacts: Artifacts) -> None:
        self._store, self._nodes, self._models, self._artifacts = store, nodes, models, artifacts

    def resume(self) -> None:
        """Loads, in the background, every deployed model that was serving when the process ended."""
        for row in self._store.all("SELECT * FROM vertex_deployed_models WHERE state != ?", tables.DEPLOYING):
            self._models.reload(deployed_key(row), partial(self._reload, row), partial(self._note, row))

    async def load(self, row: sqlite3.Row) -> None:
        """Loads a deployed model.

        Raises:
            LoadFailed: its SavedModel cannot be loaded.
            OperationFailed: its container cannot run here, or finds no SavedModel.
        """
        folder, resources = self._folder(row), self.resources_of(json.loads(row["body"]))
        machine = machines.machine(resources["machineSpec"]["machineType"])
        scale = machines.scale(resources)
        await self._nodes.load(deployed_key(row), folder, nodes=scale, machine=machine, style=STYLE)

    async def scale_on_pool(self, row: sqlite3.Row, pool: Mapping[str, Any]) -> None:
        """Scales a deployed model to the new replicas of its pool. Raises `LoadFailed`."""
        key = deployed_key(row)
        await self._models.ready(key)
        if row["state"] != tables.DEPLOYING:
            await self._nodes.scale(key, nodes=machines.scale(pool["dedicatedResources"]))

    async def scale(self, row: sqlite3.Row, body: Mapping[str, Any]) -> None:
        """Changes the replicas of a deployed model. Raises `LoadFailed`."""
        key, wanted = deployed_key(row), machines.scale(self.resources_of(body))
        await self._models.ready(key)
        if wanted != machines.scale(self.resources_of(json.loads(row["body"]))):
            await self._nodes.scale(key, nodes=wanted)

    def resources_of(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The dedicated resources of a deployed model, or those of its pool. Raises `NotFound`."""
        pool = tables.pool_of(body)
        found: Mapping[str, Any] = stored_resources.body_of(stored_resources.read(self._store, pool)) if pool else body
        resources: dict[str, Any] = found["dedicatedResources"]
        return resources

    def _folder(self, row: sqlite3.Row) -> Path:
        version = tables.version(self._store, tables.deployed_model_name(row))
        spec = json.loads(version["body"])["containerSpec"]
        return containers.saved_model(spec, self._artifacts.path(version["folder"]))

    async def _reload(self, row: sqlite3.Row) -> None:
        try:
            await self.load(row)
        except (errors.OperationFailed, errors.ApiError) as exc:
            raise LoadFailed(str(exc)) from exc
        self._note(row, "")

    def _note(self, row: sqlite3.Row, error: str) -> None:
        self._store.run(
            "UPDATE vertex_deployed_models SET error = ?"
            " WHERE project = ? AND location = ? AND endpoint = ? AND id = ?",
            *(error, row["project"], row["location"], row["endpoint"], row["id"]),
        )
