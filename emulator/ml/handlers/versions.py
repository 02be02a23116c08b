"""`ml.projects.models.versions.*`. Not emulated: containers, custom routines, frameworks other than TensorFlow."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Any

from emulator.core import disk_errors
from emulator.core.calls.admission import Quota
from emulator.core.clock import Clock
from emulator.core.files import remove_folder
from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.ml import list_pages, operation_subjects, request_checks, tables, update_masks
from emulator.ml.resource_json import ResourceView
from emulator.ml.saved_model_copies import SavedModelCopies
from emulator.rest.request import Request, Response
from gcp import errors
from resources.ml import rules

_STILL = ("READY", "FAILED")
"""States of a version that no operation is at work on."""


class Versions:
    """The methods of versions.

    Args:
        store: the database.
        clock: gives the time of creation.
        view: writes answers.
        operations: runs creations, updates and deletions.
        quota: limits creations and deletions.
        copies: copies SavedModels from buckets.
        folder: holds the versions' own copies of their SavedModels.
        refuse_new: whether new versions are rejected, as Google does today.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        view: ResourceView,
        operations: Operations,
        quota: Quota,
        copies: SavedModelCopies,
        folder: Path,
        *,
        refuse_new: bool,
    ) -> None:
        self._store, self._clock, self._view = store, clock, view
        self._operations, self._quota = operations, quota
        self._copies, self._folder, self._refuse_new = copies, folder, refuse_new

    async def projects_models_versions_create(self, request: Request) -> Response:
        """Copies the SavedModel and loads it; an operation, whose response is the version.

        Errors of the request or the files are answered immediately, and leave no version behind. A SavedModel that
        cannot be loaded fails the operation, and leaves a FAILED version.
        """
        if self._refuse_new:
            raise errors.Sunset
        project, model = tables.split(request.params["parent"])
        name = request.body.get("name", "")
        self._require_free(project, model, name)
        body = request_checks.version_body(project, model, request.body)
        folder = await self._copies.copy(body["deploymentUri"], self._folder, mls1=rules.is_mls1(body))
        try:
            with self._store.transaction():
                self._require_free(project, model, name)
                self._count_operation()
                self._store.run(
                    "INSERT INTO versions (project, model, name, body, etag, state, created, folder)"
                    " VALUES (?, ?, ?, ?, ?, 'CREATING', ?, ?)",
                    *(project, model, name, json.dumps(body), tables.new_etag()),
                    *(self._clock.now().isoformat(), folder.name),
                )
                number = self._begin("CREATE_VERSION", tables.version(self._store, project, model, name), {})
        except (errors.ApiError, *disk_errors.FAILURES):
            await remove_folder(folder)
            raise
        return Response(body=self._operations.start(number))

    async def projects_models_versions_get(self, request: Request) -> Response:
        """A version."""
        row = tables.version(self._store, *tables.split(request.params["name"]))
        return Response(body=self._view.version(row))

    async def projects_models_versions_list(self, request: Request) -> Response:
        """The versions of a model by name, FAILED ones too. See `list_pages` for filters and pages."""
        parent = tables.model(self._store, *tables.split(request.params["parent"]))
        query = "SELECT * FROM versions WHERE project = ? AND model = ? ORDER BY name"
        rows = self._store.all(query, parent["project"], parent["name"])
        default = parent["default_version"]
        items = (self._view.version(row, is_default=row["name"] == default) for row in rows)
        return Response(body=list_pages.page("versions", request, items))

    async def projects_models_versions_patch(self, request: Request) -> Response:
        """Changes description, labels, scaling or request logging; an operation, whose response is the version."""
        project, model, name = tables.split(request.params["name"])
        with self._store.transaction():
            row = tables.version(self._store, project, model, name)
            current = json.loads(row["body"])
            mask = update_masks.of_version(request.params.get("updateMask"), current)
            update_masks.check_etag(row, request.body)
            _require_state(row, ("READY",), "updated")
            body = update_masks.applied(current, request.body, mask)
            request_checks.check_version(project, model, {"name": name, **body})
            tables.update_version(self._store, (project, model, name), state="UPDATING")
            number = self._begin("UPDATE_VERSION", row, {"body": body})
        return Response(body=self._operations.start(number))

    async def projects_models_versions_delete(self, request: Request) -> Response:
        """Deletes a version that is not the default, or is the last one; an operation."""
        project, model, name = tables.split(request.params["name"])
        with self._store.transaction():
            row = tables.version(self._store, project, model, name)
            _require_state(row, _STILL, "deleted")
            if tables.is_default(self._store, row) and self._has_siblings(row):
                text = f"Cannot delete the default version {name}: make another version the default first."
                raise request_checks.field_error(errors.FailedPrecondition, "name", text)
            self._count_operation()
            tables.update_version(self._store, (project, model, name), state="DELETING", error=row["error"])
            number = self._begin("DELETE_VERSION", row, {})
        return Response(body=self._operations.start(number))

    async def projects_models_versions_set_default(self, request: Request) -> Response:
        """Makes a READY version the one that answers for the model. Answers the version."""
        project, model, name = tables.split(request.params["name"])
        with self._store.transaction():
            row = tables.version(self._store, project, model, name)
            _require_state(row, ("READY",), "made the default")
            self._store.run(
                "UPDATE models SET default_version = ?, etag = ? WHERE project = ? AND name = ?",
                *(name, tables.new_etag(), project, model),
            )
        return Response(body=self._view.version(row))

    def _require_free(self, project: str, model: str, name: str) -> None:
        if tables.model(self._store, project, model)["deleting"]:
            text = f"The model {model} is being deleted."
            raise request_checks.field_error(errors.FailedPrecondition, "parent", text)
        query = "SELECT 1 FROM versions WHERE project = ? AND model = ? AND name = ?"
        if self._store.one(query, project, model, name):
            text = "A version with the same name already exists."
            raise request_checks.field_error(errors.AlreadyExists, "version.name", text)

    def _count_operation(self) -> None:
        types = self._quota.rules.operation_types
        self._quota.operation(self._operations.running(operation_subjects.API, types))

    def _begin(self, type_: str, row: sqlite3.Row, request: dict[str, Any]) -> int:
        resource = self._view.version(row)
        ids = row["project"], row["model"], row["name"]
        labels = resource.get("labels")
        return self._operations.begin(operation_subjects.new(type_, ids, request, labels=labels, resource=resource))

    def _has_siblings(self, row: sqlite3.Row) -> bool:
        query = "SELECT 1 FROM versions WHERE project = ? AND model = ? AND name != ? LIMIT 1"
        return self._store.one(query, row["project"], row["model"], row["name"]) is not None


def _require_state(row: sqlite3.Row, wanted: Collection[str], done: str) -> None:
    if row["state"] not in wanted:
        text = f"The version {tables.key_of(row)} is {row['state']} and cannot be {done}."
        raise request_checks.field_error(errors.FailedPrecondition, "name", text)
