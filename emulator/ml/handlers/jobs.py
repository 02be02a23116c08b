"""`ml.projects.jobs.*`: batch prediction. Not emulated: training."""

from __future__ import annotations

import json
from typing import Any

from emulator.core.store import Store
from emulator.hosting.interfaces import JobQueue
from emulator.ml import list_pages, operation_subjects, request_checks, resource_json, tables, update_masks
from emulator.ml.job_source import JobSource
from emulator.rest.request import Request, Response
from gcp import errors


class Jobs:
    """The methods of jobs.

    Args:
        store: the database.
        queue: runs the jobs.
        source: finds their models.
    """

    def __init__(self, store: Store, queue: JobQueue, source: JobSource) -> None:
        self._store, self._queue, self._source = store, queue, source

    async def projects_jobs_create(self, request: Request) -> Response:
        """Begins a batch prediction job; answers the job, which waits for those before it.

        A wrong request, or a model that does not exist, is answered immediately. Input files and a SavedModel by its
        `uri` are read when the job's turn comes: if they are wrong the job ends FAILED.
        """
        (project,) = tables.split(request.params["parent"])
        body = request_checks.job_body(request.body)
        job_id = request.body.get("jobId", "")
        self._source.version_of(body["predictionInput"])
        with self._store.transaction():
            if self._store.one("SELECT 1 FROM jobs WHERE project = ? AND id = ?", project, job_id):
                text = "A job with the same id already exists."
                raise request_checks.field_error(errors.AlreadyExists, "job.jobId", text)
            number = self._queue.add(operation_subjects.API, project, job_id, json.dumps(body), tables.new_etag())
        self._queue.start(number)
        return Response(body=self._json(f"projects/{project}/jobs/{job_id}"))

    async def projects_jobs_get(self, request: Request) -> Response:
        """A job. Its counts are those of the parts of its input that are done as a whole."""
        return Response(body=self._json(request.params["name"]))

    async def projects_jobs_list(self, request: Request) -> Response:
        """The jobs of a project by their id. See `list_pages` for filters and pages."""
        (project,) = tables.split(request.params["parent"])
        query = "SELECT * FROM jobs WHERE api = ? AND project = ? ORDER BY id"
        rows = self._store.all(query, operation_subjects.API, project)
        found = (resource_json.job_json(row, self._queue) for row in rows)
        return Response(body=list_pages.page("jobs", request, found, by="jobId"))

    async def projects_jobs_patch(self, request: Request) -> Response:
        """Changes the labels of a job; answers the job."""
        name = request.params["name"]
        mask = update_masks.of_job(request.params.get("updateMask"))
        with self._store.transaction():
            row = tables.job(self._store, name)
            update_masks.check_etag(row, request.body)
            body = update_masks.applied(json.loads(row["body"]), request.body, mask)
            request_checks.job_labels(body)
            self._store.run(
                "UPDATE jobs SET body = ?, etag = ? WHERE number = ?",
                *(json.dumps(body), tables.new_etag(), row["number"]),
            )
        return Response(body=self._json(name))

    async def projects_jobs_cancel(self, request: Request) -> Response:
        """Asks a job to stop; none of its results get their names. One that has ended answers 400."""
        row = tables.job(self._store, request.params["name"])
        if not self._queue.cancel(row["number"]):
            text = f"The job {row['id']} is {row['state']} and cannot be cancelled."
            raise request_checks.field_error(errors.FailedPrecondition, "name", text)
        return Response(body={})

    def _json(self, name: str) -> dict[str, Any]:
        return resource_json.job_json(tables.job(self._store, name), self._queue)
