"""The monitoring job of a model of a stack file."""

from __future__ import annotations

from typing import Any

import pytest

from gcp import errors
from resources import platforms
from resources.vertex.config import plan
from tests.resources.vertex.config.test_entries import VERSION, model, reader, stack

DRIFT: dict[str, Any] = {"predictionDriftDetectionConfig": {"defaultDriftThreshold": {"value": 0.25}}}
OTHER: dict[str, Any] = {"predictionDriftDetectionConfig": {"driftThresholds": {"age": {"value": 0.5}}}}
MONITORING: dict[str, Any] = {
    "objectiveConfig": DRIFT,
    "loggingSamplingStrategy": {"randomSampleConfig": {"sampleRate": 0.5}},
    "modelDeploymentMonitoringScheduleConfig": {"monitorInterval": "3600s"},
}
_OBJECTIVES = "modelDeploymentMonitoringObjectiveConfigs"
_KEY = "models.m.vertex.monitoring"


def monitoring(**edit: Any) -> dict[str, str]:
    """A model of two versions with a monitoring job, which has an edit, in which None removes."""
    edited = {key: item for key, item in {**MONITORING, **edit}.items() if item is not None}
    return stack(model(versions={"v1": VERSION, "v2": VERSION}, vertex={"monitoring": edited}))


def _threshold(value: float) -> dict[str, Any]:
    return {"predictionDriftDetectionConfig": {"driftThresholds": {"age": {"value": value}}}}


REFUSED: list[tuple[dict[str, str], str, str]] = [
    (monitoring(objectiveConfig=None), "objectiveConfig", "or give objectiveConfigs, by version"),
    (monitoring(objectiveConfigs={"v9": DRIFT}), "objectiveConfigs.v9", "is not among the versions: v1, v2"),
    (monitoring(objectiveConfig={}), "objectiveConfig", "needs trainingPredictionSkewDetectionConfig"),
    (monitoring(objectiveConfigs={"v2": {}}), "objectiveConfigs.v2", "needs trainingPredictionSkewDetectionConfig"),
    (
        monitoring(objectiveConfig={"trainingPredictionSkewDetectionConfig": {}}),
        "objectiveConfig.trainingDataset",
        "skew is a distance from the training data",
    ),
    (
        monitoring(objectiveConfig={**DRIFT, "trainingDataset": {"dataFormat": "xml", "dataset": "d"}}),
        "objectiveConfig.trainingDataset.dataFormat",
        "one of tf-record, csv, jsonl",
    ),
    (
        monitoring(objectiveConfig={**DRIFT, "trainingDataset": {}}),
        "objectiveConfig.trainingDataset",
        "needs one of dataset, gcsSource, bigquerySource; it has none",
    ),
    (
        monitoring(objectiveConfigs={"v2": _threshold(0)}),
        "objectiveConfigs.v2.predictionDriftDetectionConfig.driftThresholds.age.value",
        "must be above 0",
    ),
    (monitoring(loggingSamplingStrategy=None), "loggingSamplingStrategy", "is missing"),
    (
        monitoring(loggingSamplingStrategy={"randomSampleConfig": {"sampleRate": 2}}),
        "loggingSamplingStrategy.randomSampleConfig.sampleRate",
        "at most 1",
    ),
    (monitoring(logTtl="1 day"), "logTtl", "a duration in seconds"),
    (
        monitoring(modelDeploymentMonitoringScheduleConfig={"monitorInterval": "1h"}),
        "modelDeploymentMonitoringScheduleConfig.monitorInterval",
        "a duration in seconds",
    ),
    (monitoring(endpoint="e"), "endpoint", "is not a key here"),
]


@pytest.mark.parametrize(("config", "path", "reason"), REFUSED, ids=[f"{path} {reason}" for _, path, reason in REFUSED])
def test_what_cannot_be_monitored_is_refused(config: dict[str, str], path: str, reason: str) -> None:
    """Before anything is sent, under the key's full path."""
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(config, reader)

    found = caught.value.failures
    assert [text for at, text in found if at == f"tf2-models:{_KEY}.{path}" and reason in text], found


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({}, {"v1": DRIFT, "v2": DRIFT}),
        ({"objectiveConfigs": {"v2": OTHER}}, {"v1": DRIFT, "v2": OTHER}),
        ({"objectiveConfig": None, "objectiveConfigs": {"v2": OTHER}}, {"v2": OTHER}),
    ],
)
def test_objectives_are_of_deployed_models(edit: dict[str, Any], expected: dict[str, Any]) -> None:
    """One for all versions, one for each, or one for those that differ; the ids are known at preview."""
    found: plan.Stack = platforms.read(monitoring(**edit), reader)
    [declared] = found.models
    assert declared.monitoring is not None

    ids = {version.name: version.deployed_model_id for version in declared.versions}
    objectives = {each["deployedModelId"]: each["objectiveConfig"] for each in declared.monitoring[_OBJECTIVES]}
    assert objectives == {ids[name]: config for name, config in expected.items()}


def test_a_job_has_what_its_model_has() -> None:
    """Its endpoint, its name where it has none of its own, its key and whether to adopt."""
    key = {"kmsKeyName": "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"}
    options = {"monitoring": MONITORING, "encryptionSpec": key, "endpointId": "e"}
    found: plan.Stack = platforms.read(stack(model(vertex=options, adopt=True)), reader)
    [declared] = found.models
    assert declared.monitoring is not None

    assert (declared.monitoring["endpoint"], declared.monitoring["displayName"]) == ("e", "m")
    assert (declared.monitoring["encryptionSpec"], declared.monitoring["adopt"]) == (key, True)


def test_a_model_without_the_block_is_not_monitored() -> None:
    """There is no job by default."""
    found: plan.Stack = platforms.read(stack(model()), reader)

    assert [each.monitoring for each in found.models] == [None]
