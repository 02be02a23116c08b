"""The batch prediction job, and every change of its fields: all that says what is predicted means another job."""

from __future__ import annotations

from typing import Any

from resources.vertex.fields.batch_prediction_job import BATCH_PREDICTION_JOB as SCHEMA
from resources.vertex.fields.batch_prediction_job import JOB_LABEL
from resources.vertex.jobs.batch_prediction_job import BatchPredictionJobProvider
from tests.kinds.kind import FaultCase, Kind
from tests.kinds.rows import Row, fixed, leaves, local, secrets, timeouts
from tests.kinds.vertex.endpoint import POLL_FLAT
from tests.kinds.vertex.leaves import LOCATION
from tests.kinds.vertex.model_version import MODEL_VERSION
from tests.providers import State
from tests.running import RunningEmulator

JOBS = "aiplatform.projects.locations.batchPredictionJobs"
CREATE, _DELETE, _LIST, _GET = (f"{JOBS}.{verb}" for verb in ("create", "delete", "list", "get"))
_MACHINES: State = {"machineSpec": {"machineType": "n1-standard-2"}, "maxReplicaCount": 2}
_INPUTS: State = {
    "project": "<project>",
    "location": LOCATION,
    "displayName": "nightly",
    "model": f"projects/<project>/locations/{LOCATION}/models/<model>@1",
    "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://<bucket>/multiplier/one/rows.json"]}},
    "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://<bucket>/out"}},
    "dedicatedResources": _MACHINES,
    "labels": {"team": "a", "stage": "x"},
}
_SPELLED: State = {
    "dedicatedResources": _MACHINES,
    "manualBatchTuningParameters": {"batchSize": 8},
    "unmanagedContainerModel": {"containerSpec": {"imageUri": "i", "sharedMemorySizeMb": 8}},
}
"""What has numbers, which the engine hands over as floats."""


_NUMBERS = {
    *("acceleratorCount", "startingReplicaCount", "maxReplicaCount", "batchSize", "sharedMemorySizeMb"),
    *("containerPort", "port", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"),
    "initialDelaySeconds",
}
"""Leaves that hold numbers."""


def _at(path: str, value: Any) -> State:
    """An object with this value at this path."""
    name, _, rest = path.partition(".")
    return {name: _at(rest, value) if rest else value}


def _another_job(path: str) -> Row:
    """A leaf of what the job is made of, changed: it is another job."""
    old, new = (1, 2) if path.rpartition(".")[2] in _NUMBERS else ("a", "b")
    return Row(field=path, change="changed", step="replace", old=_at(path, old), new=_at(path, new))


def _optional(name: str) -> list[Row]:
    """Newly given it is another job; taken away, nothing is managed."""
    return [
        Row(field=name, change="given", step="replace", old={name: None}, new={name: "b"}),
        Row(field=name, change="taken away", step="same", old={name: "a"}, new={name: None}),
    ]


def _floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _floats(item) for key, item in value.items()}
    return float(value) if isinstance(value, int) else value


_PATHS = SCHEMA.names("path")
_REQUIRED = ("project", "location", "displayName", "inputConfig", "outputConfig")
_ROWS = [
    *(_another_job(path) for path in leaves(SCHEMA) if path.partition(".")[0] in _PATHS),
    *(row for name in _PATHS if name not in _REQUIRED for row in _optional(name)),
    *(
        Row(field=name, change="spelled", step="same", old={name: value}, new={name: _floats(value)})
        for name, value in _SPELLED.items()
    ),
    *fixed("labels", {"team": "a"}, {"team": "b"}),
    *local("wait", True, False),  # noqa: FBT003 - the values of a field
    *timeouts(),
    *secrets("labels.team"),
]


def _live(emulator: RunningEmulator, name: str) -> State:
    """The job of this ID, without the label by which it was found."""
    place, _, rest = name.partition("/batchPredictionJobs/")
    jobs = emulator.vertex().projects().locations().batchPredictionJobs()
    wanted = f"labels.{JOB_LABEL}={rest.rpartition('/')[2]}"
    [found] = jobs.list(parent=place, filter=wanted).execute()["batchPredictionJobs"]
    own: State = {**found, "labels": {key: item for key, item in found["labels"].items() if key != JOB_LABEL}}
    return own


BATCH_PREDICTION_JOB = Kind(
    provider=BatchPredictionJobProvider,
    inputs=_INPUTS,
    needs=((MODEL_VERSION, {}),),
    identity=f"projects/<project>/locations/{LOCATION}/batchPredictionJobs/nightly/*",
    create=CREATE,
    delete=_DELETE,
    operations=(_DELETE,),
    get=_live,
    path={"trigger": "again"},
    fixed={"labels": {"team": "b"}},
    rows=_ROWS,
    faults={
        "": FaultCase(
            calls={"create": [_LIST, CREATE, _GET], "read": [_LIST], "delete": [_LIST, _DELETE, POLL_FLAT]},
        )
    },
    replaced=False,
    without={
        "patches": "the API has no patch",
        "theirs": "the API has no patch, so nobody can change a job",
    },
)
