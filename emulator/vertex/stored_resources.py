"""Resources that are only a stored body: resource pools, monitoring jobs, records of migrations."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from emulator.core.store import Store
from emulator.vertex import names
from emulator.vertex.names import Place
from gcp import errors

POOLS, MONITORS = "deploymentResourcePools", "modelDeploymentMonitoringJobs"
"""Collections: the part of a name before the id."""
_NOUNS = {POOLS: "DeploymentResourcePool", MONITORS: "ModelDeploymentMonitoringJob"}

SCRIPT = """
CREATE TABLE IF NOT EXISTS vertex_resources (
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    PRIMARY KEY (project, location, collection, id)
) WITHOUT ROWID;
"""


def name_of(row: sqlite3.Row) -> str:
    """The full name of a resource, from its row."""
    return f"{Place(row['project'], row['location']).name}/{row['collection']}/{row['id']}"


def migration_name(place: Place, version: str) -> str:
    """Name of the record that a version of another API was migrated. No method of the API returns it."""
    return f"{place.name}/migrations/{version.replace('/', '~')}"


def find(store: Store, name: str) -> sqlite3.Row | None:
    """The row of a resource, or None."""
    query = "SELECT * FROM vertex_resources WHERE project = ? AND location = ? AND collection = ? AND id = ?"
    return store.one(query, *names.place(name), *names.child(name))


def read(store: Store, name: str) -> sqlite3.Row:
    """The row of a resource. Raises `NotFound`."""
    row = find(store, name)
    if row is None:
        raise errors.NotFound(f"The {_NOUNS.get(names.child(name)[0], 'resource')} does not exist: {name}")
    return row


def body_of(row: sqlite3.Row) -> dict[str, Any]:
    """The body of a resource."""
    found: dict[str, Any] = json.loads(row["body"])
    return found


def under(store: Store, place: Place, collection: str) -> list[sqlite3.Row]:
    """The rows of a collection of a location, the latest first."""
    query = (
        "SELECT * FROM vertex_resources WHERE project = ? AND location = ? AND collection = ? ORDER BY created DESC, id"
    )
    return store.all(query, *place, collection)


def add(store: Store, name: str, body: Mapping[str, Any], now: str) -> None:
    """Writes a new resource. Raises `AlreadyExists`."""
    if find(store, name):
        raise errors.AlreadyExists(f"{name} already exists.")
    statement = "INSERT INTO vertex_resources VALUES (?, ?, ?, ?, ?, ?, ?)"
    store.run(statement, *names.place(name), *names.child(name), json.dumps(body), now, now)


def change(store: Store, name: str, body: Mapping[str, Any], now: str) -> None:
    """Writes the body of a resource."""
    store.run(
        "UPDATE vertex_resources SET body = ?, updated = ?"
        " WHERE project = ? AND location = ? AND collection = ? AND id = ?",
        *(json.dumps(body), now, *names.place(name), *names.child(name)),
    )


def remove(store: Store, name: str) -> None:
    """Deletes a resource."""
    statement = "DELETE FROM vertex_resources WHERE project = ? AND location = ? AND collection = ? AND id = ?"
    store.run(statement, *names.place(name), *names.child(name))
