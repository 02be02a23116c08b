"""The tables of this API, and its resources as rows and as JSON."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.core import operations
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator

ANSWERING = ("READY", "UPDATING")
"""States of a version that predicts: it does while it is being updated, too."""

# `body` holds what the API stores as the caller gave it, defaults filled in; states and derived fields are columns.
_SCRIPT = """
CREATE TABLE IF NOT EXISTS models (
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL,
    default_version TEXT,
    deleting INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (project, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
    project TEXT NOT NULL,
    model TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    created TEXT NOT NULL,
    folder TEXT NOT NULL,
    PRIMARY KEY (project, model, name),
    FOREIGN KEY (project, model) REFERENCES models (project, name)
) WITHOUT ROWID;
"""


def prepare(emulator: Emulator) -> None:
    """Declares the tables and removes copies of SavedModels that belong to no version. Call it before any request.

    Such a copy is what a process leaves that was killed between copying and committing, or between deleting a version
    and removing its copy.
    """
    emulator.store.declare(operations.TABLES + _SCRIPT)
    folders(emulator).mkdir(exist_ok=True)
    known = {row["folder"] for row in emulator.store.all("SELECT folder FROM versions")}
    for folder in folders(emulator).iterdir():
        if folder.name not in known:
            shutil.rmtree(folder)


def folders(emulator: Emulator) -> Path:
    """The folder of the versions' own copies of their SavedModels, each under a random id."""
    return emulator.data / "models"


def folder_of(emulator: Emulator, row: sqlite3.Row) -> Path:
    """A version's own copy of its SavedModel."""
    return folders(emulator) / str(row["folder"])


def new_etag() -> str:
    """An etag that no resource had before."""
    return base64.b64encode(secrets.token_bytes(9)).decode()


def split(name: str) -> tuple[str, ...]:
    """`projects/P/models/M/versions/V` as (P, M, V)."""
    return tuple(name.split("/")[1::2])


def key_of(row: sqlite3.Row) -> str:
    """A version's full name."""
    return f"projects/{row['project']}/models/{row['model']}/versions/{row['name']}"


def model(emulator: Emulator, project: str, name: str) -> sqlite3.Row:
    """A model's row. Raises `NotFound`."""
    row = emulator.store.one("SELECT * FROM models WHERE project = ? AND name = ?", project, name)
    if row is None:
        raise missing("model", f"projects/{project}/models/{name}")
    return row


def version(emulator: Emulator, project: str, parent: str, name: str) -> sqlite3.Row:
    """A version's row. Raises `NotFound`; where the model is missing, of the model."""
    query = "SELECT * FROM versions WHERE project = ? AND model = ? AND name = ?"
    row = emulator.store.one(query, project, parent, name)
    if row is None:
        model(emulator, project, parent)
        raise missing("version", f"projects/{project}/models/{parent}/versions/{name}")
    return row


def update_version(
    emulator: Emulator,
    ids: tuple[str, str, str],
    *,
    state: str,
    error: str | None = None,
    body: Mapping[str, Any] | None = None,
) -> None:
    """Sets the state of a version, and with a new body also its etag. `ids` are project, model and name."""
    emulator.store.run(
        "UPDATE versions SET state = ?, error = ?, body = coalesce(?, body), etag = coalesce(?, etag)"
        " WHERE project = ? AND model = ? AND name = ?",
        *(state, error, None if body is None else json.dumps(body), None if body is None else new_etag(), *ids),
    )


def missing(noun: str, name: str) -> errors.NotFound:
    """The API's answer where a model or a version is not there."""
    return errors.NotFound(f'Field: name Error: The {noun} resource: "{name}" was not found.')


def model_json(emulator: Emulator, row: sqlite3.Row) -> dict[str, Any]:
    """A model as the API answers it, with the default version whole."""
    answer = {"name": f"projects/{row['project']}/models/{row['name']}", **json.loads(row["body"])}
    if row["default_version"]:
        default = version(emulator, row["project"], row["name"], row["default_version"])
        answer["defaultVersion"] = version_json(emulator, default, is_default=True)
    return {**answer, "etag": row["etag"]}


def version_json(emulator: Emulator, row: sqlite3.Row, *, is_default: bool) -> dict[str, Any]:
    """A version as the API answers it. `lastUseTime` is remembered until the emulator stops.

    `errorMessage` says why a version is FAILED, or why one that is READY has no node to answer now.
    """
    answer = {"name": key_of(row), **json.loads(row["body"])}
    answer.update(createTime=operations.stamp(row["created"]), state=row["state"], etag=row["etag"])
    if is_default:
        answer["isDefault"] = True
    if trouble := row["error"] or emulator.serving.failure(answer["name"]):
        answer["errorMessage"] = trouble
    used = emulator.last_used.get(answer["name"])
    if used:
        answer["lastUseTime"] = operations.stamp(used.isoformat())
    return answer


def is_default(emulator: Emulator, row: sqlite3.Row) -> bool:
    """Whether a version is its model's default."""
    found: bool = model(emulator, row["project"], row["model"])["default_version"] == row["name"]
    return found
