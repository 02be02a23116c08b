"""`ml.projects.models.*`, except IAM policies."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.ml import list_pages, operation_subjects, request_checks, tables, update_masks
from emulator.ml.resource_json import ResourceView
from emulator.rest.request import Request, Response
from gcp import errors


class Models:
    """The methods of models.

    Args:
        store: the database.
        view: writes answers.
        operations: runs updates and deletions.
        warm_up: called after a model is created: a version will follow.
        refuse_new: whether new models are rejected, as Google does today.
    """

    def __init__(
        self,
        store: Store,
        view: ResourceView,
        operations: Operations,
        warm_up: Callable[[], None],
        *,
        refuse_new: bool,
    ) -> None:
        self._store, self._view, self._operations = store, view, operations
        self._warm_up, self._refuse_new = warm_up, refuse_new

    async def projects_models_create(self, request: Request) -> Response:
        """Makes a model; it has no versions yet. Answers the model."""
        if self._refuse_new:
            raise errors.Sunset
        (project,) = tables.split(request.params["parent"])
        name = request.body.get("name", "")
        body = request_checks.model_body(project, request.body)
        with self._store.transaction():
            if self._store.one("SELECT 1 FROM models WHERE project = ? AND name = ?", project, name):
                text = "A model with the same name already exists."
                raise request_checks.field_error(errors.AlreadyExists, "model.name", text)
            self._store.run(
                "INSERT INTO models (project, name, body, etag) VALUES (?, ?, ?, ?)",
                *(project, name, json.dumps(body), tables.new_etag()),
            )
        self._warm_up()
        return Response(body=self._view.model(tables.model(self._store, project, name)))

    async def projects_models_get(self, request: Request) -> Response:
        """A model, with its default version whole."""
        row = tables.model(self._store, *tables.split(request.params["name"]))
        return Response(body=self._view.model(row))

    async def projects_models_list(self, request: Request) -> Response:
        """The models of a project by name. See `list_pages` for filters and pages."""
        (project,) = tables.split(request.params["parent"])
        rows = self._store.all("SELECT * FROM models WHERE project = ? ORDER BY name", project)
        return Response(body=list_pages.page("models", request, map(self._view.model, rows)))

    async def projects_models_patch(self, request: Request) -> Response:
        """Changes description, labels or the default version; an operation, whose response is the model."""
        project, name = tables.split(request.params["name"])
        mask = update_masks.of_model(request.params.get("updateMask"))
        with self._store.transaction():
            row = tables.model(self._store, project, name)
            update_masks.check_etag(row, request.body)
            _require_not_deleting(row)
            body = update_masks.applied(json.loads(row["body"]), request.body, mask)
            request_checks.model_body(project, {"name": name, **body})
            default = None
            if update_masks.DEFAULT in mask:
                default = self._new_default(project, name, request.body)
            change = {"body": request.body, "mask": mask, "default": default}
            number = self._begin("UPDATE_MODEL", (project, name), change, body)
        return Response(body=self._operations.start(number))

    async def projects_models_delete(self, request: Request) -> Response:
        """Deletes a model without versions; an operation."""
        project, name = tables.split(request.params["name"])
        with self._store.transaction():
            row = tables.model(self._store, project, name)
            _require_not_deleting(row)
            if self._store.one("SELECT 1 FROM versions WHERE project = ? AND model = ?", project, name):
                text = "Cannot delete a model with child resources: delete its versions first."
                raise request_checks.field_error(errors.FailedPrecondition, "name", text)
            self._store.run("UPDATE models SET deleting = 1 WHERE project = ? AND name = ?", project, name)
            number = self._begin("DELETE_MODEL", (project, name), {}, json.loads(row["body"]))
        return Response(body=self._operations.start(number))

    def _new_default(self, project: str, model: str, body: Mapping[str, Mapping[str, str]]) -> str:
        name = body.get("defaultVersion", {}).get("name", "").rpartition("/")[2]
        row = tables.version(self._store, project, model, name)
        if row["state"] != "READY":
            text = f"The version {name} is {row['state']}: only a READY version can be the default."
            raise request_checks.field_error(errors.FailedPrecondition, "model.defaultVersion.name", text)
        return name

    def _begin(self, type_: str, ids: tuple[str, ...], change: Mapping[str, Any], body: Mapping[str, Any]) -> int:
        return self._operations.begin(operation_subjects.new(type_, ids, change, labels=body.get("labels")))


def _require_not_deleting(row: sqlite3.Row) -> None:
    if row["deleting"]:
        text = f"The model projects/{row['project']}/models/{row['name']} is being deleted."
        raise request_checks.field_error(errors.FailedPrecondition, "name", text)
