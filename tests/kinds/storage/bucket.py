"""The bucket, and every change of its fields."""

from __future__ import annotations

from typing import Any

from gcp import errors
from resources.storage.bucket import BucketProvider
from tests.kinds.kind import THEIR_LABELS, FaultCase, Kind
from tests.kinds.rows import Row, Sent, fixed, local, mutable, secrets
from tests.providers import State

_PATCH, _CREATE, _DELETE = "storage.buckets.patch", "storage.buckets.insert", "storage.buckets.delete"

_BODY: State = {
    "name": "<bucket>",
    "location": "us-central1",
    "labels": {"team": "a", "stage": "x"},
    "versioning": {"enabled": False},
    "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"},
    "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]},
}


def _patched(body: State) -> tuple[Sent, ...]:
    return (Sent(_PATCH, None, body, guarded=True),)


def _rule(condition: State, **action: Any) -> State:
    return {"rule": [{"action": {"type": "Delete", **action}, "condition": condition}]}


def _lifecycle(path: str, new: State, api: State | None = None) -> Row:
    """A leaf of the lifecycle: the API takes its rules as a whole."""
    wire = _patched({"lifecycle": api or new})
    return Row(field=f"lifecycle.rule.{path}", change="changed", step="update", new={"lifecycle": new}, wire=wire)


_CONDITIONS: list[tuple[str, Any, Any]] = [
    ("age", 60, 60),
    ("createdBefore", "2026-01-31", "2026-01-31"),
    ("customTimeBefore", "2026-01-31", "2026-01-31"),
    ("daysSinceCustomTime", 3, 3),
    ("daysSinceNoncurrentTime", 3, 3),
    ("isLive", False, False),
    ("matchesPrefix", ["a/"], ["a/"]),
    ("matchesStorageClass", ["NEARLINE"], ["NEARLINE"]),
    ("matchesSuffix", [".tmp"], [".tmp"]),
    ("noncurrentTimeBefore", "2026-01-31", "2026-01-31"),
    ("numNewerVersions", 2, 2),
    ("sizeAboveBytes", 5 * 2**30, "5368709120"),
    ("sizeBelowBytes", 10, "10"),
]
"""Key, what a program says, and what the API takes: an int64 goes as a string."""

_UNIFORM, _PREVENTION = "iamConfiguration.uniformBucketLevelAccess", "iamConfiguration.publicAccessPrevention"
_OPEN = {"uniformBucketLevelAccess": {"enabled": False}}

