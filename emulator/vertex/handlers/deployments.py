"""`aiplatform.projects.locations.endpoints`: methods that deploy, change and undeploy models."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from emulator.core.calls.faults import Faults
from emulator.core.clock import Clock
from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.hosting import update_masks
from emulator.rest.request import Request, Response
from emulator.vertex import methods, names, operation_subjects, stored_resources, tables
from emulator.vertex.operation_subjects import resource_of
from emulator.vertex.requests import deployed_bodies, request_checks
from emulator.vertex.resource_json import version_of
from emulator.vertex.serving import containers
from emulator.vertex.serving.traffic import NEW, Traffic, checked_split
from gcp import errors

_MODEL = r"projects/[^/]+/locations/[^/]+/models/[^/]+"


class Deployments:
    """The methods for deployed models.

    Args:
        store: the database.
        clock: gives the times of changes.
        operations: runs the operations.
        traffic: checks splits.
        faults: may refuse a second operation on an endpoint.
        most_replicas: limit on the sum of the maximum replica counts of a location; 0 for no limit.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        operations: Operations,
        traffic: Traffic,
        faults: Faults,
        *,
        most_replicas: int,
    ) -> None:
        self._store, self._clock, self._operations = store, clock, operations
        self._traffic, self._faults, self._most_replicas = traffic, faults, most_replicas

    async def projects_locations_endpoints_deploy_model(self, request: Request) -> Response:
        """Deploys a version on an endpoint; returns an operation. Without `trafficSplit` it gets no traffic.

        The operation fails if the container does not serve TensorFlow, or if the artifact's folder does not fit it.
        """
        endpoint = tables.endpoint(self._store, request.params["endpoint"])
        given, split = request.body.get("deployedModel", {}), request.body.get("trafficSplit", {})
        model = self._model(endpoint, given.get("model", ""))
        settings, shared = json.loads(endpoint["body"]), json.loads(tables.model_of(self._store, model)["body"])
        api = version_of(request.path)
        body = deployed_bodies.new_body(given, display_name=shared["displayName"], version=api)
        self._check_pool(model, body)
        with self._store.transaction():
            self._refuse_second(endpoint)
            existing = tables.deployed_ids(self._store, endpoint)
            checked_split(split, (*existing, NEW))
            if settings.get("network") and existing:
                raise errors.FailedPrecondition("An endpoint with a network takes one deployed model.")
            id_ = self._free_id(endpoint, given.get("id", ""))
            self._count_replicas(endpoint, deployed_bodies.most_replicas(body))
            tables.add_deployed_model(self._store, endpoint, model, id_, body, self._clock.now().isoformat())
            number = self._begin("DEPLOY_MODEL", endpoint, request, {"id": id_, "split": split})
        return Response(body=self._operations.start(number))

    async def projects_locations_endpoints_undeploy_model(self, request: Request) -> Response:
        """Undeploys a model; returns an operation. If it has traffic, `trafficSplit` must move it to others."""
        endpoint = tables.endpoint(self._store, request.params["endpoint"])
        id_, split = request.body.get("deployedModelId", ""), request.body.get("trafficSplit", {})
        with self._store.transaction():
            self._refuse_second(endpoint)
            row = tables.deployed_model(self._store, tables.endpoint_name(endpoint), id_)
            _require_serving(row)
            self._traffic.without(endpoint, id_, split)
            tables.set_state(self._store, row, tables.LEAVING, row["updated"])
            number = self._begin("UNDEPLOY_MODEL", endpoint, request, {"id": id_, "split": split})
        return Response(body=self._operations.start(number))

    async def projects_locations_endpoints_mutate_deployed_model(self, request: Request) -> Response:
        """Changes replicas, scaling metrics or container logging; returns an operation. The mask is in the body."""
        endpoint = tables.endpoint(self._store, request.params["endpoint"])
        given, api = request.body.get("deployedModel", {}), version_of(request.path)
        mask = update_masks.leaves(request.body.get("updateMask"))
        deployed_bodies.check_mutation(mask, api)
        with self._store.transaction():
            self._refuse_second(endpoint)
            row = tables.deployed_model(self._store, tables.endpoint_name(endpoint), given.get("id", ""))
            _require_serving(row)
            before = json.loads(row["body"])
            body = update_masks.applied(before, given, mask)
            if "dedicatedResources" in body:
                # A minimum of 0 that v1beta1 set stays valid when v1 changes something else.
                least = int(body["dedicatedResources"].get("minReplicaCount", 0))
                version = api if least or "dedicatedResources.minReplicaCount" in mask else methods.BETA
                body["dedicatedResources"] = deployed_bodies.dedicated(body["dedicatedResources"], version)
            grown = deployed_bodies.most_replicas(body) - deployed_bodies.most_replicas(before)
            self._count_replicas(endpoint, grown)
            number = self._begin("MUTATE_DEPLOYED_MODEL", endpoint, request, {"id": row["id"], "body": body})
        return Response(body=self._operations.start(number))

    def _begin(self, type_: str, endpoint: sqlite3.Row, request: Request, content: Mapping[str, Any]) -> int:
        name = tables.endpoint_name(endpoint)
        return self._operations.begin(operation_subjects.new(type_, name, version_of(request.path), content))

    def _model(self, endpoint: sqlite3.Row, name: str) -> sqlite3.Row:
        """The version to deploy. Raises `ApiError`."""
        if not re.fullmatch(_MODEL, name):
            raise request_checks.field_error("deployedModel.model", f"must be the full name of a model; got {name!r}.")
        row = tables.version(self._store, name)
        if row["location"] != endpoint["location"]:
            raise request_checks.field_error("deployedModel.model", f"must be in {endpoint['location']}.")
        if row["deleting"]:
            raise errors.FailedPrecondition(f"{tables.version_name(row)} is being deleted.")
        return row

    def _check_pool(self, model: sqlite3.Row, body: Mapping[str, Any]) -> None:
        """Rejects a pool that does not exist, and custom containers on a pool. Raises `ApiError`."""
        pool = tables.pool_of(body)
        if not pool:
            return
        stored_resources.read(self._store, pool)
        if not containers.is_prebuilt(json.loads(model["body"])["containerSpec"]):
            text = "takes models with prebuilt images only: this one has a custom container."
            raise request_checks.field_error("deployedModel.sharedResources", text)

    def _free_id(self, endpoint: sqlite3.Row, wanted: str) -> str:
        taken = tables.deployed_ids(self._store, endpoint, all_states=True)
        if wanted in taken:
            raise errors.AlreadyExists(f"The Endpoint has a deployed model {wanted}, or will have one.")
        return wanted or names.new_id()

    def _refuse_second(self, endpoint: sqlite3.Row) -> None:
        """Rejects a second concurrent operation on an endpoint, if an injected fault says so."""
        if not self._faults.asked("busy"):
            return
        name = tables.endpoint_name(endpoint)
        running = [
            self._operations.to_json(row)["name"]
            for row in self._operations.unfinished(methods.API, endpoint["project"])
            if resource_of(row) == name
        ]
        if running:
            raise errors.FailedPrecondition(
                f'There are other operations running on the Endpoint "{name}". Operation(s) are: {", ".join(running)}.'
            )

    def _count_replicas(self, endpoint: sqlite3.Row, more: int) -> None:
        """Rejects more replicas than the quota allows. Each deployed model counts with its maximum."""
        query = "SELECT body FROM vertex_deployed_models WHERE project = ? AND location = ?"
        rows = self._store.all(query, endpoint["project"], endpoint["location"])
        total = more + sum(deployed_bodies.most_replicas(json.loads(row["body"])) for row in rows)
        if self._most_replicas and more > 0 and total > self._most_replicas:
            raise errors.ResourceExhausted(
                "The following quotas are exceeded: CustomModelServingCPUsPerProjectPerRegion. The maximum replica"
                f" counts in {endpoint['location']} sum to {total}, and {self._most_replicas} are allowed."
            )


def _require_serving(row: sqlite3.Row) -> None:
    if row["state"] != tables.SERVING:
        raise errors.FailedPrecondition(f"The deployed model {row['id']} is {row['state']}.")
