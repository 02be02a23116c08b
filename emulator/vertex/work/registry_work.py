"""The work of operations on models and endpoints. Each may run again after a crash, and skips steps already done."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from emulator.core import iam_policies
from emulator.core.clock import Clock
from emulator.core.operations import Finish, Work
from emulator.core.store import Store
from emulator.vertex import names, tables
from emulator.vertex.operation_subjects import EMPTY, message, request_of, resource_of
from emulator.vertex.requests import deletions, model_patches
from emulator.vertex.serving.artifacts import Artifacts
from emulator.vertex.serving.traffic import Traffic
from gcp import errors


class RegistryWork:
    """The work of each type.

    Args:
        store: the database.
        clock: gives the times of changes.
        artifacts: the versions' own copies of their artifacts.
        traffic: writes endpoints.
    """

    def __init__(self, store: Store, clock: Clock, artifacts: Artifacts, traffic: Traffic) -> None:
        self._store, self._clock, self._artifacts, self._traffic = store, clock, artifacts, traffic

    def works(self) -> Mapping[str, Work]:
        """Type -> its work."""
        return {
            "UPLOAD_MODEL": Work(run=self._upload, fail=_nothing, cancellable=True),
            "COPY_MODEL": Work(run=self._copy, fail=_nothing),
            "DELETE_MODEL": Work(run=self._delete_model, fail=self._keep_versions),
            "DELETE_MODEL_VERSION": Work(run=self._delete_version, fail=self._keep_versions),
            "CREATE_ENDPOINT": Work(run=self._create_endpoint, fail=_nothing),
            "UPDATE_ENDPOINT": Work(run=self._update_endpoint, fail=_nothing),
            "DELETE_ENDPOINT": Work(run=self._delete_endpoint, fail=_nothing),
        }

    async def _upload(self, operation: sqlite3.Row) -> Finish:
        request = request_of(operation)
        await self._artifacts.fetch(request["uri"], request["folder"])
        return lambda: message(operation, "UploadModelResponse", self._new_version(operation, request))

    async def _copy(self, operation: sqlite3.Row) -> Finish:
        request = request_of(operation)
        self._artifacts.duplicate(request["source"], request["folder"])
        return lambda: message(operation, "CopyModelResponse", self._new_version(operation, request))

    def _new_version(self, operation: sqlite3.Row, request: Mapping[str, Any]) -> dict[str, Any]:
        """Writes the next version of a model; creates the model unless it is a parent. Raises `ApiError`."""
        name, now = resource_of(operation), self._clock.now().isoformat()
        key = (*names.place(name), names.last(name))
        if not request["parent"]:
            if self._store.one("SELECT 1 FROM vertex_models WHERE project = ? AND location = ? AND id = ?", *key):
                raise errors.AlreadyExists(f"Model {name} already exists.")
            tables.add_model(self._store, names.place(name), names.last(name), request["model"], now)
        model = tables.model(self._store, name)
        tables.add_version(self._store, model, request["version"], request["folder"], [], now)
        first = [] if request["parent"] else [names.DEFAULT]
        version = _version(self._store, name, model["next"])
        model_patches.merge_aliases(self._store, version, [*first, *request["aliases"]], now)
        return {"model": name, "modelVersionId": str(model["next"])}

    async def _delete_model(self, operation: sqlite3.Row) -> Finish:
        name = resource_of(operation)
        with self._store.transaction():
            model = tables.model(self._store, name)
            deletions.refuse_deployed(self._store, model)
            self._mark(name)
        for row in tables.versions(self._store, model):
            await self._artifacts.remove(row["folder"])

        def finish() -> dict[str, Any]:
            key = (*names.place(name), names.last(name))
            self._store.run("DELETE FROM vertex_versions WHERE project = ? AND location = ? AND model = ?", *key)
            self._store.run("DELETE FROM vertex_models WHERE project = ? AND location = ? AND id = ?", *key)
            iam_policies.forget(self._store, name)
            return EMPTY

        return finish

    async def _delete_version(self, operation: sqlite3.Row) -> Finish:
        name = resource_of(operation)
        with self._store.transaction():
            row = tables.version(self._store, name)
            deletions.refuse_needed(self._store, row, self._clock.now(), 0.0)
            self._mark(name)
        await self._artifacts.remove(row["folder"])

        def finish() -> dict[str, Any]:
            self._store.run(
                "DELETE FROM vertex_versions WHERE project = ? AND location = ? AND model = ? AND id = ?",
                *(row["project"], row["location"], row["model"], row["id"]),
            )
            tables.touch_model(self._store, tables.model(self._store, name), self._clock.now().isoformat())
            return EMPTY

        return finish

    def _mark(self, name: str, deleting: int = 1) -> None:
        """Marks a version, or all versions of a model, as being deleted: they can no longer be deployed."""
        id_, version = names.split_version(names.last(name))
        self._store.run(
            "UPDATE vertex_versions SET deleting = ? WHERE project = ? AND location = ? AND model = ?"
            " AND (? = '' OR id = ?)",
            *(deleting, *names.place(name), id_, version, version),
        )

    def _keep_versions(self, operation: sqlite3.Row, _message: str) -> None:
        self._mark(resource_of(operation), 0)

    async def _create_endpoint(self, operation: sqlite3.Row) -> Finish:
        name = resource_of(operation)
        body = json.dumps(request_of(operation)["body"])

        def finish() -> dict[str, Any]:
            key, now = (*names.place(name), names.last(name)), self._clock.now().isoformat()
            if self._store.one("SELECT 1 FROM vertex_endpoints WHERE project = ? AND location = ? AND id = ?", *key):
                raise errors.AlreadyExists(f"Endpoint {name} already exists.")
            self._store.run(
                "INSERT INTO vertex_endpoints (project, location, id, body, etag, split_from, created, updated)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                *(*key, body, tables.new_etag(), now, now, now),
            )
            return message(operation, "Endpoint", {"name": name})

        return finish

    async def _update_endpoint(self, operation: sqlite3.Row) -> Finish:
        name, given = resource_of(operation), request_of(operation)

        def finish() -> dict[str, Any]:
            row = tables.endpoint(self._store, name)
            self._traffic.write(row, {**json.loads(row["body"]), **given})
            return message(operation, "Endpoint", {"name": name})

        return finish

    async def _delete_endpoint(self, operation: sqlite3.Row) -> Finish:
        name = resource_of(operation)

        def finish() -> dict[str, Any]:
            deletions.refuse_busy(self._store, name)
            key = (*names.place(name), names.last(name))
            self._store.run("DELETE FROM vertex_endpoints WHERE project = ? AND location = ? AND id = ?", *key)
            return EMPTY

        return finish


def _version(store: Store, model: str, id_: int) -> sqlite3.Row:
    return tables.version(store, f"{model}@{id_}")


def _nothing(_operation: sqlite3.Row, _message: str) -> None:
    """Does nothing: a failed operation has changed nothing. A partial copy is removed at the next start."""
