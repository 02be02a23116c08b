"""`ml.projects.models.versions.*`. Not emulated: containers, custom routines, frameworks but TensorFlow."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from emulator.core import disk_errors
from emulator.core.operations import Subject
from emulator.ml import list_pages, request_checks, saved_model_copies, tables, update_masks
from emulator.rest.request import Request, Response
from gcp import errors
from resources.ml import rules

if TYPE_CHECKING:
    from emulator.app import Emulator

_STILL = ("READY", "FAILED")
"""States of a version that no operation is at work on."""


async def projects_models_versions_create(emulator: Emulator, request: Request) -> Response:
    """Copies the SavedModel and loads it; an operation, whose response is the version.

    What is wrong with the request or the files is answered at once, and leaves no version behind. A SavedModel that
    cannot be loaded fails the operation, and leaves a FAILED version.
    """
    if emulator.settings.sunset:
        raise errors.Sunset
    project, model = tables.split(request.params["parent"])
    name = request.body.get("name", "")
    _require_free(emulator, project, model, name)
    body = request_checks.version_body(project, model, request.body)
    folder = await saved_model_copies.copy(emulator, body["deploymentUri"], mls1=rules.is_mls1(body))
    try:
        with emulator.store.transaction():
            _require_free(emulator, project, model, name)
            emulator.quota.operation(emulator)
            emulator.store.run(
                "INSERT INTO versions (project, model, name, body, etag, state, created, folder)"
                " VALUES (?, ?, ?, ?, ?, 'CREATING', ?, ?)",
                *(project, model, name, json.dumps(body), tables.new_etag(), emulator.now().isoformat(), folder),
            )
            number = _begin(emulator, "CREATE_VERSION", tables.version(emulator, project, model, name), {})
    except (errors.ApiError, *disk_errors.FAILURES):
        await emulator.remove_folder(tables.folders(emulator) / folder)
        raise
    return Response(body=emulator.operations.start(number))


def _require_free(emulator: Emulator, project: str, model: str, name: str) -> None:
    if tables.model(emulator, project, model)["deleting"]:
        text = f"The model {model} is being deleted."
        raise request_checks.field_error(errors.FailedPrecondition, "parent", text)
    query = "SELECT 1 FROM versions WHERE project = ? AND model = ? AND name = ?"
    if emulator.store.one(query, project, model, name):
        text = "A version with the same name already exists."
        raise request_checks.field_error(errors.AlreadyExists, "version.name", text)


def _begin(emulator: Emulator, kind: str, row: sqlite3.Row, request: dict[str, Any]) -> int:
    resource = _json(emulator, row)
    subject = Subject(
        project=row["project"],
        model=row["model"],
        version=row["name"],
        resource=resource,
        labels=resource.get("labels"),
    )
    return emulator.operations.begin(kind, subject, request)


def _json(emulator: Emulator, row: sqlite3.Row) -> dict[str, Any]:
    return tables.version_json(emulator, row, is_default=tables.is_default(emulator, row))


async def projects_models_versions_get(emulator: Emulator, request: Request) -> Response:
    """A version."""
    row = tables.version(emulator, *tables.split(request.params["name"]))
    return Response(body=_json(emulator, row))


async def projects_models_versions_list(emulator: Emulator, request: Request) -> Response:
    """The versions of a model by name, FAILED ones too; see `listing` for filters and pages."""
    parent = tables.model(emulator, *tables.split(request.params["parent"]))
    query = "SELECT * FROM versions WHERE project = ? AND model = ? ORDER BY name"
    rows = emulator.store.all(query, parent["project"], parent["name"])
    default = parent["default_version"]
    items = (tables.version_json(emulator, row, is_default=row["name"] == default) for row in rows)
    return Response(body=list_pages.page("versions", request, items))


async def projects_models_versions_patch(emulator: Emulator, request: Request) -> Response:
    """Changes description, labels, scaling or request logging; an operation, whose response is the version."""
    project, model, name = tables.split(request.params["name"])
    with emulator.store.transaction():
        row = tables.version(emulator, project, model, name)
        current = json.loads(row["body"])
        mask = update_masks.of_version(request.params.get("updateMask"), current)
        update_masks.check_etag(row, request.body)
        _require_state(row, ("READY",), "updated")
        body = update_masks.applied(current, request.body, mask)
        request_checks.check_version(project, model, {"name": name, **body})
        tables.update_version(emulator, (project, model, name), state="UPDATING")
        number = _begin(emulator, "UPDATE_VERSION", row, {"body": body})
    return Response(body=emulator.operations.start(number))


def _require_state(row: sqlite3.Row, wanted: Collection[str], done: str) -> None:
    if row["state"] not in wanted:
        text = f"The version {tables.key_of(row)} is {row['state']} and cannot be {done}."
        raise request_checks.field_error(errors.FailedPrecondition, "name", text)


async def projects_models_versions_delete(emulator: Emulator, request: Request) -> Response:
    """Deletes a version that is not the default, or is the last one; an operation."""
    project, model, name = tables.split(request.params["name"])
    with emulator.store.transaction():
        row = tables.version(emulator, project, model, name)
        _require_state(row, _STILL, "deleted")
        if tables.is_default(emulator, row) and _siblings(emulator, row):
            text = f"Cannot delete the default version {name}: make another version the default first."
            raise request_checks.field_error(errors.FailedPrecondition, "name", text)
        emulator.quota.operation(emulator)
        tables.update_version(emulator, (project, model, name), state="DELETING", error=row["error"])
        number = _begin(emulator, "DELETE_VERSION", row, {})
    return Response(body=emulator.operations.start(number))


def _siblings(emulator: Emulator, row: sqlite3.Row) -> bool:
    query = "SELECT 1 FROM versions WHERE project = ? AND model = ? AND name != ? LIMIT 1"
    return emulator.store.one(query, row["project"], row["model"], row["name"]) is not None


async def projects_models_versions_set_default(emulator: Emulator, request: Request) -> Response:
    """Makes a READY version the one that answers for the model. Answers the version."""
    project, model, name = tables.split(request.params["name"])
    with emulator.store.transaction():
        row = tables.version(emulator, project, model, name)
        _require_state(row, ("READY",), "made the default")
        emulator.store.run(
            "UPDATE models SET default_version = ?, etag = ? WHERE project = ? AND name = ?",
            *(name, tables.new_etag(), project, model),
        )
    return Response(body=_json(emulator, row))
