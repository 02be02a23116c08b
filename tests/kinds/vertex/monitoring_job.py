"""The monitoring job, and every change of its fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from gcp import errors
from resources.vertex.monitoring.model_monitoring_job import ModelMonitoringJobProvider
from tests.kinds.kind import FaultCase, Kind
from tests.kinds.rows import Row, Sent, fixed, labels, local, mutable, secrets, timeouts
from tests.kinds.vertex.deployed_model import DEPLOYED_MODEL, IDS
from tests.kinds.vertex.endpoint import ENDPOINT, POLL_FLAT, UNDER_WAY
from tests.kinds.vertex.leaves import LOCATION, elsewhere, fixed_leaves, put
from tests.providers import State

_JOBS = "aiplatform.projects.locations.modelDeploymentMonitoringJobs"
_GET, _LIST, _CREATE, _PATCH, _DELETE = (f"{_JOBS}.{verb}" for verb in ("get", "list", "create", "patch", "delete"))
_BUSY, _POLL = f"{_JOBS}.operations.list", f"{_JOBS}.operations.get"

_OBJECTIVES, _SCHEDULE = "modelDeploymentMonitoringObjectiveConfigs", "modelDeploymentMonitoringScheduleConfig"
_SAMPLING, _ALERTS = "loggingSamplingStrategy", "modelMonitoringAlertConfig"
_TWICE = IDS["v2"]
"""The id of a second deployed model, of the same version."""


def _sampled(rate: float) -> State:
    return {"randomSampleConfig": {"sampleRate": rate}}


_CONFIG: State = {
    "trainingDataset": {
        "gcsSource": {"uris": ["gs://b/train.csv"]},
        "dataFormat": "csv",
        "targetField": "target",
        "loggingSamplingStrategy": _sampled(0.5),
    },
    "trainingPredictionSkewDetectionConfig": {
        "skewThresholds": {"age": {"value": 0.25}},
        "attributionScoreSkewThresholds": {"age": {"value": 0.25}},
        "defaultSkewThreshold": {"value": 0.25},
    },
    "predictionDriftDetectionConfig": {
        "driftThresholds": {"age": {"value": 0.25}},
        "attributionScoreDriftThresholds": {"age": {"value": 0.25}},
        "defaultDriftThreshold": {"value": 0.25},
    },
    "explanationConfig": {
        "enableFeatureAttributes": True,
        "explanationBaseline": {"predictionFormat": "JSONL", "gcs": {"outputUriPrefix": "gs://b/baseline"}},
    },
}
_DRIFT: State = {"predictionDriftDetectionConfig": {"defaultDriftThreshold": {"value": 0.25}}}
_DATASET = "projects/p/locations/us-central1/datasets/{}"
_FROM_BIGQUERY = put(_CONFIG, "trainingDataset", {"bigquerySource": {"inputUri": "bq://p.d.t"}})
_FROM_DATASET = put(_CONFIG, "trainingDataset", {"dataset": _DATASET.format("a")})
_IN_BIGQUERY = put(
    _CONFIG,
    "explanationConfig.explanationBaseline",
    {"predictionFormat": "BIGQUERY", "bigquery": {"outputUri": "bq://p.d.e"}},
)
_EDITS: State = {
    "trainingDataset.gcsSource.uris": ["gs://b/other.csv"],
    "trainingDataset.dataFormat": "jsonl",
    "trainingDataset.targetField": "other",
    "trainingDataset.loggingSamplingStrategy.randomSampleConfig.sampleRate": 0.75,
    "trainingPredictionSkewDetectionConfig.skewThresholds": {"age": {"value": 0.5}, "sex": {"value": 0.5}},
    "trainingPredictionSkewDetectionConfig.attributionScoreSkewThresholds": {"age": {"value": 0.5}},
    "trainingPredictionSkewDetectionConfig.defaultSkewThreshold.value": 0.5,
    "predictionDriftDetectionConfig.driftThresholds": {"sex": {"value": 0.25}},
    "predictionDriftDetectionConfig.attributionScoreDriftThresholds": {"age": {"value": 0.5}},
    "predictionDriftDetectionConfig.defaultDriftThreshold.value": 0.5,
    "explanationConfig.enableFeatureAttributes": False,
    "explanationConfig.explanationBaseline.predictionFormat": "BIGQUERY",
    "explanationConfig.explanationBaseline.gcs.outputUriPrefix": "gs://b/other",
}
"""Path in `_CONFIG` -> another value."""


def _of(id_: str, config: State) -> State:
    return {"deployedModelId": id_, "objectiveConfig": config}


def _monitored(path: str, old: list[State], new: list[State], note: str = "") -> Row:
    """A change of the objectives, which are sent as a whole."""
    return Row(
        field=f"{_OBJECTIVES}.{path}" if path else _OBJECTIVES,
        change="changed",
        note=note,
        step="update",
        old={_OBJECTIVES: old},
        new={_OBJECTIVES: new},
        wire=(Sent(_PATCH, _OBJECTIVES, {_OBJECTIVES: new}),),
    )


def _configured(path: str, old: State, new: Any) -> Row:
    """A leaf of an objective, changed."""
    first, changed = [_of(IDS["v1"], old)], [_of(IDS["v1"], put(old, path, new))]
    return _monitored(f"objectiveConfig.{path}", first, changed)


_CHANGED_OBJECTIVES = [
    _monitored("", [_of(IDS["v1"], _DRIFT)], [_of(IDS["v1"], _DRIFT), _of(_TWICE, _DRIFT)], "one more"),
    _monitored("deployedModelId", [_of(IDS["v1"], _DRIFT)], [_of(_TWICE, _DRIFT)]),
    *(_configured(path, _CONFIG, new) for path, new in _EDITS.items()),
    _configured("trainingDataset.bigquerySource.inputUri", _FROM_BIGQUERY, "bq://p.d.u"),
    _configured("trainingDataset.dataset", _FROM_DATASET, _DATASET.format("b")),
    _configured("explanationConfig.explanationBaseline.bigquery.outputUri", _IN_BIGQUERY, "bq://p.d.f"),
    Row(
        field=_OBJECTIVES,
        change="spelled",
        step="same",
        old={
            _OBJECTIVES: [_of(IDS["v1"], put(_DRIFT, "predictionDriftDetectionConfig.defaultDriftThreshold.value", 1))]
        },
        new={
            _OBJECTIVES: [
                _of(IDS["v1"], put(_DRIFT, "predictionDriftDetectionConfig.defaultDriftThreshold.value", 1.0))
            ]
        },
    ),
]
_TELL: State = {
    "emailAlertConfig": {"userEmails": ["a@p.com"]},
    "enableLogging": True,
    "notificationChannels": ["projects/p/notificationChannels/1"],
}
_TIMES: State = {"monitorInterval": "3600s", "monitorWindow": "7200s"}


def _leaves(name: str, value: State, edits: State) -> list[Row]:
    """Each leaf of an object that is patched as a whole, changed."""
    return [
        Row(
            field=f"{name}.{path}",
            change="changed",
            step="update",
            old={name: value},
            new={name: changed},
            wire=(Sent(_PATCH, name, {name: changed}),),
        )
        for path, new in edits.items()
        for changed in [put(value, path, new)]
    ]


def _unguarded(rows: Iterable[Row]) -> list[Row]:
    """The API has no etag for monitoring jobs."""
    return [
        dataclasses.replace(row, wire=tuple(sent._replace(guarded=False) for sent in row.wire), back=row.back)
        for row in rows
    ]


def _endpoint(project: str = "<project>", location: str = LOCATION, endpoint: str = "<model>") -> State:
    """The endpoint in the body of `create`."""
    return {"endpoint": f"projects/{project}/locations/{location}/endpoints/{endpoint}"}


_PLAIN: State = {
    "displayName": "a",
    "labels": {"team": "a", "stage": "x"},
    _OBJECTIVES: [_of(IDS["v1"], _DRIFT)],
    _SAMPLING: _sampled(0.5),
    _SCHEDULE: {"monitorInterval": "3600s"},
}
_KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/{}"
_NOWHERE = {"answer": errors.NotFound}

_ROWS = [
    *elsewhere([("project", "<project>-b")], body=_endpoint(project="<project>-b"), **_NOWHERE),
    *elsewhere([("location", "us-east1")], body=_endpoint(location="us-east1"), **_NOWHERE),
    *elsewhere([("endpoint", "n")], body=_endpoint(endpoint="n"), **_NOWHERE),
    Row(
        field="displayName",
        change="changed",
        step="update",
        new={"displayName": "b"},
        wire=(Sent(_PATCH, "displayName", {"displayName": "b"}),),
    ),
    *_unguarded(labels(_PATCH)),
    *_CHANGED_OBJECTIVES,
    *_leaves(_SAMPLING, _sampled(0.5), {"randomSampleConfig": {"sampleRate": 0.25}}),
    *_leaves(_SAMPLING, _sampled(0.5), {"randomSampleConfig.sampleRate": 0.75}),
    Row(
        field=_SAMPLING,
        change="spelled",
        step="same",
        old={_SAMPLING: _sampled(1)},
        new={_SAMPLING: _sampled(1.0)},
    ),
    *_leaves(_SCHEDULE, _TIMES, {"monitorInterval": "7200s", "monitorWindow": "10800s"}),
    *_unguarded(mutable(_PATCH, _ALERTS, _TELL, put(_TELL, "notificationChannels", []))),
    *_leaves(
        _ALERTS,
        _TELL,
        {
            "emailAlertConfig.userEmails": ["b@p.com"],
            "enableLogging": False,
            "notificationChannels": ["projects/p/notificationChannels/2"],
        },
    ),
    *_unguarded(mutable(_PATCH, "logTtl", "86400s", "172800s")),
    *_unguarded(mutable(_PATCH, "enableMonitoringPipelineLogs", old=True, new=False)),
    *fixed("predictInstanceSchemaUri", "gs://b/one.yaml", "gs://b/two.yaml"),
    *fixed("analysisInstanceSchemaUri", "gs://b/one.yaml", "gs://b/two.yaml"),
    *fixed("samplePredictInstance", {"age": 1.5}, {"age": 2.5}),
    *fixed("statsAnomaliesBaseDirectory", {"outputUriPrefix": "gs://b/a"}, {"outputUriPrefix": "gs://b/b"}),
    *fixed_leaves("statsAnomaliesBaseDirectory", {"outputUriPrefix": "gs://b/a"}, {"outputUriPrefix": "gs://b/c"}),
    *fixed("encryptionSpec", {"kmsKeyName": _KEY.format("a")}, {"kmsKeyName": _KEY.format("b")}),
    *fixed_leaves("encryptionSpec", {"kmsKeyName": _KEY.format("a")}, {"kmsKeyName": _KEY.format("c")}),
    *timeouts(),
    *local("allowDowntime", old=False, new=True),
    *local("owner", "token", "another"),
    *local("adopt", old=False, new=True),
    *secrets("labels.team"),
]

MONITORING_JOB = Kind(
    provider=ModelMonitoringJobProvider,
    inputs={"project": "<project>", "location": LOCATION, "endpoint": "<model>", **_PLAIN},
    needs=((ENDPOINT, {}), (DEPLOYED_MODEL, {}), (DEPLOYED_MODEL, {"deployedModelId": _TWICE})),
    identity=f"projects/<project>/locations/{LOCATION}/endpoints/<model>/modelDeploymentMonitoringJob",
    body={**_PLAIN, **_endpoint()},
    create=_CREATE,
    patch=_PATCH,
    delete=_DELETE,
    operations=(_PATCH, _DELETE),
    path={"endpoint": "n"},
    patches=(
        ({"labels": {"stage": "b"}, "displayName": "b"}, ["displayName", "labels"]),
        ({_OBJECTIVES: [_of(_TWICE, _DRIFT), _of(IDS["v1"], _DRIFT)]}, [_OBJECTIVES]),
    ),
    fixed={"predictInstanceSchemaUri": "gs://b/one.yaml"},
    rows=_ROWS,
    faults={
        "": FaultCase(
            calls={
                "create": [UNDER_WAY, _LIST, _CREATE, _GET],
                "read": [_LIST],
                "update": [_LIST, _BUSY, _GET, _PATCH, _POLL],
                "delete": [_LIST, _BUSY, _DELETE, POLL_FLAT],
            }
        )
    },
    without={"theirs": "the API has no etag for them; that labels of others stay has a test in test_monitoring_job"},
)
