"""The batch prediction job, and every change of its fields: all that says what is predicted means another job."""

from __future__ import annotations

from typing import Any

from resources.ml.batch_prediction_job import BatchPredictionJobProvider
from tests.kinds.kind import THEIR_LABELS, FaultCase, Kind
from tests.kinds.rows import Row, labels, local, secrets, timeouts
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.providers import State

_PATCH = "ml.projects.jobs.patch"
_INPUT: State = {
    "uri": "gs://<bucket>/multiplier/one",
    "dataFormat": "JSON",
    "inputPaths": ["gs://<bucket>/multiplier/one/rows.json"],
    "outputPath": "gs://<bucket>/out",
    "region": "us-central1",
    "batchSize": 8,
}
_CHANGED: State = {
    "modelName": "projects/<project>/models/m",
    "versionName": "projects/<project>/models/m/versions/v1",
    "uri": "gs://<bucket>/multiplier/two",
    "dataFormat": "TF_RECORD",
    "outputDataFormat": "JSON",
    "inputPaths": ["gs://<bucket>/multiplier/one/*.json"],
    "outputPath": "gs://<bucket>/other",
    "region": "us-east1",
    "maxWorkerCount": 2,
    "batchSize": 128,
    "signatureName": "other",
    "runtimeVersion": "2.11",
}


def _other_job(name: str, old: Any, new: Any) -> list[Row]:
    """A part of the job's identity: changed and newly given, it is another job; taken away, nothing is managed."""
    return [
        Row(field=name, change="changed", step="replace", old={name: old}, new={name: new}),
        Row(field=name, change="given", step="replace", old={name: None}, new={name: new}),
        Row(field=name, change="taken away", step="same", old={name: old}, new={name: None}),
    ]


_ROWS = [
    Row(field="project", change="changed", step="replace", new={"project": "<project>-b"}),
    Row(field="name", change="changed", step="replace", new={"name": "weekly"}),
    *(
        Row(
            field=f"predictionInput.{name}",
            change="changed",
            step="replace",
            new={"predictionInput": {**_INPUT, name: value}},
        )
        for name, value in _CHANGED.items()
    ),
    Row(
        field="predictionInput",
        change="changed",
        note="with one field less",
        step="replace",
        new={"predictionInput": {name: value for name, value in _INPUT.items() if name != "batchSize"}},
    ),
    Row(
        field="predictionInput",
        change="spelled",
        step="same",
        new={"predictionInput": dict(reversed({**_INPUT, "batchSize": 8.0}.items()))},
    ),
    *_other_job("trigger", "a", "b"),
    *_other_job("owner", "a", "b"),
    *labels(_PATCH),
    *local("wait", True, False),  # noqa: FBT003 - the values of a field
    *timeouts(),
    *secrets("labels.team"),
]

_LIST, _GET = "ml.projects.jobs.list", "ml.projects.jobs.get"

BATCH_PREDICTION_JOB = Kind(
    provider=BatchPredictionJobProvider,
    inputs={
        "project": "<project>",
        "name": "nightly",
        "predictionInput": _INPUT,
        "labels": {"team": "a", "stage": "x"},
    },
    needs=((SAVED_MODEL, {}),),
    identity="projects/<project>/jobs/nightly_*",
    patch=_PATCH,
    get=lambda emulator, name: emulator.ml().projects().jobs().get(name=name).execute(),
    path={"trigger": "again"},
    patches=(({"labels": {"stage": "b"}}, ["labels"]),),
    rows=_ROWS,
    theirs={"labels": THEIR_LABELS},
    faults={
        "": FaultCase(
            calls={
                "create": [_LIST, "ml.projects.jobs.create", _GET],
                "read": [_GET],
                "update": [_GET, _PATCH],
                "delete": [_LIST, _GET, _PATCH],
            }
        )
    },
    replaced=False,
    without={"fixed": "a change of what it predicts means another job"},
)
