"""`ml.projects.jobs.*`: batch prediction. Not emulated: training."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator.batch import job_inputs, job_tables
from emulator.ml import list_pages, request_checks, tables, update_masks
from emulator.rest.request import Request, Response
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator


async def projects_jobs_create(emulator: Emulator, request: Request) -> Response:
    """Begins a batch prediction job; answers the job, which waits for those before it.

    A wrong request, and a model that is not there, are answered at once. Input files and a SavedModel by its `uri` are
    looked at when the job's turn comes: where they are wrong the job ends FAILED.
    """
    (project,) = tables.split(request.params["parent"])
    body = request_checks.job_body(request.body)
    job_id = request.body.get("jobId", "")
    job_inputs.version_of(emulator, body["predictionInput"])
    with emulator.store.transaction():
        if emulator.store.one("SELECT 1 FROM jobs WHERE project = ? AND id = ?", project, job_id):
            raise request_checks.field_error(
                errors.AlreadyExists, "job.jobId", "A job with the same id already exists."
            )
        emulator.store.run(
            "INSERT INTO jobs (project, id, body, etag, state, created) VALUES (?, ?, ?, ?, 'QUEUED', ?)",
            *(project, job_id, json.dumps(body), tables.new_etag(), emulator.now().isoformat()),
        )
        row = job_tables.find(emulator, f"projects/{project}/jobs/{job_id}")
    emulator.jobs.start(row["number"])
    return Response(body=job_tables.to_json(emulator, row))


async def projects_jobs_get(emulator: Emulator, request: Request) -> Response:
    """A job. Its counts are those of the parts of its input that are done as a whole."""
    return Response(body=job_tables.to_json(emulator, job_tables.find(emulator, request.params["name"])))


async def projects_jobs_list(emulator: Emulator, request: Request) -> Response:
    """The jobs of a project by their id; see `listing` for filters and pages."""
    (project,) = tables.split(request.params["parent"])
    rows = emulator.store.all("SELECT * FROM jobs WHERE project = ? ORDER BY id", project)
    found = (job_tables.to_json(emulator, row) for row in rows)
    return Response(body=list_pages.page("jobs", request, found, by="jobId"))


async def projects_jobs_patch(emulator: Emulator, request: Request) -> Response:
    """Changes the labels of a job; answers the job."""
    name = request.params["name"]
    mask = update_masks.of_job(request.params.get("updateMask"))
    with emulator.store.transaction():
        row = job_tables.find(emulator, name)
        update_masks.check_etag(row, request.body)
        body = update_masks.applied(json.loads(row["body"]), request.body, mask)
        request_checks.job_labels(body)
        emulator.store.run(
            "UPDATE jobs SET body = ?, etag = ? WHERE number = ?", json.dumps(body), tables.new_etag(), row["number"]
        )
    return Response(body=job_tables.to_json(emulator, job_tables.find(emulator, name)))


async def projects_jobs_cancel(emulator: Emulator, request: Request) -> Response:
    """Asks a job to stop; none of its results get their names. One that has ended answers 400."""
    row = job_tables.find(emulator, request.params["name"])
    if row["state"] in job_tables.ENDED:
        text = f"The job {row['id']} is {row['state']} and cannot be cancelled."
        raise request_checks.field_error(errors.FailedPrecondition, "name", text)
    emulator.jobs.cancel(row)
    return Response(body={})