_ROWS = [
    Row(field="project", change="changed", step="replace", new={"project": "<project>-b"}),
    Row(field="name", change="changed", step="replace", new={"name": "<bucket>-b"}, body={"name": "<bucket>-b"}),
    *fixed("location", "us-central1", "EU"),
    Row(
        field="location",
        change="spelled",
        step="same",
        new={"location": "US-CENTRAL1"},
    ),
    *mutable(_PATCH, "storageClass", "STANDARD", "NEARLINE", masked=False),
    *mutable(_PATCH, "labels", {"team": "a"}, {"team": "b"}, masked=False),
    Row(
        field="labels",
        change="changed",
        note="one more",
        outside="left alone",
        step="update",
        new={"labels": {"team": "a", "stage": "x", "cost": "y"}},
        wire=_patched({"labels": {"team": "a", "stage": "x", "cost": "y"}}),
    ),
    Row(
        field="labels",
        change="changed",
        note="one less",
        step="update",
        new={"labels": {"team": "a"}},
        wire=_patched({"labels": {"team": "a", "stage": None}}),
    ),
    Row(
        field="labels",
        change="changed",
        note="none left",
        step="update",
        new={"labels": {}},
        wire=_patched({"labels": {"team": None, "stage": None}}),
    ),
    Row(field="labels", change="spelled", step="same", new={"labels": {"stage": "x", "team": "a"}}),
    Row(
        field="versioning.enabled",
        change="changed",
        step="update",
        new={"versioning": {"enabled": True}},
        wire=_patched({"versioning": {"enabled": True}}),
    ),
    Row(
        field="versioning",
        change="given",
        step="update",
        old={"versioning": None},
        new={"versioning": {"enabled": True}},
        wire=_patched({"versioning": {"enabled": True}}),
    ),
    Row(
        field="versioning",
        change="taken away",
        step="same",
        old={"versioning": {"enabled": True}},
        new={"versioning": None},
    ),
    *mutable(_PATCH, "lifecycle", _rule({"age": 30}), _rule({"age": 31}), masked=False),
    *(_lifecycle(f"condition.{key}", _rule({key: value}), _rule({key: api})) for key, value, api in _CONDITIONS),
    _lifecycle("action.type", _rule({"age": 30}, type="AbortIncompleteMultipartUpload")),
    _lifecycle("action.storageClass", _rule({"age": 30}, type="SetStorageClass", storageClass="COLDLINE")),
    Row(
        field="lifecycle",
        change="changed",
        note="no rule left",
        step="update",
        new={"lifecycle": {"rule": []}},
        wire=_patched({"lifecycle": {"rule": []}}),
    ),
    Row(field="lifecycle", change="spelled", step="same", new={"lifecycle": _rule({"age": 30.0})}),
    Row(
        field=f"{_UNIFORM}.enabled",
        change="changed",
        step="update",
        new={"iamConfiguration": {**_BODY["iamConfiguration"], **_OPEN}},
        wire=_patched({"iamConfiguration": _OPEN}),
    ),
    Row(
        field=_UNIFORM,
        change="given",
        step="update",
        old={"iamConfiguration": {"publicAccessPrevention": "enforced"}},
        new={"iamConfiguration": _BODY["iamConfiguration"]},
        wire=_patched({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}),
    ),
    Row(
        field=_UNIFORM,
        change="taken away",
        step="same",
        new={"iamConfiguration": {"publicAccessPrevention": "enforced"}},
    ),
    Row(
        field=_PREVENTION,
        change="changed",
        step="update",
        new={"iamConfiguration": {**_BODY["iamConfiguration"], "publicAccessPrevention": "inherited"}},
        wire=_patched({"iamConfiguration": {"publicAccessPrevention": "inherited"}}),
    ),
    Row(
        field=_PREVENTION,
        change="given",
        step="update",
        old={"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}},
        new={"iamConfiguration": _BODY["iamConfiguration"]},
        wire=_patched({"iamConfiguration": {"publicAccessPrevention": "enforced"}}),
    ),
    Row(
        field=_PREVENTION,
        change="taken away",
        step="same",
        new={"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}},
    ),
    Row(
        field="iamConfiguration",
        change="given",
        step="update",
        old={"iamConfiguration": None},
        new={"iamConfiguration": _BODY["iamConfiguration"]},
        wire=_patched({"iamConfiguration": _BODY["iamConfiguration"]}),
    ),
    Row(field="iamConfiguration", change="taken away", step="same", new={"iamConfiguration": None}),
    *local("forceDestroy", old=True, new=False, lasting=True),
    *local("allowDowntime", old=False, new=True),
    *local("owner", "token", "another"),
    *local("adopt", old=False, new=True),
    *secrets("labels.team"),
]

_READ = ["storage.buckets.get"]

BUCKET = Kind(
    provider=BucketProvider,
    inputs={"project": "<project>", **_BODY},
    identity="<bucket>",
    body=_BODY,
    create=_CREATE,
    patch=_PATCH,
    delete=_DELETE,
    get=lambda emulator, name: emulator.storage().buckets().get(bucket=name).execute(),
    path={"name": "another-bucket"},
    patches=(
        ({"labels": {"stage": "b"}}, ["labels"]),
        ({"versioning": {"enabled": True}}, ["versioning.enabled"]),
        ({"storageClass": "NEARLINE"}, ["storageClass"]),
        ({"lifecycle": {"rule": []}}, ["lifecycle"]),
    ),
    fixed={"location": "EU"},
    rows=_ROWS,
    theirs={
        "labels": THEIR_LABELS,
        "storageClass": "NEARLINE",
        "versioning": {"enabled": True},
        "lifecycle": _rule({"age": 9}),
        "iamConfiguration": {"publicAccessPrevention": "enforced"},
    },
    conflict=errors.PreconditionFailed,
    faults={
        "": FaultCase(
            calls={
                "create": [_CREATE, *_READ],
                "read": _READ,
                "update": [*_READ, _PATCH],
                "delete": ["storage.objects.list", _DELETE],
            }
        )
    },
)
