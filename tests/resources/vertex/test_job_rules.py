"""What the inputs of a batch prediction job may be, and what the states of a job mean."""

from __future__ import annotations

from typing import Any

import pytest

from resources.vertex.fields.batch_prediction_job import BATCH_PREDICTION_JOB
from resources.vertex.jobs import job_states

_MACHINE = {"machineType": "n1-standard-2"}
_CONTAINER = {"containerSpec": {"imageUri": "us-docker.pkg.dev/p/r/i:1"}}
JOB: dict[str, Any] = {
    "project": "p",
    "location": "us-central1",
    "displayName": "j",
    "model": "projects/p/locations/us-central1/models/m@2",
    "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://bucket/rows-*.jsonl"]}},
    "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://bucket/out"}},
    "dedicatedResources": {"machineSpec": _MACHINE},
}
_TABLE = {"bigquerySource": {"inputUri": "bq://p.d.t"}}
_TABLES = {"bigqueryDestination": {"outputUri": "bq://p.d"}}


def _failures(**edit: Any) -> dict[str, str]:
    values = {key: item for key, item in {**JOB, **edit}.items() if item is not None}
    return dict(BATCH_PREDICTION_JOB.program_failures(values))


@pytest.mark.parametrize(
    "edit",
    [
        {},
        {"model": None, "unmanagedContainerModel": _CONTAINER},
        {"model": "projects/p/locations/us-central1/publishers/google/models/g"},
        {"inputConfig": {"instancesFormat": "bigquery", **_TABLE}},
        {"outputConfig": {"predictionsFormat": "bigquery", **_TABLES}},
        {"dedicatedResources": {"machineSpec": _MACHINE, "startingReplicaCount": 10}},
    ],
)
def test_what_the_api_takes_is_accepted(edit: dict[str, Any]) -> None:
    """Models with and without a name in the registry, files and tables."""
    assert _failures(**edit) == {}


@pytest.mark.parametrize(
    ("edit", "path", "reason"),
    [
        ({"model": None}, "", "needs one of model, unmanagedContainerModel; it has none"),
        ({"unmanagedContainerModel": _CONTAINER}, "", "it has model and unmanagedContainerModel"),
        ({"model": "m"}, "model", "must be projects/P/locations/L/models/M@V"),
        ({"model": "projects/p/locations/us-east1/models/m"}, "model", "must be in the job's location, us-central1"),
        ({"inputConfig": {"instancesFormat": "jsonl"}}, "inputConfig.gcsSource", "is required for this format"),
        (
            {"inputConfig": {**JOB["inputConfig"], **_TABLE}},
            "inputConfig.bigquerySource",
            "does not belong to this format: leave it out, and give gcsSource",
        ),
        ({"inputConfig": {"instancesFormat": "xml"}}, "inputConfig.instancesFormat", "must be one of jsonl, csv"),
        (
            {"outputConfig": {"predictionsFormat": "bigquery"}},
            "outputConfig.bigqueryDestination",
            "is required for this format",
        ),
        (
            {"dedicatedResources": None, "manualBatchTuningParameters": {"batchSize": 8}},
            "manualBatchTuningParameters",
            "needs dedicatedResources",
        ),
        (
            {"dedicatedResources": {"machineSpec": {**_MACHINE, "acceleratorCount": 1}}},
            "dedicatedResources.machineSpec.acceleratorType",
            "type and count go together",
        ),
        ({"displayName": ""}, "displayName", "must have 1 to 128 characters"),
        ({"labels": {"tf2-models-owner": "x"}}, "labels.tf2-models-owner", "is reserved"),
    ],
)
def test_what_the_api_refuses_is_refused_by_its_field(edit: dict[str, Any], path: str, reason: str) -> None:
    """Before the first call."""
    assert reason in _failures(**edit)[path]


@pytest.mark.parametrize(
    ("state", "ended", "counts"),
    [
        ("JOB_STATE_PENDING", False, True),
        ("JOB_STATE_PAUSED", False, True),
        ("JOB_STATE_SUCCEEDED", True, True),
        ("JOB_STATE_PARTIALLY_SUCCEEDED", True, True),
        ("JOB_STATE_CANCELLING", False, False),
        ("JOB_STATE_CANCELLED", True, False),
        ("JOB_STATE_EXPIRED", True, False),
        ("JOB_STATE_FAILED", True, False),
    ],
)
def test_a_job_counts_unless_it_failed_or_was_cancelled(state: str, ended: bool, counts: bool) -> None:
    """One that is being cancelled does not count any more, but has not ended."""
    job = {"state": state}

    assert (job_states.has_ended(job), job_states.counts(job)) == (ended, counts)


def test_what_is_missing_of_results_is_one_line() -> None:
    """Every message once, without line breaks; the emulator reads every file, so no job of it lacks results."""
    job = {"partialFailures": [{"code": 5, "message": "gs://b/a:\nnot found"}, {"message": "gs://b/c: denied"}, {}]}

    assert job_states.partial_failures(job) == "gs://b/a: not found; gs://b/c: denied"
    assert job_states.rows({"completionStats": {"successfulCount": "3", "incompleteCount": "-1"}}) == (3, 0)
