"""`ml.projects.models.*`, but for IAM policies, which `access` stores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator.core.operations import Subject
from emulator.ml import list_pages, request_checks, tables, update_masks
from emulator.rest.request import Request, Response
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator


async def projects_models_create(emulator: Emulator, request: Request) -> Response:
    """Makes a model; it has no versions yet. Answers the model."""
    if emulator.settings.sunset:
        raise errors.Sunset
    (project,) = tables.split(request.params["parent"])
    name = request.body.get("name", "")
    body = request_checks.model_body(project, request.body)
    with emulator.store.transaction():
        if emulator.store.one("SELECT 1 FROM models WHERE project = ? AND name = ?", project, name):
            text = "A model with the same name already exists."
            raise request_checks.field_error(errors.AlreadyExists, "model.name", text)
        emulator.store.run(
            "INSERT INTO models (project, name, body, etag) VALUES (?, ?, ?, ?)",
            project,
            name,
            json.dumps(body),
            tables.new_etag(),
        )
    emulator.deployments.warm_up()
    return Response(body=tables.model_json(emulator, tables.model(emulator, project, name)))


async def projects_models_get(emulator: Emulator, request: Request) -> Response:
    """A model, with its default version whole."""
    row = tables.model(emulator, *tables.split(request.params["name"]))
    return Response(body=tables.model_json(emulator, row))


async def projects_models_list(emulator: Emulator, request: Request) -> Response:
    """The models of a project by name; see `listing` for filters and pages."""
    (project,) = tables.split(request.params["parent"])
    rows = emulator.store.all("SELECT * FROM models WHERE project = ? ORDER BY name", project)
    return Response(body=list_pages.page("models", request, (tables.model_json(emulator, row) for row in rows)))


async def projects_models_patch(emulator: Emulator, request: Request) -> Response:
    """Changes description, labels or the default version; an operation, whose response is the model."""
    project, name = tables.split(request.params["name"])
    mask = update_masks.of_model(request.params.get("updateMask"))
    with emulator.store.transaction():
        row = tables.model(emulator, project, name)
        update_masks.check_etag(row, request.body)
        _refuse_deleting(row["deleting"], request.params["name"])
        body = update_masks.applied(json.loads(row["body"]), request.body, mask)
        request_checks.model_body(project, {"name": name, **body})
        default = None
        if update_masks.DEFAULT in mask:
            default = _new_default(emulator, project, name, request.body)
        subject = Subject(project=project, model=name, labels=body.get("labels"))
        change = {"body": request.body, "mask": mask, "default": default}
        number = emulator.operations.begin("UPDATE_MODEL", subject, change)
    return Response(body=emulator.operations.start(number))


def _new_default(emulator: Emulator, project: str, model: str, body: dict[str, dict[str, str]]) -> str:
    name = body.get("defaultVersion", {}).get("name", "").rpartition("/")[2]
    row = tables.version(emulator, project, model, name)
    if row["state"] != "READY":
        text = f"The version {name} is {row['state']}: only a READY version can be the default."
        raise request_checks.field_error(errors.FailedPrecondition, "model.defaultVersion.name", text)
    return name


def _refuse_deleting(deleting: int, name: str) -> None:
    if deleting:
        raise request_checks.field_error(errors.FailedPrecondition, "name", f"The model {name} is being deleted.")


async def projects_models_delete(emulator: Emulator, request: Request) -> Response:
    """Deletes a model without versions; an operation."""
    project, name = tables.split(request.params["name"])
    with emulator.store.transaction():
        row = tables.model(emulator, project, name)
        _refuse_deleting(row["deleting"], request.params["name"])
        if emulator.store.one("SELECT 1 FROM versions WHERE project = ? AND model = ?", project, name):
            text = "Cannot delete a model with child resources: delete its versions first."
            raise request_checks.field_error(errors.FailedPrecondition, "name", text)
        emulator.store.run("UPDATE models SET deleting = 1 WHERE project = ? AND name = ?", project, name)
        subject = Subject(project=project, model=name, labels=json.loads(row["body"]).get("labels"))
        number = emulator.operations.begin("DELETE_MODEL", subject, {})
    return Response(body=emulator.operations.start(number))
