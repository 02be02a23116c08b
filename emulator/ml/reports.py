"""What `/-/` shows of this API, beside its methods: its part of the status, versions with manifests, the latest jobs.

These are not API methods, so the console's reads are not in the list of calls, use no quota and get no injected faults.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson

from emulator.core.calls.admission import Quota
from emulator.core.store import Store
from emulator.hosting.interfaces import JobQueue, Nodes
from emulator.ml import tables
from emulator.ml.operation_subjects import API
from emulator.ml.request_log import RequestLog
from emulator.ml.resource_json import ResourceView, job_json
from emulator.ml.version_loader import scale_of
from gcp import errors

MOST_JOBS = 20
MOST_MANIFEST_BYTES = 16 * 1024 * 1024
_MANIFEST = "manifest.json"
_NAME = re.compile(r"projects/[^/]+/models/[^/]+/versions/[^/]+")


class Reports:
    """Reads what is shown.

    Args:
        store: the database.
        view: writes versions.
        nodes: the nodes of versions.
        queue: runs the jobs.
        quota: what was counted.
        requests: the log of predictions.
        folder: holds the versions' own copies of their SavedModels.
    """

    def __init__(
        self,
        store: Store,
        view: ResourceView,
        nodes: Nodes,
        queue: JobQueue,
        quota: Quota,
        requests: RequestLog,
        folder: Path,
    ) -> None:
        self._store, self._view, self._nodes = store, view, nodes
        self._queue, self._quota, self._requests, self._folder = queue, quota, requests, folder

    def status(self) -> dict[str, Any]:
        """Every version with its state and nodes, and what was counted."""
        rows = self._store.all("SELECT * FROM versions ORDER BY project, model, name")
        models = self._store.one("SELECT count(*) AS n FROM models")
        return {
            "models": models["n"] if models else 0,
            "versions": [self._version(row) for row in rows],
            "quota": self._quota.to_json(),
            "droppedRequestLogRows": self._requests.dropped,
        }

    def _version(self, row: sqlite3.Row) -> dict[str, Any]:
        """How many nodes a version has and may have, and why it has none if it should have some."""
        key, scale = tables.key_of(row), scale_of(json.loads(row["body"]))
        trouble = row["error"] or self._nodes.failure(key)
        return {
            "name": key,
            "state": row["state"],
            "isDefault": tables.is_default(self._store, row),
            "createTime": row["created"],
            "nodes": self._nodes.nodes(key),
            "minNodes": scale.least,
            "maxNodes": scale.most,
            **({"errorMessage": trouble} if trouble else {}),
        }

    async def version(self, quoted_name: str) -> dict[str, Any]:
        """A version as the API answers it, with the manifest of its artifact.

        The manifest is read from the version's own copy of its SavedModel: it describes what serves, even if the bucket
        has changed. It is None if it does not exist, is larger than `MOST_MANIFEST_BYTES` or is not a JSON object.

        Args:
            quoted_name: `projects/P/models/M/versions/V`, percent-encoded.

        Raises:
            errors.NotFound: there is no such version.
        """
        name = unquote(quoted_name)
        if not _NAME.fullmatch(name):
            raise errors.NotFound("expected /-/versions/projects/P/models/M/versions/V")
        row = tables.version(self._store, *tables.split(name))
        manifest = await asyncio.to_thread(_manifest, self._folder / row["folder"] / _MANIFEST)
        return {"version": self._view.version(row), "manifest": manifest}

    async def jobs(self, _rest: str) -> dict[str, Any]:
        """The latest `MOST_JOBS` jobs of all projects as the API answers them, newest first, with their full names."""
        rows = self._store.all("SELECT * FROM jobs WHERE api = ? ORDER BY number DESC LIMIT ?", API, MOST_JOBS)
        found = [{"name": f"projects/{row['project']}/jobs/{row['id']}", **job_json(row, self._queue)} for row in rows]
        return {"jobs": found}


def _manifest(file: Path) -> dict[str, Any] | None:
    try:
        if file.stat().st_size > MOST_MANIFEST_BYTES:
            return None
        found = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
