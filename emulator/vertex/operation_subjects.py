"""The operations of this API: their resources, and their JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulator.core.operations import NewOperation
from emulator.core.rfc3339 import exact
from emulator.vertex import methods, names
from emulator.vertex.names import Place

_DELETE = "DeleteOperationMetadata"
_METADATA = {
    "UPLOAD_MODEL": "UploadModelOperationMetadata",
    "COPY_MODEL": "CopyModelOperationMetadata",
    "DELETE_MODEL": _DELETE,
    "DELETE_MODEL_VERSION": _DELETE,
    "CREATE_ENDPOINT": "CreateEndpointOperationMetadata",
    "UPDATE_ENDPOINT": "UpdateEndpointOperationMetadata",
    "DELETE_ENDPOINT": _DELETE,
    "DEPLOY_MODEL": "DeployModelOperationMetadata",
    "UNDEPLOY_MODEL": "UndeployModelOperationMetadata",
    "CREATE_POOL": "CreateDeploymentResourcePoolOperationMetadata",
    "UPDATE_POOL": "UpdateDeploymentResourcePoolOperationMetadata",
    "DELETE_POOL": _DELETE,
    "UPDATE_MONITOR": "UpdateModelDeploymentMonitoringJobOperationMetadata",
    "DELETE_MONITOR": _DELETE,
    "DELETE_JOB": _DELETE,
    "BATCH_MIGRATE": "BatchMigrateResourcesOperationMetadata",
    "MUTATE_DEPLOYED_MODEL": "MutateDeployedModelOperationMetadata",
}
"""Type of an operation -> the message of its metadata."""

EMPTY = {"@type": "type.googleapis.com/google.protobuf.Empty"}


def new(
    type_: str, resource: str, version: str, request: Mapping[str, Any], *, parent: str | None = None
) -> NewOperation:
    """An operation to begin.

    Args:
        type_: key of the operation's work.
        resource: full name of its resource.
        version: the version of the API that was called; its messages have the types of this version.
        request: the input of its work.
        parent: prefix of the operation's name; default: the resource's name.
    """
    return NewOperation(
        api=methods.API,
        type=type_,
        project=names.place(resource).project,
        name="",
        subject={"resource": resource, "version": version, "parent": parent or resource},
        request=request,
    )


def resource_of(operation: sqlite3.Row) -> str:
    """The full name of an operation's resource."""
    found: str = json.loads(operation["subject"])["resource"]
    return found


def request_of(operation: sqlite3.Row) -> dict[str, Any]:
    """The input of an operation's work."""
    found: dict[str, Any] = json.loads(operation["request"])
    return found


def place_of(operation: sqlite3.Row) -> Place:
    """The location of an operation's resource."""
    return names.place(resource_of(operation))


def version_of(operation: sqlite3.Row) -> str:
    """The version of the API that began an operation."""
    found: str = json.loads(operation["subject"])["version"]
    return found


def message(operation: sqlite3.Row, name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The response of an operation, with its type in the version of the API that began it."""
    return {"@type": _type(version_of(operation), name), **content}


def _type(version: str, name: str) -> str:
    return f"type.googleapis.com/google.cloud.aiplatform.{version}.{name}"


def to_json(row: sqlite3.Row) -> dict[str, Any]:
    """An operation as the API returns it."""
    subject = json.loads(row["subject"])
    times = {
        "createTime": exact(datetime.fromisoformat(row["created"])),
        "updateTime": exact(datetime.fromisoformat(row["ended"] or row["created"])),
    }
    metadata = {"@type": _type(subject["version"], _METADATA[row["type"]]), "genericMetadata": times}
    answer: dict[str, Any] = {"name": f"{subject['parent']}/operations/{row['id']}", "metadata": metadata}
    if row["result"]:
        answer.update(done=True, **json.loads(row["result"]))
    return answer
