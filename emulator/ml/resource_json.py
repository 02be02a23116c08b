"""Models, versions, jobs and operations as the API answers them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from emulator.core.google_names import project_number
from emulator.core.rfc3339 import stamp
from emulator.core.store import Store
from emulator.hosting.interfaces import JobQueue
from emulator.ml import tables


class ResourceView:
    """Models and versions as the API answers them.

    Args:
        store: the database.
        failure: full name of a version -> why it has no node, see `Nodes.failure`.
        last_used: full name of a version -> when it last answered a prediction; forgotten when the process ends.
    """

    def __init__(self, store: Store, failure: Callable[[str], str], last_used: Mapping[str, datetime]) -> None:
        self._store, self._failure, self._last_used = store, failure, last_used

    def model(self, row: sqlite3.Row) -> dict[str, Any]:
        """A model, with the whole default version."""
        answer = {"name": f"projects/{row['project']}/models/{row['name']}", **json.loads(row["body"])}
        if row["default_version"]:
            default = tables.version(self._store, row["project"], row["name"], row["default_version"])
            answer["defaultVersion"] = self.version(default, is_default=True)
        return {**answer, "etag": row["etag"]}

    def version(self, row: sqlite3.Row, *, is_default: bool | None = None) -> dict[str, Any]:
        """A version.

        `errorMessage` says why a version is FAILED, or why one that is READY has no node now.

        Args:
            row: of the version.
            is_default: whether it is its model's default; looked up by default.
        """
        answer = {"name": tables.key_of(row), **json.loads(row["body"])}
        answer.update(createTime=stamp(row["created"]), state=row["state"], etag=row["etag"])
        if tables.is_default(self._store, row) if is_default is None else is_default:
            answer["isDefault"] = True
        if trouble := row["error"] or self._failure(answer["name"]):
            answer["errorMessage"] = trouble
        used = self._last_used.get(answer["name"])
        if used:
            answer["lastUseTime"] = stamp(used.isoformat())
        return answer


def job_json(row: sqlite3.Row, queue: JobQueue) -> dict[str, Any]:
    """A job. Its counts are those of the shards that are whole."""
    answer = {"jobId": row["id"], **json.loads(row["body"])}
    answer.update(createTime=stamp(row["created"]), state=row["state"], etag=row["etag"])
    for name in ("started", "ended"):
        if row[name]:
            answer[f"{name.removesuffix('ed')}Time"] = stamp(row[name])
    if row["error"]:
        answer["errorMessage"] = row["error"]
    if row["state"] == "QUEUED":
        answer["jobPosition"] = str(queue.position(row["number"]))
    counts = queue.counts(row["number"])
    answer["predictionOutput"] = {
        "outputPath": answer["predictionInput"]["outputPath"],
        "predictionCount": str(counts.predictions),
        "errorCount": str(counts.refused),
        "nodeHours": round(counts.seconds / 3600, 6),
    }
    return answer


def operation_json(row: sqlite3.Row) -> dict[str, Any]:
    """An operation. It starts the moment it is created."""
    project, subject = row["project"], json.loads(row["subject"])
    metadata: dict[str, Any] = {
        "@type": "type.googleapis.com/google.cloud.ml.v1.OperationMetadata",
        "createTime": stamp(row["created"]),
        "startTime": stamp(row["created"]),
        "operationType": row["type"],
        "modelName": f"projects/{project}/models/{subject['model']}",
        "projectNumber": project_number(project),
    }
    for name, key in (("resource", "version"), ("labels", "labels")):
        if subject[name]:
            metadata[key] = subject[name]
    if row["ended"]:
        metadata["endTime"] = stamp(row["ended"])
    if row["cancelled"]:
        metadata["isCancellationRequested"] = True
    answer: dict[str, Any] = {"name": f"projects/{project}/operations/{row['id']}", "metadata": metadata}
    if row["result"]:
        answer.update(done=True, **json.loads(row["result"]))
    return answer
