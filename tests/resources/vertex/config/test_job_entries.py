"""The batch prediction jobs of a stack file on Vertex AI: what they declare, and what is refused with what to write."""

from __future__ import annotations

from typing import Any

import pytest

from gcp import errors
from resources import platforms
from tests.resources.vertex.config.test_entries import VERSION, model, read, reader, stack

JOB: dict[str, Any] = {
    "model": "m",
    "dataFormat": "JSON",
    "inputPaths": ["gs://in-bucket/rows-*.jsonl"],
    "outputPath": "gs://out-bucket/o",
    "machineType": "n1-standard-2",
}
_TWO = model(versions={"v1": VERSION, "v2": VERSION})
_NEAR = {"reservationAffinityType": "NO_RESERVATION"}


def _jobs(**edit: Any) -> dict[str, Any]:
    """One job with an edit, in which None removes."""
    return {"batchPredictionJobs": {"j": {key: item for key, item in {**JOB, **edit}.items() if item is not None}}}


def test_the_keys_of_ml_become_the_fields_of_vertex() -> None:
    """The default version predicts; counts, formats and machines stand where the API has them."""
    [job] = read(_TWO, **_jobs(maxWorkerCount=3, batchSize=8, labels={"a": "b"}, wait=False, trigger="x")).jobs

    assert (job.name, job.model, job.version) == ("j", "m", "v1")
    assert job.inputs == {
        "project": "demo",
        "location": "us-central1",
        "displayName": "j",
        "version": "v1",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://in-bucket/rows-*.jsonl"]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://out-bucket/o"}},
        "dedicatedResources": {"machineSpec": {"machineType": "n1-standard-2"}, "maxReplicaCount": 3},
        "manualBatchTuningParameters": {"batchSize": 8},
        "labels": {"a": "b"},
        "wait": False,
        "trigger": "x",
    }


def test_what_only_vertex_has_is_in_a_block() -> None:
    """Accelerators are written as for a version; the rest goes to the field of its name."""
    options = {"instanceConfig": {"keyField": "id"}, "startingReplicaCount": 2, "reservationAffinity": _NEAR}
    gpu = {"count": 1, "type": "NVIDIA_TESLA_T4"}
    [job] = read(_TWO, **_jobs(version="v2", dataFormat="TF_RECORD_GZIP", vertex=options, acceleratorConfig=gpu)).jobs

    assert job.version == "v2"
    assert job.inputs["instanceConfig"] == {"keyField": "id"}
    assert job.inputs["inputConfig"]["instancesFormat"] == "tf-record-gzip"
    assert job.inputs["dedicatedResources"] == {
        "machineSpec": {
            "machineType": "n1-standard-2",
            "acceleratorType": "NVIDIA_TESLA_T4",
            "acceleratorCount": 1,
            "reservationAffinity": _NEAR,
        },
        "startingReplicaCount": 2,
    }


@pytest.mark.parametrize(
    ("edit", "key", "reason"),
    [
        ({"machineType": None}, "machineType", "is missing"),
        ({"region": "us-central1"}, "region", "is not for Vertex AI: jobs run in gcp:region"),
        ({"runtimeVersion": "2.11"}, "runtimeVersion", "the image of the version's container decides"),
        ({"signatureName": "other"}, "signatureName", "the container predicts with its default signature"),
        ({"versionName": "projects/p/models/m/versions/v"}, "versionName", "name a model of this file with model"),
        ({"dataFormat": "TEXT"}, "dataFormat", "must be one of JSON, TF_RECORD, TF_RECORD_GZIP"),
        ({"model": "n"}, "model", "'n' is not a model of this file: m"),
        ({"version": "v9"}, "version", "'v9' is not a version of m: v1"),
        ({"inputPaths": []}, "inputPaths", "must name a file"),
        ({"inputPaths": ["rows.json"]}, "inputPaths[0]", "must be gs://BUCKET/OBJECT"),
        ({"outputPath": "out"}, "outputPath", "must be gs://BUCKET/FOLDER"),
        ({"maxWorkerCount": 0}, "maxWorkerCount", "must be 1 to 1000"),
        ({"batchSize": 0}, "batchSize", "must be 1 to 1000000"),
        ({"vertex": {"startingReplicaCount": 11}}, "vertex.startingReplicaCount", "must not be above maxWorkerCount"),
        (
            {"vertex": {"instanceConfig": {"includedFields": ["a"], "excludedFields": ["b"]}}},
            "vertex.instanceConfig.excludedFields",
            "excludes includedFields",
        ),
        ({"labels": {"tf2-models-job": "x"}}, "labels.tf2-models-job", "is reserved"),
        ({"machineTyp": "x"}, "machineTyp", "did you mean machineType?"),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(edit: dict[str, Any], key: str, reason: str) -> None:
    """Everything before the first resource, with what to write instead."""
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(stack(model(), **_jobs(**edit)), reader)

    found = dict(caught.value.failures)
    assert reason in found[f"tf2-models:batchPredictionJobs.j.{key}"]


def test_an_entry_that_is_no_mapping_is_refused() -> None:
    """And so is a name that the API does not take."""
    long = "n" * 129
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(stack(model(), batchPredictionJobs={"j": 1, long: JOB}), reader)

    found = dict(caught.value.failures)
    assert "must be a mapping" in found["tf2-models:batchPredictionJobs.j"]
    assert "must have 1 to 128 characters" in found[f"tf2-models:batchPredictionJobs.{long}"]
