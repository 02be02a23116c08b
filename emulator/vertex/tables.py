"""The tables of models, their versions, endpoints and deployed models, and their rows."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emulator.core.store import Store
from emulator.vertex import names, stored_resources
from emulator.vertex.names import Place
from gcp import errors

DEPLOYING, SERVING, LEAVING = "DEPLOYING", "SERVING", "LEAVING"
"""States of a deployed model. It is not listed while DEPLOYING, and still serves while UNDEPLOYING."""

# `body` holds what the caller sent. `next` is the id of the next version: ids are never reused.
# `split` is what the API returns; until `split_from`, requests are still routed by `prior_split`.
_SCRIPT = """
CREATE TABLE IF NOT EXISTS vertex_models (
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL,
    next INTEGER NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    PRIMARY KEY (project, location, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vertex_versions (
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    model TEXT NOT NULL,
    id INTEGER NOT NULL,
    body TEXT NOT NULL,
    aliases TEXT NOT NULL,
    folder TEXT NOT NULL,
    deleting INTEGER NOT NULL DEFAULT 0,
    released TEXT,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    PRIMARY KEY (project, location, model, id),
    FOREIGN KEY (project, location, model) REFERENCES vertex_models (project, location, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vertex_endpoints (
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL,
    split TEXT NOT NULL DEFAULT '{}',
    prior_split TEXT NOT NULL DEFAULT '{}',
    split_from TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    PRIMARY KEY (project, location, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vertex_deployed_models (
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    id TEXT NOT NULL,
    model_project TEXT NOT NULL,
    model_location TEXT NOT NULL,
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    PRIMARY KEY (project, location, endpoint, id),
    FOREIGN KEY (project, location, endpoint) REFERENCES vertex_endpoints (project, location, id)
) WITHOUT ROWID;
"""


def prepare(store: Store, folder: Path) -> None:
    """Declares the tables, and removes copies of artifacts that belong to no version. Call it before any request.

    Such a copy is left by a process that was killed between copying and committing, or between deleting a version and
    removing its copy.

    Args:
        store: the database.
        folder: holds the versions' own copies of their artifacts, each under a random id.
    """
    store.declare(_SCRIPT + stored_resources.SCRIPT)
    folder.mkdir(exist_ok=True)
    known = {row["folder"] for row in store.all("SELECT folder FROM vertex_versions")}
    for copy in folder.iterdir():
        if copy.name not in known:
            shutil.rmtree(copy)


def new_etag() -> str:
    """An etag that no resource had before."""
    return secrets.token_hex(8)


def model_name(row: sqlite3.Row) -> str:
    """A model's full name, from its row."""
    return f"{Place(row['project'], row['location']).name}/models/{row['id']}"


def version_name(row: sqlite3.Row) -> str:
    """A version's full name, from its row: the model's name, `@` and its id."""
    return f"{Place(row['project'], row['location']).name}/models/{row['model']}@{row['id']}"


def endpoint_name(row: sqlite3.Row) -> str:
    """An endpoint's full name, from its row."""
    return f"{Place(row['project'], row['location']).name}/endpoints/{row['id']}"


def model(store: Store, name: str) -> sqlite3.Row:
    """The row of the model with this name; a version after an `@` is ignored. Raises `NotFound`."""
    at, id_ = names.place(name), names.split_version(names.last(name))[0]
    query = "SELECT * FROM vertex_models WHERE project = ? AND location = ? AND id = ?"
    row = store.one(query, *at, id_)
    if row is None:
        raise errors.NotFound(f"The Model does not exist: {name}")
    return row


def versions(store: Store, parent: sqlite3.Row) -> list[sqlite3.Row]:
    """The versions of a model, the first one first."""
    query = "SELECT * FROM vertex_versions WHERE project = ? AND location = ? AND model = ? ORDER BY id"
    return store.all(query, parent["project"], parent["location"], parent["id"])


def version_etag(parent: sqlite3.Row, row: sqlite3.Row) -> str:
    """The etag of a version: it changes with the version and with its model."""
    own = hashlib.sha256(f"{row['id']}/{row['updated']}".encode()).hexdigest()[:8]
    return f"{parent['etag']}{own}"


def aliases(row: sqlite3.Row) -> list[str]:
    """The aliases of a version."""
    found: list[str] = json.loads(row["aliases"])
    return found


def version(store: Store, name: str) -> sqlite3.Row:
    """The row of the version with this name: an id or alias, or else the default version. Raises `NotFound`."""
    wanted = names.split_version(names.last(name))[1] or names.DEFAULT
    for row in versions(store, model(store, name)):
        if wanted in (str(row["id"]), *aliases(row)):
            return row
    raise errors.NotFound(f"The Model version does not exist: {name}")


def endpoint(store: Store, name: str) -> sqlite3.Row:
    """The row of an endpoint. Raises `NotFound`."""
    query = "SELECT * FROM vertex_endpoints WHERE project = ? AND location = ? AND id = ?"
    row = store.one(query, *names.place(name), names.last(name))
    if row is None:
        raise errors.NotFound(f"The Endpoint does not exist: {name}")
    return row


def deployed_models(store: Store, parent: sqlite3.Row) -> list[sqlite3.Row]:
    """The serving deployed models of an endpoint, oldest first, including those being undeployed."""
    query = (
        "SELECT * FROM vertex_deployed_models WHERE project = ? AND location = ? AND endpoint = ? AND state != ?"
        " ORDER BY created, id"
    )
    return store.all(query, parent["project"], parent["location"], parent["id"], DEPLOYING)


def deployments(store: Store, of: sqlite3.Row, version_id: int | None = None) -> list[sqlite3.Row]:
    """Where a model, or a version of it, is deployed or being deployed, in any location."""
    query = "SELECT * FROM vertex_deployed_models WHERE model_project = ? AND model_location = ? AND model = ?"
    rows = store.all(query, of["project"], of["location"], of["id"])
    return [row for row in rows if version_id in (None, row["version"])]


def add_model(store: Store, place: Place, id_: str, body: Mapping[str, Any], now: str) -> None:
    """Writes a new model. The caller adds its first version in the same transaction."""
    statement = "INSERT INTO vertex_models VALUES (?, ?, ?, ?, ?, 1, ?, ?)"
    store.run(statement, *place, id_, json.dumps(body), new_etag(), now, now)


def add_version(
    store: Store, parent: sqlite3.Row, body: Mapping[str, Any], folder: str, own: Sequence[str], now: str
) -> None:
    """Writes the next version of a model, with the aliases `own`, which no other version has."""
    key = (parent["project"], parent["location"], parent["id"])
    store.run(
        "INSERT INTO vertex_versions (project, location, model, id, body, aliases, folder, created, updated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(*key, parent["next"], json.dumps(body), json.dumps(own), folder, now, now),
    )
    store.run("UPDATE vertex_models SET next = next + 1 WHERE project = ? AND location = ? AND id = ?", *key)


def touch_model(store: Store, row: sqlite3.Row, now: str, body: str | None = None) -> None:
    """Updates the time of a model's last change; a new body also gets a new etag."""
    store.run(
        "UPDATE vertex_models SET etag = coalesce(?, etag), updated = ?, body = coalesce(?, body)"
        " WHERE project = ? AND location = ? AND id = ?",
        *(None if body is None else new_etag(), now, body, row["project"], row["location"], row["id"]),
    )


def model_of(store: Store, row: sqlite3.Row) -> sqlite3.Row:
    """The row of the model of a version."""
    return model(store, version_name(row))


def deployed_model_name(row: sqlite3.Row) -> str:
    """The full name of the version that a deployed model runs."""
    place = Place(row["model_project"], row["model_location"])
    return f"{place.name}/models/{row['model']}@{row['version']}"


def pool_of(body: Mapping[str, Any]) -> str:
    """The full name, with the project's number, of a deployed model's pool; empty if it has its own machines."""
    given: str = body.get("sharedResources", "")
    return names.numbered(given) if given else ""


def deployed_ids(store: Store, parent: sqlite3.Row, *, all_states: bool = False) -> list[str]:
    """The ids of an endpoint's serving deployed models; with `all_states` also of those being deployed."""
    query = "SELECT id, state FROM vertex_deployed_models WHERE project = ? AND location = ? AND endpoint = ?"
    rows = store.all(query, parent["project"], parent["location"], parent["id"])
    return [row["id"] for row in rows if all_states or row["state"] != DEPLOYING]


def deployed_model(store: Store, endpoint_: str, id_: str) -> sqlite3.Row:
    """The row of a deployed model, whatever its state. Raises `NotFound`."""
    query = "SELECT * FROM vertex_deployed_models WHERE project = ? AND location = ? AND endpoint = ? AND id = ?"
    row = store.one(query, *names.place(endpoint_), names.last(endpoint_), id_)
    if row is None:
        raise errors.NotFound(f"The Endpoint {endpoint_} has no deployed model {id_!r}.")
    return row


def add_deployed_model(
    store: Store, parent: sqlite3.Row, of: sqlite3.Row, id_: str, body: Mapping[str, Any], now: str
) -> None:
    """Writes a deployed model of a version in the state DEPLOYING."""
    store.run(
        "INSERT INTO vertex_deployed_models (project, location, endpoint, id, model_project, model_location, model,"
        " version, body, state, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(parent["project"], parent["location"], parent["id"], id_),
        *(of["project"], of["location"], of["model"], of["id"], json.dumps(body), DEPLOYING, now, now),
    )


def set_state(store: Store, row: sqlite3.Row, state: str, now: str, body: str | None = None) -> None:
    """Sets the state of a deployed model, the time of the change and, if given, a new body."""
    store.run(
        "UPDATE vertex_deployed_models SET state = ?, updated = ?, body = coalesce(?, body)"
        " WHERE project = ? AND location = ? AND endpoint = ? AND id = ?",
        *(state, now, body, row["project"], row["location"], row["endpoint"], row["id"]),
    )


def remove_deployed_model(store: Store, row: sqlite3.Row, released: str | None = None) -> None:
    """Removes a deployed model; `released` is when its version was undeployed, if it ever served."""
    store.run(
        "DELETE FROM vertex_deployed_models WHERE project = ? AND location = ? AND endpoint = ? AND id = ?",
        *(row["project"], row["location"], row["endpoint"], row["id"]),
    )
    store.run(
        "UPDATE vertex_versions SET released = coalesce(?, released)"
        " WHERE project = ? AND location = ? AND model = ? AND id = ?",
        *(released, row["model_project"], row["model_location"], row["model"], row["version"]),
    )
