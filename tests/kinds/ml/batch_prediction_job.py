"""Every field of a BatchPredictionJob: all that says what is predicted means another job."""

from __future__ import annotations

from typing import Any

from tests.kinds.ml.model import labels
from tests.kinds.rows import Row, local, secrets, timeouts
from tests.providers import State

PATCH = "ml.projects.jobs.patch"
_INPUT: State = {
    "uri": "gs://<bucket>/x2.0",
    "dataFormat": "JSON",
    "inputPaths": ["gs://<bucket>/in/rows.json"],
    "outputPath": "gs://<bucket>/out",
    "region": "us-central1",
}
INPUTS: State = {
    "project": "<project>",
    "name": "nightly",
    "predictionInput": _INPUT,
    "labels": {"team": "a", "stage": "x"},
}
_CHANGED: State = {
    "modelName": "projects/<project>/models/m",
    "versionName": "projects/<project>/models/m/versions/v1",
    "uri": "gs://<bucket>/x3.0",
    "dataFormat": "TF_RECORD",
    "outputDataFormat": "JSON",
    "inputPaths": ["gs://<bucket>/in/*.json"],
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


ROWS = [
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
        old={"predictionInput": {**_INPUT, "batchSize": 128}},
        new={"predictionInput": _INPUT},
    ),
    Row(
        field="predictionInput",
        change="spelled",
        step="same",
        old={"predictionInput": {**_INPUT, "batchSize": 128}},
        new={"predictionInput": dict(reversed({**_INPUT, "batchSize": 128.0}.items()))},
    ),
    *_other_job("trigger", "a", "b"),
    *_other_job("owner", "a", "b"),
    *labels(PATCH),
    *local("wait", True, False),  # noqa: FBT003 - the values of a field
    *timeouts(),
    *secrets("labels.team"),
]
