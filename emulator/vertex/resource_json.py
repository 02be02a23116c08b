"""Models, versions, endpoints and deployed models as the API returns them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any

from emulator.core.google_names import project_number
from emulator.core.rfc3339 import exact
from emulator.core.store import Store
from emulator.vertex import methods, names, stored_resources, tables
from emulator.vertex.names import Place
from emulator.vertex.serving import containers

_BETA_SCALING = ("initialReplicaCount", "scaleToZeroSpec", "flexStart")


class ResourceView:
    """Builds the JSON of resources.

    Args:
        store: the database.
        nodes: full name of a deployed model -> how many nodes take requests.
        failure: full name of a deployed model -> why it has no node, see `Nodes.failure`.
    """

    def __init__(self, store: Store, nodes: Callable[[str], int], failure: Callable[[str], str]) -> None:
        self._store, self._nodes, self._failure = store, nodes, failure

    def model(self, row: sqlite3.Row) -> dict[str, Any]:
        """A model: its default version, under the model's name."""
        default = tables.version(self._store, tables.model_name(row))
        return {**self.version(default, row), "name": tables.model_name(row)}

    def version(self, row: sqlite3.Row, parent: sqlite3.Row | None = None) -> dict[str, Any]:
        """A version. Its labels include those of its model; its own win."""
        of = parent or tables.model(self._store, tables.version_name(row))
        shared, own = json.loads(of["body"]), json.loads(row["body"])
        both = {**shared.get("labels", {}), **own.get("labels", {})}
        answer = {**shared, **own, "name": tables.version_name(row), "versionId": str(row["id"])}
        answer.update(
            versionAliases=tables.aliases(row),
            createTime=_time(of["created"]),
            updateTime=_time(of["updated"]),
            versionCreateTime=_time(row["created"]),
            versionUpdateTime=_time(row["updated"]),
            etag=tables.version_etag(of, row),
            supportedDeploymentResourcesTypes=_resources(own),
            supportedInputStorageFormats=["jsonl", "tf-record", "tf-record-gzip"],
            supportedOutputStorageFormats=["jsonl", "csv"],
        )
        if both:
            answer["labels"] = both
        if deployed := [_deployment(each) for each in tables.deployments(self._store, of, row["id"]) if _shows(each)]:
            answer["deployedModels"] = deployed
        return answer

    def endpoint(self, row: sqlite3.Row, version: str) -> dict[str, Any]:
        """An endpoint with its deployed models, in a version of the API."""
        answer = {"name": tables.endpoint_name(row), **json.loads(row["body"])}
        answer.update(createTime=_time(row["created"]), updateTime=_time(row["updated"]), etag=row["etag"])
        if deployed := tables.deployed_models(self._store, row):
            answer["deployedModels"] = [self.deployed_model(each, version) for each in deployed]
        if split := json.loads(row["split"]):
            answer["trafficSplit"] = split
        if monitor := self._monitor(answer["name"]):
            answer["modelDeploymentMonitoringJob"] = monitor
        if answer.get("dedicatedEndpointEnabled"):
            answer["dedicatedEndpointDns"] = dedicated_dns(row)
        return answer

    def _monitor(self, endpoint: str) -> str:
        rows = stored_resources.under(self._store, names.place(endpoint), stored_resources.MONITORS)
        found = (row for row in rows if stored_resources.body_of(row)["endpoint"] == endpoint)
        return next((stored_resources.name_of(row) for row in found), "")

    def deployed_model(self, row: sqlite3.Row, version: str) -> dict[str, Any]:
        """A deployed model, in a version of the API."""
        body = json.loads(row["body"])
        model = f"{Place(row['model_project'], row['model_location']).name}/models/{row['model']}"
        key = deployed_key(row)
        answer = {"id": row["id"], "model": model, "modelVersionId": str(row["version"]), **body}
        answer.update(createTime=_time(row["created"]), status=self._status(row, key))
        if pool := tables.pool_of(body):
            answer["sharedResources"] = pool
        return in_version(answer, version)

    def _status(self, row: sqlite3.Row, key: str) -> dict[str, Any]:
        nodes, trouble = self._nodes(key), row["error"] or self._failure(key)
        found: dict[str, Any] = {"lastUpdateTime": _time(row["updated"])}
        if nodes:
            found["availableReplicaCount"] = nodes
        if trouble:
            found["message"] = trouble
        return found


def in_version(answer: dict[str, Any], version: str) -> dict[str, Any]:
    """A deployed model or pool in a version of the API: v1 has no fields for scaling to zero."""
    resources = answer.get("dedicatedResources")
    if not resources or version != methods.STABLE:
        return answer
    kept = {name: value for name, value in resources.items() if name not in _BETA_SCALING}
    return {**answer, "dedicatedResources": kept}


def deployed_key(row: sqlite3.Row) -> str:
    """A full name for a deployed model, used as the key of its nodes; the API has no such name."""
    return f"{Place(row['project'], row['location']).name}/endpoints/{row['endpoint']}/deployedModels/{row['id']}"


def dedicated_dns(row: sqlite3.Row) -> str:
    """The DNS name of a dedicated endpoint, in the service's form. No server listens there."""
    unique = project_number(f"{row['project']}/{row['location']}")
    return f"{row['id']}.{row['location']}-{unique}.prediction.vertexai.goog"


def _resources(body: dict[str, Any]) -> list[str]:
    shared = ["SHARED_RESOURCES"] if containers.is_prebuilt(body["containerSpec"]) else []
    return ["DEDICATED_RESOURCES", *shared]


def _shows(row: sqlite3.Row) -> bool:
    return bool(row["state"] != tables.DEPLOYING)


def _deployment(row: sqlite3.Row) -> dict[str, str]:
    name = f"{Place(row['project'], row['location']).name}/endpoints/{row['endpoint']}"
    return {"endpoint": name, "deployedModelId": row["id"]}


def _time(stored: str) -> str:
    return exact(datetime.fromisoformat(stored))


def version_of(path: str) -> str:
    """The version of the API that a call's path names."""
    found = path.split("/")[1]
    return found if found in methods.VERSIONS else methods.STABLE


def named_model(answer: dict[str, Any], asked: str) -> dict[str, Any]:
    """A version under the requested name: with `@` if the request had it."""
    model, version = names.split_version(names.last(asked))
    return answer if version else {**answer, "name": f"{answer['name'].rpartition('/')[0]}/{model}"}
