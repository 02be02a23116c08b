"""What the operations of this API do. Each may be run again after a crash, so each takes up what is already done."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from emulator.core import iam_policies
from emulator.core.operations import Finish, Work
from emulator.core.predictions import LoadFailed
from emulator.ml import tables, update_masks
from emulator.ml.version_loader import scale_of
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator

_EMPTY = {"@type": "type.googleapis.com/google.protobuf.Empty"}


@contextmanager
def _bad_models_reported() -> Iterator[None]:
    """Ends the operation with the API's error for a SavedModel that cannot be loaded."""
    try:
        yield
    except LoadFailed as exc:
        raise errors.OperationFailed(f'Bad model detected with error: "{exc}"', code=3) from exc


def _version(emulator: Emulator, operation: sqlite3.Row) -> sqlite3.Row:
    return tables.version(emulator, *_ids(operation))


def _ids(operation: sqlite3.Row) -> tuple[str, str, str]:
    return operation["project"], operation["model"], operation["version"]


def _version_response(emulator: Emulator, operation: sqlite3.Row) -> dict[str, Any]:
    row = _version(emulator, operation)
    answer = tables.version_json(emulator, row, is_default=tables.is_default(emulator, row))
    return {"@type": "type.googleapis.com/google.cloud.ml.v1.Version", **answer}


async def _create_version(emulator: Emulator, operation: sqlite3.Row) -> Finish:
    with _bad_models_reported():
        await emulator.deployments.load(_version(emulator, operation))

    def finish() -> dict[str, Any]:
        tables.update_version(emulator, _ids(operation), state="READY")
        emulator.store.run(
            "UPDATE models SET default_version = ? WHERE project = ? AND name = ? AND default_version IS NULL",
            operation["version"],
            operation["project"],
            operation["model"],
        )
        return _version_response(emulator, operation)

    return finish


def _create_failed(emulator: Emulator, operation: sqlite3.Row, message: str) -> None:
    emulator.deployments.discard(tables.key_of(_version(emulator, operation)))
    tables.update_version(emulator, _ids(operation), state="FAILED", error=message)


async def _update_version(emulator: Emulator, operation: sqlite3.Row) -> Finish:
    body = json.loads(operation["request"])["body"]
    row = _version(emulator, operation)
    key = tables.key_of(row)
    await emulator.deployments.ready(row)
    if scale_of(body) != scale_of(json.loads(row["body"])):
        with _bad_models_reported():
            await emulator.serving.scale(key, nodes=scale_of(body))

    def finish() -> dict[str, Any]:
        tables.update_version(emulator, _ids(operation), state="READY", body=body)
        return _version_response(emulator, operation)

    return finish


def _update_failed(emulator: Emulator, operation: sqlite3.Row, _message: str) -> None:
    tables.update_version(emulator, _ids(operation), state="READY")


async def _delete_version(emulator: Emulator, operation: sqlite3.Row) -> Finish:
    row = _version(emulator, operation)
    await emulator.deployments.unload(tables.key_of(row))
    await emulator.remove_folder(tables.folder_of(emulator, row))

    def finish() -> dict[str, Any]:
        project, model, name = _ids(operation)
        emulator.store.run("DELETE FROM versions WHERE project = ? AND model = ? AND name = ?", project, model, name)
        emulator.store.run(
            "UPDATE models SET default_version = NULL WHERE project = ? AND name = ? AND default_version = ?",
            project,
            model,
            name,
        )
        emulator.last_used.pop(tables.key_of(row), None)
        return _EMPTY

    return finish


def _delete_failed(emulator: Emulator, operation: sqlite3.Row, message: str) -> None:
    _create_failed(emulator, operation, message)


async def _update_model(emulator: Emulator, operation: sqlite3.Row) -> Finish:
    change = json.loads(operation["request"])
    project, name = operation["project"], operation["model"]

    def finish() -> dict[str, Any]:
        row = tables.model(emulator, project, name)
        body = update_masks.applied(json.loads(row["body"]), change["body"], change["mask"])
        default = change["default"] or row["default_version"]
        if change["default"] and tables.version(emulator, project, name, default)["state"] != "READY":
            raise errors.FailedPrecondition(f"The version {default} is no longer READY.")
        emulator.store.run(
            "UPDATE models SET body = ?, default_version = ?, etag = ? WHERE project = ? AND name = ?",
            json.dumps(body),
            default,
            tables.new_etag(),
            project,
            name,
        )
        answer = tables.model_json(emulator, tables.model(emulator, project, name))
        return {"@type": "type.googleapis.com/google.cloud.ml.v1.Model", **answer}

    return finish


async def _delete_model(emulator: Emulator, operation: sqlite3.Row) -> Finish:
    def finish() -> dict[str, Any]:
        ids = operation["project"], operation["model"]
        emulator.store.run("DELETE FROM models WHERE project = ? AND name = ?", *ids)
        iam_policies.forget(emulator.store, "projects/{}/models/{}".format(*ids))
        return _EMPTY

    return finish


def _delete_model_failed(emulator: Emulator, operation: sqlite3.Row, _message: str) -> None:
    ids = operation["project"], operation["model"]
    emulator.store.run("UPDATE models SET deleting = 0 WHERE project = ? AND name = ?", *ids)


def _nothing(_emulator: Emulator, _operation: sqlite3.Row, _message: str) -> None:
    """A model that was not changed needs nothing put back."""


WORKS = {
    "CREATE_VERSION": Work(run=_create_version, fail=_create_failed, cancellable=True),
    "UPDATE_VERSION": Work(run=_update_version, fail=_update_failed),
    "DELETE_VERSION": Work(run=_delete_version, fail=_delete_failed),
    "UPDATE_MODEL": Work(run=_update_model, fail=_nothing),
    "DELETE_MODEL": Work(run=_delete_model, fail=_delete_model_failed),
}
