"""Batch prediction jobs: results with their instances, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gcp import errors
from tests.emulator.vertex.caller import SERVING, VertexCaller, refusal, until

pytestmark = pytest.mark.tensorflow
MACHINES = {"machineSpec": {"machineType": "n1-standard-2"}, "maxReplicaCount": 2}


class Jobs:
    """Batch prediction jobs of a location."""

    def __init__(self, vertex: VertexCaller) -> None:
        self.vertex, self.calls = vertex, vertex.locations.batchPredictionJobs()

    def body(self, model: str, rows: bytes, **more: Any) -> dict[str, Any]:
        """A job over one file."""
        self.vertex.files.upload("in", rows, "rows.jsonl")
        bucket = f"gs://{self.vertex.files.bucket}"
        return {
            "displayName": "j",
            "model": model,
            "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [f"{bucket}/in/*.jsonl"]}},
            "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": f"{bucket}/out"}},
            "dedicatedResources": {"machineSpec": {"machineType": "n1-standard-2"}},
            **more,
        }

    def ended(self, body: dict[str, Any]) -> dict[str, Any]:
        """A job that has ended."""
        made = self.calls.create(parent=self.vertex.place, body=body).execute()

        def job() -> dict[str, Any] | None:
            found: dict[str, Any] = self.calls.get(name=made["name"]).execute()
            return found if found["state"] in ("JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED") else None

        found: dict[str, Any] = until(job, "the end of the job")
        return found

    def lines(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """The results of a job."""
        objects = self.vertex.emulator.storage().objects()
        bucket, _, prefix = job["outputInfo"]["gcsOutputDirectory"].removeprefix("gs://").partition("/")
        listed = objects.list(bucket=bucket, prefix=f"{prefix}/prediction.results-").execute()["items"]
        contents = [objects.get_media(bucket=bucket, object=each["name"]).execute() for each in listed]
        return [json.loads(line) for content in contents for line in content.splitlines()]


def test_a_job_writes_instances_beside_predictions(vertex: VertexCaller) -> None:
    """A single output bare, as the container answers; a row that fails is counted; the version is resolved at once."""
    version, jobs = vertex.upload(uri=vertex.artifact(2.0, "n/1"), model={"containerSpec": SERVING}), Jobs(vertex)
    model = version.partition("@")[0]

    job = jobs.ended(jobs.body(model, b'1\n"x"\n{"x": 3}\n'))

    assert (job["state"], job["modelVersionId"]) == ("JOB_STATE_SUCCEEDED", "1")
    assert job["completionStats"] == {"successfulCount": "2", "failedCount": "1", "incompleteCount": "0"}
    assert jobs.lines(job) == [{"instance": 1, "prediction": 2}, {"instance": {"x": 3}, "prediction": 6}]
    assert "/out/prediction-m-" in job["outputInfo"]["gcsOutputDirectory"]
    assert [each["name"] for each in jobs.calls.list(parent=vertex.place).execute()["batchPredictionJobs"]] == [
        job["name"]
    ]
    assert isinstance(refusal(jobs.calls.cancel(name=job["name"], body={})), errors.FailedPrecondition)
    deletion = jobs.calls.delete(name=job["name"]).execute()
    assert "/batchPredictionJobs/" not in deletion["name"]
    vertex.response(deletion)
    assert isinstance(refusal(jobs.calls.get(name=job["name"])), errors.NotFound)


def test_a_key_stands_for_its_instance(vertex: VertexCaller) -> None:
    """The model gets neither the key nor excluded fields."""
    version, jobs = vertex.upload(), Jobs(vertex)
    config = {"keyField": "id", "excludedFields": ["note"]}

    job = jobs.ended(jobs.body(version, b'{"id": "a", "x": 1, "note": ""}\n{"id": 7, "x": 2}\n', instanceConfig=config))

    assert jobs.lines(job) == [{"key": "a", "prediction": 2}, {"key": 7, "prediction": 4}]


def test_a_job_fails_late_for_what_it_finds_late(vertex: VertexCaller) -> None:
    """A folder that does not fit the container; and no results."""
    version, jobs = vertex.upload(model={"containerSpec": SERVING}), Jobs(vertex)

    job = jobs.ended(jobs.body(version, b"1\n"))

    assert job["state"] == "JOB_STATE_FAILED"
    assert "no versions of servable model" in job["error"]["message"]
    assert "outputInfo" not in job


@pytest.mark.parametrize(
    ("change", "cls"),
    [
        ({"displayName": ""}, errors.InvalidArgument),
        ({"dedicatedResources": {}}, errors.InvalidArgument),
        ({"inputConfig": {"instancesFormat": "csv"}}, errors.InvalidArgument),
        ({"outputConfig": {"predictionsFormat": "bigquery"}}, errors.InvalidArgument),
        ({"model": "{place}/models/none"}, errors.NotFound),
        ({"model": ""}, errors.InvalidArgument),
        ({"model": "projects/p/locations/europe-west4/models/m"}, errors.InvalidArgument),
        ({"instanceConfig": {"includedFields": ["a"], "excludedFields": ["b"]}}, errors.InvalidArgument),
        ({"dedicatedResources": {**MACHINES, "startingReplicaCount": 3}}, errors.InvalidArgument),
        ({"manualBatchTuningParameters": {"batchSize": -1}}, errors.InvalidArgument),
    ],
)
def test_wrong_jobs_are_refused_at_once(
    vertex: VertexCaller, change: dict[str, Any], cls: type[errors.ApiError]
) -> None:
    """Each with one thing wrong."""
    jobs = Jobs(vertex)
    body = {**jobs.body(vertex.upload(), b"1\n"), **change}
    body["model"] = body["model"].format(place=vertex.place)

    assert isinstance(refusal(jobs.calls.create(parent=vertex.place, body=body)), cls)
