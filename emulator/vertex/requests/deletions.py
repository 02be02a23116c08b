"""Checks before deletions."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta

from emulator.core.store import Store
from emulator.vertex import names, tables
from emulator.vertex.resource_json import deployed_key
from gcp import errors


def refuse_deployed(store: Store, row: sqlite3.Row, version: int | None = None) -> None:
    """Refuses to delete a model or version that is deployed anywhere. Raises `FailedPrecondition`."""
    found = [deployed_key(each) for each in tables.deployments(store, row, version)]
    if found:
        which = tables.model_name(row) + ("" if version is None else f"@{version}")
        raise errors.FailedPrecondition(f"The Model {which} is deployed: undeploy it first from {', '.join(found)}.")


def refuse_needed(store: Store, version: sqlite3.Row, now: datetime, release_seconds: float) -> None:
    """Refuses to delete a version that its model needs, or that is or was just deployed.

    Raises:
        FailedPrecondition: it is the only version, the default one, deployed, or was undeployed less than
            `release_seconds` ago.
    """
    name = tables.version_name(version)
    parent = tables.model(store, name)
    if len(tables.versions(store, parent)) == 1:
        raise errors.FailedPrecondition(f"{name} is the only version of its model: delete the model instead.")
    if names.DEFAULT in tables.aliases(version):
        raise errors.FailedPrecondition(f"{name} is the default version: give the alias to another version first.")
    refuse_deployed(store, parent, version["id"])
    released = version["released"]
    if released and now < datetime.fromisoformat(released) + timedelta(seconds=release_seconds):
        raise errors.FailedPrecondition(f"{name} is still in use by an endpoint that it was undeployed from.")


def refuse_busy(store: Store, name: str) -> None:
    """Refuses to delete an endpoint with models deployed or being deployed. Raises `FailedPrecondition`."""
    query = "SELECT id FROM vertex_deployed_models WHERE project = ? AND location = ? AND endpoint = ?"
    found = [row["id"] for row in store.all(query, *names.place(name), names.last(name))]
    if found:
        raise errors.FailedPrecondition(f"The Endpoint {name} has deployed models: undeploy {', '.join(found)} first.")


def pool_users(store: Store, name: str) -> list[sqlite3.Row]:
    """The rows of the deployed models on a pool, whatever their state."""
    query = "SELECT * FROM vertex_deployed_models WHERE project = ? AND location = ? ORDER BY created, id"
    rows = store.all(query, *names.place(name))
    return [row for row in rows if tables.pool_of(json.loads(row["body"])) == name]


def refuse_used(store: Store, name: str) -> None:
    """Refuses to delete a pool with deployed models. Raises `FailedPrecondition`."""
    if found := pool_users(store, name):
        ids = ", ".join(row["id"] for row in found)
        raise errors.FailedPrecondition(f"{name} has deployed models: undeploy {ids} first.")
