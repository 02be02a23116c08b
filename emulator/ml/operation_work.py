"""What the operations of this API do. Each may run again after a crash, so each accepts what is already done."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.core import iam_policies
from emulator.core.files import remove_folder
from emulator.core.operations import Finish, Work
from emulator.core.predictions import LoadFailed
from emulator.core.store import Store
from emulator.hosting.interfaces import Nodes
from emulator.ml import operation_subjects, tables, update_masks
from emulator.ml.resource_json import ResourceView
from emulator.ml.version_loader import VersionLoader, scale_of
from gcp import errors

_EMPTY = {"@type": "type.googleapis.com/google.protobuf.Empty"}
_INVALID = 3


class OperationWork:
    """The work of each type.

    Args:
        store: the database.
        loader: loads versions.
        nodes: the nodes of versions.
        view: writes responses.
        last_used: see `ResourceView`.
        folder: holds the versions' own copies of their SavedModels.
    """

    def __init__(
        self,
        store: Store,
        loader: VersionLoader,
        nodes: Nodes,
        view: ResourceView,
        last_used: MutableMapping[str, datetime],
        folder: Path,
    ) -> None:
        self._store, self._loader, self._nodes, self._view = store, loader, nodes, view
        self._last_used, self._folder = last_used, folder

    def works(self) -> Mapping[str, Work]:
        """Type -> its work."""
        return {
            "CREATE_VERSION": Work(run=self._create_version, fail=self._version_failed, cancellable=True),
            "UPDATE_VERSION": Work(run=self._update_version, fail=self._update_failed),
            "DELETE_VERSION": Work(run=self._delete_version, fail=self._version_failed),
            "UPDATE_MODEL": Work(run=self._update_model, fail=_nothing),
            "DELETE_MODEL": Work(run=self._delete_model, fail=self._delete_model_failed),
        }

    def _version(self, operation: sqlite3.Row) -> sqlite3.Row:
        return tables.version(self._store, *operation_subjects.version_of(operation))

    def _version_response(self, operation: sqlite3.Row) -> dict[str, Any]:
        answer = self._view.version(self._version(operation))
        return {"@type": "type.googleapis.com/google.cloud.ml.v1.Version", **answer}

    async def _create_version(self, operation: sqlite3.Row) -> Finish:
        project, model, name = operation_subjects.version_of(operation)
        with _bad_model_as_failure():
            await self._loader.load(self._version(operation))

        def finish() -> dict[str, Any]:
            tables.update_version(self._store, (project, model, name), state="READY")
            self._store.run(
                "UPDATE models SET default_version = ? WHERE project = ? AND name = ? AND default_version IS NULL",
                *(name, project, model),
            )
            return self._version_response(operation)

        return finish

    def _version_failed(self, operation: sqlite3.Row, message: str) -> None:
        self._loader.discard(tables.key_of(self._version(operation)))
        ids = operation_subjects.version_of(operation)
        tables.update_version(self._store, ids, state="FAILED", error=message)

    async def _update_version(self, operation: sqlite3.Row) -> Finish:
        ids = operation_subjects.version_of(operation)
        body = json.loads(operation["request"])["body"]
        row = self._version(operation)
        with _bad_model_as_failure():
            await self._loader.ready(row)
            if scale_of(body) != scale_of(json.loads(row["body"])):
                await self._nodes.scale(tables.key_of(row), nodes=scale_of(body))

        def finish() -> dict[str, Any]:
            tables.update_version(self._store, ids, state="READY", body=body)
            return self._version_response(operation)

        return finish

    def _update_failed(self, operation: sqlite3.Row, _message: str) -> None:
        tables.update_version(self._store, operation_subjects.version_of(operation), state="READY")

    async def _delete_version(self, operation: sqlite3.Row) -> Finish:
        project, model, name = operation_subjects.version_of(operation)
        row = self._version(operation)
        await self._loader.unload(tables.key_of(row))
        await remove_folder(self._folder / row["folder"])

        def finish() -> dict[str, Any]:
            self._store.run("DELETE FROM versions WHERE project = ? AND model = ? AND name = ?", project, model, name)
            self._store.run(
                "UPDATE models SET default_version = NULL WHERE project = ? AND name = ? AND default_version = ?",
                *(project, model, name),
            )
            self._last_used.pop(tables.key_of(row), None)
            return _EMPTY

        return finish

    async def _update_model(self, operation: sqlite3.Row) -> Finish:
        project, name = operation_subjects.model_of(operation)
        change = json.loads(operation["request"])

        def finish() -> dict[str, Any]:
            row = tables.model(self._store, project, name)
            body = update_masks.applied(json.loads(row["body"]), change["body"], change["mask"])
            default = change["default"] or row["default_version"]
            if change["default"] and tables.version(self._store, project, name, default)["state"] != "READY":
                raise errors.FailedPrecondition(f"The version {default} is no longer READY.")
            self._store.run(
                "UPDATE models SET body = ?, default_version = ?, etag = ? WHERE project = ? AND name = ?",
                *(json.dumps(body), default, tables.new_etag(), project, name),
            )
            answer = self._view.model(tables.model(self._store, project, name))
            return {"@type": "type.googleapis.com/google.cloud.ml.v1.Model", **answer}

        return finish

    async def _delete_model(self, operation: sqlite3.Row) -> Finish:
        project, name = operation_subjects.model_of(operation)

        def finish() -> dict[str, Any]:
            self._store.run("DELETE FROM models WHERE project = ? AND name = ?", project, name)
            iam_policies.forget(self._store, f"projects/{project}/models/{name}")
            return _EMPTY

        return finish

    def _delete_model_failed(self, operation: sqlite3.Row, _message: str) -> None:
        ids = operation_subjects.model_of(operation)
        self._store.run("UPDATE models SET deleting = 0 WHERE project = ? AND name = ?", *ids)


def _nothing(_operation: sqlite3.Row, _message: str) -> None:
    """An update that fails has changed nothing."""


@contextlib.contextmanager
def _bad_model_as_failure() -> Iterator[None]:
    """Fails the operation, in the API's words, if a SavedModel cannot be loaded."""
    try:
        yield
    except LoadFailed as exc:
        raise errors.OperationFailed(f'Bad model detected with error: "{exc}"', _INVALID) from exc
