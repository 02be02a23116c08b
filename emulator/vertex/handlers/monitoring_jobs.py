"""`aiplatform.projects.locations.modelDeploymentMonitoringJobs.*`: stored; nothing is monitored."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulator.core.clock import Clock
from emulator.core.operations import Operations
from emulator.core.rfc3339 import exact
from emulator.core.store import Store
from emulator.hosting import proto_values, update_masks
from emulator.rest.request import Request, Response
from emulator.vertex import names, operation_subjects, stored_resources, tables
from emulator.vertex.requests import lists, request_checks
from emulator.vertex.requests.request_checks import field_error
from emulator.vertex.resource_json import version_of
from emulator.vertex.stored_resources import MONITORS
from gcp import errors

_PATCHED = (
    *("displayName", "enableMonitoringPipelineLogs", "labels", "loggingSamplingStrategy", "logTtl"),
    *("modelDeploymentMonitoringObjectiveConfigs", "modelDeploymentMonitoringScheduleConfig"),
    "modelMonitoringAlertConfig",
)
_FIXED = (
    *("analysisInstanceSchemaUri", "encryptionSpec", "endpoint", "predictInstanceSchemaUri"),
    *("samplePredictInstance", "statsAnomaliesBaseDirectory"),
)
_REQUIRED = (
    *("endpoint", "loggingSamplingStrategy", "modelDeploymentMonitoringObjectiveConfigs"),
    "modelDeploymentMonitoringScheduleConfig",
)
_PAUSED = "paused"
"""Key in the stored body; not a field of the API."""


class MonitoringJobs:
    """The methods of monitoring jobs.

    Args:
        store: the database.
        clock: gives the times of changes.
        operations: runs changes and deletions.
    """

    def __init__(self, store: Store, clock: Clock, operations: Operations) -> None:
        self._store, self._clock, self._operations = store, clock, operations

    async def projects_locations_model_deployment_monitoring_jobs_create(self, request: Request) -> Response:
        """Creates a monitoring job for deployed models of an endpoint; returns the job, which is pending at first."""
        place = names.place(request.params["parent"])
        body = {name: request.body[name] for name in (*_PATCHED, *_FIXED) if name in request.body}
        for name in _REQUIRED:
            if not body.get(name):
                raise field_error(f"modelDeploymentMonitoringJob.{name}", "is required.")
        with self._store.transaction():
            body["endpoint"] = tables.endpoint_name(tables.endpoint(self._store, body["endpoint"]))
            self._check(body)
            if any(_body(row)["endpoint"] == body["endpoint"] for row in self._rows(place)):
                raise errors.AlreadyExists(f"{body['endpoint']} has a monitoring job.")
            name = f"{place.name}/{MONITORS}/{names.new_id()}"
            stored_resources.add(self._store, name, proto_values.stored(body), self._clock.now().isoformat())
        made = _json(stored_resources.read(self._store, name))
        return Response(body={**made, "state": "JOB_STATE_PENDING"})

    async def projects_locations_model_deployment_monitoring_jobs_get(self, request: Request) -> Response:
        """A monitoring job."""
        return Response(body=_json(stored_resources.read(self._store, request.params["name"])))

    async def projects_locations_model_deployment_monitoring_jobs_list(self, request: Request) -> Response:
        """The monitoring jobs of a location, the latest first. See `lists` for filters."""
        rows = self._rows(names.place(request.params["parent"]))
        return Response(body=lists.page(MONITORS, request, map(_json, rows), {}))

    async def projects_locations_model_deployment_monitoring_jobs_patch(self, request: Request) -> Response:
        """Changes a monitoring job, including its objectives; returns an operation."""
        row = stored_resources.read(self._store, request.params["name"])
        mask = update_masks.leaves(request.params.get("updateMask"))
        mask = mask or [name for name in _PATCHED if request.body.get(name)]
        mask = list(_PATCHED) if mask == ["*"] else mask
        for leaf in mask:
            if leaf.partition(".")[0] not in _PATCHED:
                raise field_error("updateMask", f"{leaf} cannot be updated. What can: {', '.join(_PATCHED)}.")
        body = update_masks.applied(_body(row), request.body, mask)
        self._check(body)
        return self._begin("UPDATE_MONITOR", row, request, {"body": body})

    async def projects_locations_model_deployment_monitoring_jobs_delete(self, request: Request) -> Response:
        """Deletes a monitoring job; returns an operation."""
        row = stored_resources.read(self._store, request.params["name"])
        return self._begin("DELETE_MONITOR", row, request, {}, flat=True)

    async def projects_locations_model_deployment_monitoring_jobs_pause(self, request: Request) -> Response:
        """Pauses a monitoring job."""
        return self._pause(request, paused=True)

    async def projects_locations_model_deployment_monitoring_jobs_resume(self, request: Request) -> Response:
        """Resumes a paused monitoring job."""
        return self._pause(request, paused=False)

    def _pause(self, request: Request, *, paused: bool) -> Response:
        with self._store.transaction():
            row = stored_resources.read(self._store, request.params["name"])
            body = {**_body(row), _PAUSED: paused}
            stored_resources.change(self._store, stored_resources.name_of(row), body, self._clock.now().isoformat())
        return Response(body={})

    def _rows(self, place: names.Place) -> list[sqlite3.Row]:
        return stored_resources.under(self._store, place, MONITORS)

    def _check(self, body: Mapping[str, Any]) -> None:
        """Rejects a job for deployed models that its endpoint does not have. Raises `ApiError`."""
        request_checks.display_name(body, "modelDeploymentMonitoringJob")
        request_checks.check_labels(body, "modelDeploymentMonitoringJob")
        known = tables.deployed_ids(self._store, tables.endpoint(self._store, body["endpoint"]))
        for config in body["modelDeploymentMonitoringObjectiveConfigs"]:
            if config.get("deployedModelId") not in known:
                text = f"{config.get('deployedModelId')!r} is not the id of a deployed model."
                raise field_error("modelDeploymentMonitoringObjectiveConfigs.deployedModelId", text)

    def _begin(
        self, type_: str, row: sqlite3.Row, request: Request, content: Mapping[str, Any], *, flat: bool = False
    ) -> Response:
        name = stored_resources.name_of(row)
        parent = names.place(name).name if flat else None
        new = operation_subjects.new(type_, name, version_of(request.path), content, parent=parent)
        with self._store.transaction():
            number = self._operations.begin(new)
        return Response(body=self._operations.start(number))


def _body(row: sqlite3.Row) -> dict[str, Any]:
    return stored_resources.body_of(row)


def _json(row: sqlite3.Row) -> dict[str, Any]:
    body = _body(row)
    paused = body.pop(_PAUSED, False)
    answer = {"name": stored_resources.name_of(row), **body}
    answer.update(
        state="JOB_STATE_PAUSED" if paused else "JOB_STATE_RUNNING",
        scheduleState="OFFLINE" if paused else "PENDING",
        createTime=exact(datetime.fromisoformat(row["created"])),
        updateTime=exact(datetime.fromisoformat(row["updated"])),
    )
    return answer
