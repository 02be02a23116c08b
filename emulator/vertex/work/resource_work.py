"""The work of operations on pools and jobs. Each may run again after a crash."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from emulator.core.clock import Clock
from emulator.core.operations import Finish, Work
from emulator.core.predictions import LoadFailed
from emulator.core.store import Store
from emulator.hosting.interfaces import JobQueue
from emulator.vertex import names, stored_resources
from emulator.vertex.operation_subjects import EMPTY, message, request_of, resource_of
from emulator.vertex.requests import deletions
from emulator.vertex.serving import machines
from emulator.vertex.serving.deployed_loader import DeployedLoader
from gcp import errors

_PRECONDITION = 9


class ResourceWork:
    """The work of each type.

    Args:
        store: the database.
        clock: gives the times of changes.
        loader: scales the models on a pool.
        queue: has the batch prediction jobs.
    """

    def __init__(self, store: Store, clock: Clock, loader: DeployedLoader, queue: JobQueue) -> None:
        self._store, self._clock, self._loader, self._queue = store, clock, loader, queue

    def works(self) -> Mapping[str, Work]:
        """Type -> its work."""
        return {
            "CREATE_POOL": Work(run=self._create_pool, fail=_nothing),
            "UPDATE_POOL": Work(run=self._update_pool, fail=_nothing),
            "DELETE_POOL": Work(run=self._delete_pool, fail=_nothing),
            "UPDATE_MONITOR": Work(run=self._update_monitor, fail=_nothing),
            "DELETE_MONITOR": Work(run=self._delete_monitor, fail=_nothing),
            "DELETE_JOB": Work(run=self._delete_job, fail=_nothing),
        }

    async def _create_pool(self, operation: sqlite3.Row) -> Finish:
        name, body = resource_of(operation), request_of(operation)["body"]
        machines.check(body["dedicatedResources"])

        def finish() -> dict[str, Any]:
            stored_resources.add(self._store, name, body, self._clock.now().isoformat())
            return message(operation, "DeploymentResourcePool", {"name": name})

        return finish

    async def _update_pool(self, operation: sqlite3.Row) -> Finish:
        name, body = resource_of(operation), request_of(operation)["body"]
        try:
            for row in deletions.pool_users(self._store, name):
                await self._loader.scale_on_pool(row, body)
        except LoadFailed as exc:
            raise errors.OperationFailed(f"Model server exited unexpectedly: {exc}", _PRECONDITION) from exc
        return self._changed(operation, "DeploymentResourcePool")

    async def _delete_pool(self, operation: sqlite3.Row) -> Finish:
        return self._removed(operation, used=deletions.refuse_used)

    async def _update_monitor(self, operation: sqlite3.Row) -> Finish:
        return self._changed(operation, "ModelDeploymentMonitoringJob")

    async def _delete_monitor(self, operation: sqlite3.Row) -> Finish:
        return self._removed(operation, used=lambda _store, _name: None)

    async def _delete_job(self, operation: sqlite3.Row) -> Finish:
        project, id_ = operation["project"], names.last(resource_of(operation))

        def finish() -> dict[str, Any]:
            query = "SELECT number FROM jobs WHERE api = ? AND project = ? AND id = ?"
            row = self._store.one(query, operation["api"], project, id_)
            if row:
                self._queue.remove(row["number"])
            return EMPTY

        return finish

    def _changed(self, operation: sqlite3.Row, kind: str) -> Finish:
        name, body = resource_of(operation), request_of(operation)["body"]

        def finish() -> dict[str, Any]:
            stored_resources.change(self._store, name, body, self._clock.now().isoformat())
            return message(operation, kind, {"name": name})

        return finish

    def _removed(self, operation: sqlite3.Row, used: Callable[[Store, str], None]) -> Finish:
        name = resource_of(operation)

        def finish() -> dict[str, Any]:
            used(self._store, name)
            stored_resources.remove(self._store, name)
            return EMPTY

        return finish


def _nothing(_operation: sqlite3.Row, _message: str) -> None:
    """Does nothing: a failed operation has changed nothing."""
