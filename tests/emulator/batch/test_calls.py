"""`ml.projects.jobs.*` through Google's own client: what is refused, listed and patched."""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from gcp import errors
from tests.emulator.batch.batch import Batch
from tests.emulator.ml.caller import error_of

INPUT = {
    "dataFormat": "JSON",
    "inputPaths": ["gs://bucket/rows"],
    "outputPath": "gs://bucket/out/",
    "region": "us-central1",
    "uri": "gs://bucket/model",
}


@pytest.mark.parametrize(
    ("body", "error", "field"),
    [
        ({"jobId": "1x"}, errors.InvalidArgument, "job.job_id"),
        ({"jobId": ""}, errors.InvalidArgument, "job.job_id"),
        ({"predictionInput": {}}, errors.InvalidArgument, "job.prediction_input.region"),
        ({"predictionInput": {**INPUT, "modelName": "m"}}, errors.InvalidArgument, "job.prediction_input.model_name"),
        ({"predictionInput": {**INPUT, "batchSize": 0}}, errors.InvalidArgument, "job.prediction_input.batch_size"),
        ({"predictionInput": {**INPUT, "inputPaths": ["x"]}}, errors.InvalidArgument, "job.prediction_input.input_pa"),
        ({"predictionInput": {**INPUT, "dataFormat": "CSV"}}, errors.InvalidArgument, "job.prediction_input.data_form"),
        ({"predictionInput": {**INPUT, "outputDataFormat": "TF_RECORD"}}, errors.InvalidArgument, "output_data_format"),
        ({"predictionInput": {**INPUT, "runtimeVersion": "3.0"}}, errors.InvalidArgument, "runtime_version"),
        ({"trainingInput": {"region": "us-central1"}}, errors.InvalidArgument, "job.training_input"),
        ({"labels": {"A": "b"}}, errors.InvalidArgument, "job.labels"),
    ],
)
def test_what_cannot_be_a_job_is_refused(
    batch: Batch, body: dict[str, Any], error: type[errors.ApiError], field: str
) -> None:
    """At once, with the field's name, and there is no such job."""
    whole = {"jobId": "j", "predictionInput": INPUT, **body}

    with pytest.raises(HttpError) as caught:
        batch.jobs.create(parent=batch.ml.project, body=whole).execute()

    assert type(error_of(caught.value)) is error
    assert field in error_of(caught.value).message
    assert batch.jobs.list(parent=batch.ml.project).execute() == {}


@pytest.mark.parametrize(
    ("name", "error"),
    [("projects/{}/models/none", errors.NotFound), ("projects/{}/models/empty", errors.FailedPrecondition)],
)
def test_a_model_that_cannot_predict_is_refused(batch: Batch, name: str, error: type[errors.ApiError]) -> None:
    """One that is not there, and one without a version."""
    batch.ml.model("empty")
    model = name.format(batch.ml.project.partition("/")[2])

    with pytest.raises(HttpError) as caught:
        batch.begin("gs://bucket/rows", modelName=model)

    assert type(error_of(caught.value)) is error


def test_an_id_is_used_once(batch: Batch) -> None:
    """A job stays for ever, and so does its id; one that has ended cannot be cancelled."""
    body = {"jobId": "again", "predictionInput": INPUT}
    batch.jobs.create(parent=batch.ml.project, body=body).execute()
    name = f"{batch.ml.project}/jobs/again"
    batch.ended(name)

    with pytest.raises(HttpError) as twice:
        batch.jobs.create(parent=batch.ml.project, body=body).execute()
    with pytest.raises(HttpError) as late:
        batch.jobs.cancel(name=name, body={}).execute()

    assert type(error_of(twice.value)) is errors.AlreadyExists
    assert type(error_of(late.value)) is errors.FailedPrecondition


def test_jobs_are_listed_filtered_and_labelled(batch: Batch) -> None:
    """By id, in pages; a filter goes by id and state; only labels can be patched, against the right etag."""
    for name in ("rnn1", "rnn2", "cnn1"):
        batch.jobs.create(parent=batch.ml.project, body={"jobId": name, "predictionInput": INPUT}).execute()
        batch.ended(f"{batch.ml.project}/jobs/{name}")

    first = batch.jobs.list(parent=batch.ml.project, pageSize=2).execute()
    second = batch.jobs.list(parent=batch.ml.project, pageToken=first["nextPageToken"]).execute()
    some = batch.jobs.list(parent=batch.ml.project, filter="jobId:rnn* AND state:FAILED").execute()
    name = f"{batch.ml.project}/jobs/rnn1"
    body = {"labels": {"team": "a"}, "etag": batch.get(name)["etag"]}
    patched = batch.jobs.patch(name=name, updateMask="labels", body=body).execute()
    with pytest.raises(HttpError) as stale:
        batch.jobs.patch(name=name, updateMask="labels", body=body).execute()

    assert [job["jobId"] for job in first["jobs"] + second["jobs"]] == ["cnn1", "rnn1", "rnn2"]
    assert [job["jobId"] for job in some["jobs"]] == ["rnn1", "rnn2"]
    assert patched["labels"] == {"team": "a"} == batch.get(name)["labels"]
    assert type(error_of(stale.value)) is errors.Aborted
