"""`aiplatform.projects.locations.deploymentResourcePools.*`.

Each model on a pool gets the pool's number of replicas: models do not share processes.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulator.core.operations import Operations
from emulator.core.rfc3339 import exact
from emulator.core.store import Store
from emulator.hosting import proto_values, update_masks
from emulator.rest.request import Request, Response
from emulator.vertex import names, operation_subjects, stored_resources, tables
from emulator.vertex.requests import deletions, deployed_bodies, lists
from emulator.vertex.requests.request_checks import field_error
from emulator.vertex.resource_json import ResourceView, in_version, version_of
from emulator.vertex.stored_resources import POOLS
from gcp import errors

_ID = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_FIELDS = ("dedicatedResources", "disableContainerLogging", "encryptionSpec", "serviceAccount")
_PATCHED = ("dedicatedResources", "disableContainerLogging")


class ResourcePools:
    """The methods of pools.

    Args:
        store: the database.
        view: writes deployed models.
        operations: runs creations, changes and deletions.
    """

    def __init__(self, store: Store, view: ResourceView, operations: Operations) -> None:
        self._store, self._view, self._operations = store, view, operations

    async def projects_locations_deployment_resource_pools_create(self, request: Request) -> Response:
        """Creates a pool; returns an operation. The pool exists once the operation has ended."""
        place, id_ = names.place(request.params["parent"]), request.body.get("deploymentResourcePoolId", "")
        given = request.body.get("deploymentResourcePool", {})
        if not re.fullmatch(_ID, id_):
            raise field_error("deploymentResourcePoolId", f"must be up to 63 of a-z, 0-9 and -; got {id_!r}.")
        body = {name: given[name] for name in _FIELDS if name in given}
        if "dedicatedResources" not in body:
            raise field_error("deploymentResourcePool.dedicatedResources", "is required.")
        where, api = "deploymentResourcePool.dedicatedResources", version_of(request.path)
        body["dedicatedResources"] = deployed_bodies.dedicated(body["dedicatedResources"], api, where)
        name = f"{place.name}/{POOLS}/{id_}"
        if stored_resources.find(self._store, name):
            raise errors.AlreadyExists(f"{name} already exists.")
        return self._begin("CREATE_POOL", name, request, {"body": proto_values.stored(body)})

    async def projects_locations_deployment_resource_pools_get(self, request: Request) -> Response:
        """A pool."""
        row = stored_resources.read(self._store, request.params["name"])
        return Response(body=_json(row, version_of(request.path)))

    async def projects_locations_deployment_resource_pools_list(self, request: Request) -> Response:
        """The pools of a location, the latest first."""
        rows = stored_resources.under(self._store, names.place(request.params["parent"]), POOLS)
        items = (_json(row, version_of(request.path)) for row in rows)
        return Response(body=lists.page(POOLS, request, items, {}))

    async def projects_locations_deployment_resource_pools_patch(self, request: Request) -> Response:
        """Changes replicas, metrics or container logging; returns an operation, which scales the models on the pool."""
        mask = update_masks.leaves(request.params.get("updateMask"))
        row = stored_resources.read(self._store, request.params["name"])
        first = [leaf.partition(".")[0] for leaf in mask]
        if not mask or any(leaf not in _PATCHED for leaf in first):
            raise field_error("updateMask", f"must name fields that can be updated: {', '.join(_PATCHED)}.")
        before = stored_resources.body_of(row)
        body = update_masks.applied(before, request.body, mask)
        resources = body.get("dedicatedResources", {})
        resources.setdefault("machineSpec", before["dedicatedResources"]["machineSpec"])
        body["dedicatedResources"] = deployed_bodies.dedicated(resources, version_of(request.path))
        if body["dedicatedResources"]["machineSpec"] != before["dedicatedResources"]["machineSpec"]:
            raise field_error("deploymentResourcePool.dedicatedResources.machineSpec", "cannot be updated.")
        return self._begin("UPDATE_POOL", stored_resources.name_of(row), request, {"body": body})

    async def projects_locations_deployment_resource_pools_delete(self, request: Request) -> Response:
        """Deletes a pool without deployed models; returns an operation."""
        row = stored_resources.read(self._store, request.params["name"])
        name = stored_resources.name_of(row)
        deletions.refuse_used(self._store, name)
        return self._begin("DELETE_POOL", name, request, {}, parent=names.place(name).name)

    async def projects_locations_deployment_resource_pools_query_deployed_models(self, request: Request) -> Response:
        """The deployed models of a pool."""
        row = stored_resources.read(self._store, request.params["deploymentResourcePool"])
        users = deletions.pool_users(self._store, stored_resources.name_of(row))
        found = [each for each in users if each["state"] != tables.DEPLOYING]
        api = version_of(request.path)
        body = {
            "deployedModels": [self._view.deployed_model(each, api) for each in found],
            "deployedModelRefs": [_reference(each) for each in found],
            "totalDeployedModelCount": len(found),
            "totalEndpointCount": len({each["endpoint"] for each in found}),
        }
        return Response(body=proto_values.stored(body))

    def _begin(
        self, type_: str, resource: str, request: Request, content: Mapping[str, Any], *, parent: str | None = None
    ) -> Response:
        new = operation_subjects.new(type_, resource, version_of(request.path), content, parent=parent)
        with self._store.transaction():
            number = self._operations.begin(new)
        return Response(body=self._operations.start(number))


def _json(row: sqlite3.Row, version: str) -> dict[str, Any]:
    created = exact(datetime.fromisoformat(row["created"]))
    answer = {"name": stored_resources.name_of(row), **stored_resources.body_of(row), "createTime": created}
    return in_version(answer, version)


def _reference(row: sqlite3.Row) -> dict[str, str]:
    endpoint = f"{names.Place(row['project'], row['location']).name}/endpoints/{row['endpoint']}"
    return {"endpoint": endpoint, "deployedModelId": row["id"]}
