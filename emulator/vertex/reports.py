"""This API's part of `/-/status`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from emulator.core.calls.admission import Quota
from emulator.core.store import Store
from emulator.vertex import tables
from emulator.vertex.resource_json import deployed_key


class Reports:
    """Builds this API's part of the status.

    Args:
        store: the database.
        nodes: full name of a deployed model -> how many nodes take requests.
        failure: full name of a deployed model -> why it has no node.
        quota: counts of calls and operations.
    """

    def __init__(self, store: Store, nodes: Callable[[str], int], failure: Callable[[str], str], quota: Quota) -> None:
        self._store, self._nodes, self._failure, self._quota = store, nodes, failure, quota

    def status(self) -> dict[str, Any]:
        """Every endpoint with its deployed models and their shares, and the quota's counts."""
        rows = self._store.all("SELECT * FROM vertex_endpoints ORDER BY project, location, id")
        models = self._store.one("SELECT count(*) AS n FROM vertex_models")
        return {
            "registryModels": models["n"] if models else 0,
            "endpoints": [self._endpoint(row) for row in rows],
            "aiplatformQuota": self._quota.to_json(),
        }

    def _endpoint(self, row: sqlite3.Row) -> dict[str, Any]:
        split = json.loads(row["split"])
        query = "SELECT * FROM vertex_deployed_models WHERE project = ? AND location = ? AND endpoint = ?"
        deployed = self._store.all(f"{query} ORDER BY created, id", row["project"], row["location"], row["id"])
        return {
            "name": tables.endpoint_name(row),
            "displayName": json.loads(row["body"])["displayName"],
            "deployedModels": [self._deployed(each, split.get(each["id"], 0)) for each in deployed],
        }

    def _deployed(self, row: sqlite3.Row, share: int) -> dict[str, Any]:
        key = deployed_key(row)
        trouble = row["error"] or self._failure(key)
        return {
            "name": key,
            "id": row["id"],
            "version": tables.deployed_model_name(row),
            "state": row["state"],
            "trafficPercent": share,
            "createTime": row["created"],
            "nodes": self._nodes(key),
            **({"errorMessage": trouble} if trouble else {}),
        }
