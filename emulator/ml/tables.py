"""The tables of this API, and its resources as rows."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.core.store import Store
from gcp import errors

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


def prepare(store: Store, folder: Path) -> None:
    """Declares the tables, and removes copies of SavedModels that belong to no version. Call it before any request.

    Such a copy is left by a process that was killed between copying and committing, or between deleting a version and
    removing its copy.

    Args:
        store: the database.
        folder: holds the versions' own copies of their SavedModels, each under a random id.
    """
    store.declare(_SCRIPT)
    folder.mkdir(exist_ok=True)
    known = {row["folder"] for row in store.all("SELECT folder FROM versions")}
    for copy in folder.iterdir():
        if copy.name not in known:
            shutil.rmtree(copy)


def new_etag() -> str:
    """An etag that no resource had before."""
    return base64.b64encode(secrets.token_bytes(9)).decode()


def split(name: str) -> tuple[str, ...]:
    """`projects/P/models/M/versions/V` as (P, M, V)."""
    return tuple(name.split("/")[1::2])


def key_of(row: sqlite3.Row) -> str:
    """A version's full name."""
    return f"projects/{row['project']}/models/{row['model']}/versions/{row['name']}"


def model(store: Store, project: str, name: str) -> sqlite3.Row:
    """A model's row. Raises `NotFound`."""
    row = store.one("SELECT * FROM models WHERE project = ? AND name = ?", project, name)
    if row is None:
        raise missing("model", f"projects/{project}/models/{name}")
    return row


def version(store: Store, project: str, parent: str, name: str) -> sqlite3.Row:
    """A version's row. Raises `NotFound`; where the model is missing, of the model."""
    query = "SELECT * FROM versions WHERE project = ? AND model = ? AND name = ?"
    row = store.one(query, project, parent, name)
    if row is None:
        model(store, project, parent)
        raise missing("version", f"projects/{project}/models/{parent}/versions/{name}")
    return row


def job(store: Store, name: str) -> sqlite3.Row:
    """The row of `projects/P/jobs/J`. Raises `NotFound`."""
    row = store.one("SELECT * FROM jobs WHERE project = ? AND id = ?", *split(name))
    if row is None:
        raise missing("job", name)
    return row


def update_version(
    store: Store,
    ids: tuple[str, str, str],
    *,
    state: str,
    error: str | None = None,
    body: Mapping[str, Any] | None = None,
) -> None:
    """Sets the state of a version, and with a new body also its etag. `ids` are project, model and name."""
    store.run(
        "UPDATE versions SET state = ?, error = ?, body = coalesce(?, body), etag = coalesce(?, etag)"
        " WHERE project = ? AND model = ? AND name = ?",
        *(state, error, None if body is None else json.dumps(body), None if body is None else new_etag(), *ids),
    )


def missing(noun: str, name: str) -> errors.NotFound:
    """The API's answer where a model or a version is not there."""
    return errors.NotFound(f'Field: name Error: The {noun} resource: "{name}" was not found.')


def is_default(store: Store, row: sqlite3.Row) -> bool:
    """Whether a version is its model's default."""
    found: bool = model(store, row["project"], row["model"])["default_version"] == row["name"]
    return found
