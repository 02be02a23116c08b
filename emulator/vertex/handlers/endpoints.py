"""`aiplatform.projects.locations.endpoints.*`, except deployments and predictions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from emulator.core.clock import Clock
from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.hosting import update_masks
from emulator.rest.request import Request, Response
from emulator.vertex import names, operation_subjects, tables
from emulator.vertex.requests import deletions, lists, request_checks
from emulator.vertex.resource_json import ResourceView, version_of
from emulator.vertex.serving.traffic import Traffic, checked_split
from gcp import errors

_FILTERED: Mapping[str, Callable[[dict[str, Any]], str]] = {"endpoint": lambda item: names.last(item["name"])}
_PATCHED = (
    *("dedicatedEndpointEnabled", "description", "displayName", "labels", "predictRequestResponseLoggingConfig"),
    *("privateServiceConnectConfig.projectAllowlist", "privateServiceConnectConfig.pscAutomationConfigs"),
)
_SPLIT = "trafficSplit"


class Endpoints:
    """The methods of endpoints.

    Args:
        store: the database.
        clock: gives the times of changes.
        view: writes answers.
        operations: runs creations, updates and deletions.
        traffic: writes splits.
    """

    def __init__(
        self, store: Store, clock: Clock, view: ResourceView, operations: Operations, traffic: Traffic
    ) -> None:
        self._store, self._clock, self._view = store, clock, view
        self._operations, self._traffic = operations, traffic

    async def projects_locations_endpoints_create(self, request: Request) -> Response:
        """Creates an endpoint; returns an operation. The endpoint exists once that has ended. Default id: digits."""
        place, wanted = names.place(request.params["parent"]), request.params.get("endpointId", "")
        body = request_checks.endpoint_fields(request.body)
        if wanted:
            request_checks.endpoint_id(wanted)
            query = "SELECT 1 FROM vertex_endpoints WHERE project = ? AND location = ? AND id = ?"
            if self._store.one(query, *place, wanted):
                raise errors.AlreadyExists(f"Endpoint {place.name}/endpoints/{wanted} already exists.")
        name = f"{place.name}/endpoints/{wanted or names.new_id()}"
        return self._begin("CREATE_ENDPOINT", name, request, {"body": body})

    async def projects_locations_endpoints_get(self, request: Request) -> Response:
        """An endpoint, with its deployed models and its traffic split."""
        row = tables.endpoint(self._store, request.params["name"])
        return Response(body=self._view.endpoint(row, version_of(request.path)))

    async def projects_locations_endpoints_list(self, request: Request) -> Response:
        """The endpoints of a location, the latest first. See `lists` for filters."""
        query = "SELECT * FROM vertex_endpoints WHERE project = ? AND location = ? ORDER BY created DESC, id"
        rows = self._store.all(query, *names.place(request.params["parent"]))
        items = (self._view.endpoint(row, version_of(request.path)) for row in rows)
        return Response(body=lists.page("endpoints", request, items, _FILTERED))

    async def projects_locations_endpoints_patch(self, request: Request) -> Response:
        """Changes names, labels, logging, or the traffic split, which must sum to 100; returns the endpoint."""
        mask = update_masks.leaves(request.params.get("updateMask"))
        _check_mask(mask)
        with self._store.transaction():
            row = tables.endpoint(self._store, request.params["name"])
            if request.body.get("etag") not in (None, "", row["etag"]):
                raise errors.Aborted("The etag does not match: the endpoint was changed. Read it again.")
            if _SPLIT in mask:
                known = [each["id"] for each in tables.deployed_models(self._store, row)]
                self._traffic.change(row, checked_split(request.body.get(_SPLIT) or {}, known))
            body = update_masks.applied(
                json.loads(row["body"]), request.body, [leaf for leaf in mask if leaf != _SPLIT]
            )
            request_checks.endpoint_fields(body)
            self._traffic.write(row, body)
        row = tables.endpoint(self._store, request.params["name"])
        return Response(body=self._view.endpoint(row, version_of(request.path)))

    async def projects_locations_endpoints_update(self, request: Request) -> Response:
        """Changes only the timeout of predictions (`clientConnectionConfig`); returns an operation."""
        row, given = tables.endpoint(self._store, request.params["name"]), request.body.get("endpoint", {})
        request_checks.client_connection(given)
        config = given.get("clientConnectionConfig", {})
        return self._begin("UPDATE_ENDPOINT", tables.endpoint_name(row), request, {"clientConnectionConfig": config})

    async def projects_locations_endpoints_delete(self, request: Request) -> Response:
        """Deletes an endpoint without deployed models; returns an operation."""
        name = request.params["name"]
        row = tables.endpoint(self._store, name)
        deletions.refuse_busy(self._store, tables.endpoint_name(row))
        return self._begin("DELETE_ENDPOINT", tables.endpoint_name(row), request, {}, parent=names.place(name).name)

    def _begin(
        self, type_: str, resource: str, request: Request, content: Mapping[str, Any], *, parent: str | None = None
    ) -> Response:
        new = operation_subjects.new(type_, resource, version_of(request.path), content, parent=parent)
        with self._store.transaction():
            number = self._operations.begin(new)
        return Response(body=self._operations.start(number))


def _check_mask(mask: list[str]) -> None:
    if not mask:
        raise request_checks.field_error("updateMask", "is required.")
    for leaf in mask:
        if not any(leaf == known or leaf.startswith(f"{known}.") for known in (*_PATCHED, _SPLIT)):
            text = f"{leaf} cannot be updated. What can: {', '.join((*_PATCHED, _SPLIT))}."
            raise request_checks.field_error("updateMask", text)
