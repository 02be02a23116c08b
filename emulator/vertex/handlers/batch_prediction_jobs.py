"""`aiplatform.projects.locations.batchPredictionJobs.*`."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulator.core.operations import Operations
from emulator.core.rfc3339 import exact
from emulator.core.store import Store
from emulator.hosting import proto_values
from emulator.hosting.interfaces import JobQueue
from emulator.rest.request import Request, Response
from emulator.vertex import methods, names, operation_subjects, tables
from emulator.vertex.requests import lists, request_checks
from emulator.vertex.requests.request_checks import field_error
from emulator.vertex.resource_json import version_of
from emulator.vertex.work import job_source
from gcp import errors

_FIELDS = (
    *("dedicatedResources", "disableContainerLogging", "displayName", "encryptionSpec", "inputConfig"),
    *("instanceConfig", "labels", "manualBatchTuningParameters", "model", "modelParameters", "outputConfig"),
    "serviceAccount",
)
_NOT_EMULATED = ("endpoint", "explanationSpec", "generateExplanation", "unmanagedContainerModel")
_URI = r"gs://[^/]+(/.*)?"
_STATES = {"PREPARING": "PENDING"}
"""State of the queue -> state of the API, where they differ."""
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
_INTERNAL = 13


class BatchPredictionJobs:
    """The methods of batch prediction jobs.

    Args:
        store: the database.
        queue: runs the jobs.
        operations: runs deletions.
    """

    def __init__(self, store: Store, queue: JobQueue, operations: Operations) -> None:
        self._store, self._queue, self._operations = store, queue, operations

    async def projects_locations_batch_prediction_jobs_create(self, request: Request) -> Response:
        """Creates a batch prediction job and returns it. The job waits for earlier ones.

        Input files are read when the job starts; if they are invalid, the job fails.
        """
        place = names.place(request.params["parent"])
        given = {name: request.body[name] for name in _FIELDS if name in request.body}
        body = self._checked(given, request.body, place)
        id_ = names.new_id()
        with self._store.transaction():
            stored = {**proto_values.stored(body), "location": place.location}
            number = self._queue.add(methods.API, place.project, id_, json.dumps(stored), tables.new_etag())
        self._queue.start(number)
        return Response(body=self._json(self._row(f"{place.name}/batchPredictionJobs/{id_}")))

    async def projects_locations_batch_prediction_jobs_get(self, request: Request) -> Response:
        """Returns a job. Its counts cover the completed shards of its input."""
        return Response(body=self._json(self._row(request.params["name"])))

    async def projects_locations_batch_prediction_jobs_list(self, request: Request) -> Response:
        """The jobs of a location, the latest first. See `lists` for filters."""
        place = names.place(request.params["parent"])
        query = "SELECT * FROM jobs WHERE api = ? AND project = ? ORDER BY number DESC"
        rows = self._store.all(query, methods.API, place.project)
        items = [self._json(row) for row in rows if json.loads(row["body"])["location"] == place.location]
        fields = {"state": lambda item: str(item["state"]), "model": lambda item: str(item["model"])}
        return Response(body=lists.page("batchPredictionJobs", request, items, fields))

    async def projects_locations_batch_prediction_jobs_cancel(self, request: Request) -> Response:
        """Asks a job to stop; it writes no results to the bucket. Raises `FailedPrecondition` if it has ended."""
        row = self._row(request.params["name"])
        if not self._queue.cancel(row["number"]):
            raise errors.FailedPrecondition(f"The job {row['id']} is {_state(row)}: it has ended.")
        return Response(body={})

    async def projects_locations_batch_prediction_jobs_delete(self, request: Request) -> Response:
        """Deletes a job that has ended; returns an operation."""
        row = self._row(request.params["name"])
        if row["state"] not in _ENDED:
            raise errors.FailedPrecondition(f"The job {row['id']} is {_state(row)}: cancel it first.")
        place = names.place(request.params["name"])
        name = f"{place.name}/batchPredictionJobs/{row['id']}"
        new = operation_subjects.new("DELETE_JOB", name, version_of(request.path), {}, parent=place.name)
        with self._store.transaction():
            number = self._operations.begin(new)
        return Response(body=self._operations.start(number))

    def _checked(self, body: dict[str, Any], given: dict[str, Any], place: names.Place) -> dict[str, Any]:
        """The body to store for a new job of a location. Raises `ApiError`."""
        request_checks.display_name(body, "batchPredictionJob")
        request_checks.check_labels(body, "batchPredictionJob")
        for name in _NOT_EMULATED:
            if given.get(name):
                raise field_error(f"batchPredictionJob.{name}", "is not emulated: name a model.")
        _check_files(body)
        _check_instances(body.get("instanceConfig", {}))
        _check_replicas(body)
        if not body.get("model"):
            raise field_error("batchPredictionJob.model", "is required.")
        if names.place(body["model"]) != place:
            raise field_error("batchPredictionJob.model", f"must be in the job's location, {place.name}.")
        version = tables.version(self._store, names.numbered(body.get("model", "")))
        model = tables.model_of(self._store, version)
        shown = json.loads(model["body"])["displayName"]
        return {**body, "modelVersionId": str(version["id"]), "modelDisplayName": re.sub(r"\W+", "_", shown)}

    def _row(self, name: str) -> sqlite3.Row:
        """The row of a job. Raises `NotFound`."""
        place = names.place(name)
        query = "SELECT * FROM jobs WHERE api = ? AND project = ? AND id = ?"
        row = self._store.one(query, methods.API, place.project, names.last(name))
        if row is None or json.loads(row["body"])["location"] != place.location:
            raise errors.NotFound(f"The BatchPredictionJob does not exist: {name}")
        return row

    def _json(self, row: sqlite3.Row) -> dict[str, Any]:
        body = json.loads(row["body"])
        place = names.Place(row["project"], body.pop("location"))
        body.pop("modelDisplayName")
        answer = {"name": f"{place.name}/batchPredictionJobs/{row['id']}", **body, "state": _state(row)}
        for name, key in (("createTime", "created"), ("startTime", "started"), ("endTime", "ended")):
            if row[key]:
                answer[name] = exact(datetime.fromisoformat(row[key]))
        answer["updateTime"] = exact(datetime.fromisoformat(row["ended"] or row["started"] or row["created"]))
        if row["error"] and row["state"] == "FAILED":
            answer["error"] = {"code": _INTERNAL, "message": row["error"]}
        counts = self._queue.counts(row["number"])
        left = "0" if row["state"] == "SUCCEEDED" else "-1"
        answer["completionStats"] = {
            "successfulCount": str(counts.predictions),
            "failedCount": str(counts.refused),
            "incompleteCount": left,
        }
        if row["state"] == "SUCCEEDED":
            answer["outputInfo"] = {"gcsOutputDirectory": job_source.output_of(row)}
            answer["resourcesConsumed"] = {"replicaHours": round(counts.seconds / 3600, 6)}
        return answer


def _state(row: sqlite3.Row) -> str:
    return f"JOB_STATE_{_STATES.get(row['state'], row['state'])}"


def _check_files(body: dict[str, Any]) -> None:
    """Checks that inputs and outputs are files in buckets, in emulated formats. Raises `InvalidArgument`."""
    source, target = body.get("inputConfig", {}), body.get("outputConfig", {})
    if source.get("instancesFormat") not in job_source.ROW_FORMATS:
        formats = ", ".join(job_source.ROW_FORMATS)
        raise field_error("batchPredictionJob.inputConfig.instancesFormat", f"must be one of {formats} here.")
    if target.get("predictionsFormat") != "jsonl":
        raise field_error("batchPredictionJob.outputConfig.predictionsFormat", "must be jsonl here.")
    uris = source.get("gcsSource", {}).get("uris", [])
    if not uris or not all(re.fullmatch(_URI, uri) for uri in uris):
        raise field_error("batchPredictionJob.inputConfig.gcsSource.uris", "must name files, gs://BUCKET/FILE.")
    if not re.fullmatch(_URI, target.get("gcsDestination", {}).get("outputUriPrefix", "")):
        text = "must name a folder, gs://BUCKET/FOLDER."
        raise field_error("batchPredictionJob.outputConfig.gcsDestination.outputUriPrefix", text)


def _check_instances(config: Mapping[str, Any]) -> None:
    """Checks `instanceConfig`. Raises `InvalidArgument`."""
    if config.get("instanceType", "object") != "object":
        raise field_error("batchPredictionJob.instanceConfig.instanceType", "must be object here.")
    if config.get("includedFields") and config.get("excludedFields"):
        text = "must be empty when included_fields is populated."
        raise field_error("batchPredictionJob.instanceConfig.excludedFields", text)


def _check_replicas(body: Mapping[str, Any]) -> None:
    """Checks machines and batch size. Raises `InvalidArgument`."""
    resources, path = body.get("dedicatedResources", {}), "batchPredictionJob.dedicatedResources"
    if not resources.get("machineSpec", {}).get("machineType"):
        raise field_error(f"{path}.machineSpec.machineType", "is required.")
    most, first = (int(resources.get(f"{name}ReplicaCount", 0)) for name in ("max", "starting"))
    if most < 0 or not 0 <= first <= (most or job_source.DEFAULT_WORKERS):
        raise field_error(f"{path}.startingReplicaCount", "must be positive, and not above max_replica_count.")
    if int(body.get("manualBatchTuningParameters", {}).get("batchSize", 0)) < 0:
        raise field_error("batchPredictionJob.manualBatchTuningParameters.batchSize", "must be positive.")
