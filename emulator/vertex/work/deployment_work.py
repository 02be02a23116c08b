"""The work of operations on deployed models. Each may run again after a crash, and skips steps already done."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from emulator.core.clock import Clock
from emulator.core.operations import Finish, Work
from emulator.core.predictions import LoadFailed
from emulator.core.store import Store
from emulator.hosting.model_loader import ModelLoader
from emulator.vertex import tables
from emulator.vertex.operation_subjects import message, request_of, resource_of, version_of
from emulator.vertex.resource_json import ResourceView, deployed_key
from emulator.vertex.serving import machines
from emulator.vertex.serving.deployed_loader import DeployedLoader
from emulator.vertex.serving.traffic import NEW, Traffic, checked_split
from gcp import errors

_PRECONDITION = 9


class DeploymentWork:
    """The work of each type.

    Args:
        store: the database.
        clock: gives the times of changes.
        view: writes responses.
        loader: loads deployed models.
        models: stops their nodes.
        traffic: writes splits.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        view: ResourceView,
        loader: DeployedLoader,
        models: ModelLoader,
        traffic: Traffic,
    ) -> None:
        self._store, self._clock, self._view = store, clock, view
        self._loader, self._models, self._traffic = loader, models, traffic

    def works(self) -> Mapping[str, Work]:
        """Type -> its work."""
        return {
            "DEPLOY_MODEL": Work(run=self._deploy, fail=self._deploy_failed, cancellable=True),
            "UNDEPLOY_MODEL": Work(run=self._undeploy, fail=self._undeploy_failed),
            "MUTATE_DEPLOYED_MODEL": Work(run=self._mutate, fail=_nothing),
        }

    def _row(self, operation: sqlite3.Row) -> sqlite3.Row:
        return tables.deployed_model(self._store, resource_of(operation), request_of(operation)["id"])

    async def _deploy(self, operation: sqlite3.Row) -> Finish:
        row, split = self._row(operation), request_of(operation)["split"]
        machines.check(self._loader.resources_of(json.loads(row["body"])))
        try:
            await self._loader.load(row)
        except LoadFailed as exc:
            raise errors.OperationFailed(f"Model server exited unexpectedly: {exc}", _PRECONDITION) from exc

        def finish() -> dict[str, Any]:
            tables.set_state(self._store, row, tables.SERVING, self._clock.now().isoformat())
            endpoint = tables.endpoint(self._store, resource_of(operation))
            if split:
                named = {row["id"] if id_ == NEW else id_: share for id_, share in split.items()}
                self._traffic.change(endpoint, checked_split(named, tables.deployed_ids(self._store, endpoint)))
            self._traffic.write(endpoint)
            return self._response(operation, "DeployModelResponse")

        return finish

    def _response(self, operation: sqlite3.Row, name: str) -> dict[str, Any]:
        deployed = self._view.deployed_model(self._row(operation), version_of(operation))
        return message(operation, name, {"deployedModel": deployed})

    def _deploy_failed(self, operation: sqlite3.Row, _message: str) -> None:
        row = self._row(operation)
        self._models.discard(deployed_key(row))
        tables.remove_deployed_model(self._store, row)

    async def _undeploy(self, operation: sqlite3.Row) -> Finish:
        row, split = self._row(operation), request_of(operation)["split"]

        def finish() -> dict[str, Any]:
            endpoint, now = tables.endpoint(self._store, resource_of(operation)), self._clock.now().isoformat()
            self._traffic.change(endpoint, self._traffic.without(endpoint, row["id"], split))
            self._traffic.write(endpoint)
            tables.remove_deployed_model(self._store, row, released=now)
            self._models.discard(deployed_key(row))
            return message(operation, "UndeployModelResponse", {})

        return finish

    def _undeploy_failed(self, operation: sqlite3.Row, _message: str) -> None:
        tables.set_state(self._store, self._row(operation), tables.SERVING, self._clock.now().isoformat())

    async def _mutate(self, operation: sqlite3.Row) -> Finish:
        row, body = self._row(operation), request_of(operation)["body"]
        try:
            await self._loader.scale(row, body)
        except LoadFailed as exc:
            raise errors.OperationFailed(f"Model server exited unexpectedly: {exc}", _PRECONDITION) from exc

        def finish() -> dict[str, Any]:
            now = self._clock.now().isoformat()
            tables.set_state(self._store, row, self._row(operation)["state"], now, json.dumps(body))
            self._traffic.write(tables.endpoint(self._store, resource_of(operation)))
            return self._response(operation, "MutateDeployedModelResponse")

        return finish


def _nothing(_operation: sqlite3.Row, _message: str) -> None:
    """Does nothing: a failed change leaves the deployed model unchanged."""
