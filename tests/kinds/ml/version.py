"""The version, and every change of its fields; those that are fixed are in a module of their own."""

from __future__ import annotations

from typing import Any

from gcp import errors
from resources.ml.version import VersionProvider
from tests.kinds.kind import THEIR_LABELS, FaultCase, Kind
from tests.kinds.ml import version_fixed_rows
from tests.kinds.ml.model import MODEL
from tests.kinds.rows import Row, Sent, labels, local, mutable, quiet, secrets, timeouts
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.providers import State

_VERSIONS = "ml.projects.models.versions"
_PATCH, _CREATE, _DELETE = f"{_VERSIONS}.patch", f"{_VERSIONS}.create", f"{_VERSIONS}.delete"

_BODY: State = {
    "name": "v1",
    "deploymentUri": "gs://<bucket>/multiplier/one/",
    "description": "a",
    "labels": {"team": "a", "stage": "x"},
    "runtimeVersion": "2.11",
    "pythonVersion": "3.7",
    "machineType": "n1-standard-2",
    "autoScaling": {"minNodes": 1, "maxNodes": 2},
}

_MLS1 = {"machineType": "mls1-c1-m2", "autoScaling": {"minNodes": 1, "maxNodes": 2}}
_MANUAL: State = {"autoScaling": None, "manualScaling": {"nodes": 1}}
_LOGGING = {"bigqueryTableName": "p.d.t", "samplingPercentage": 0.5}


def _patched(mask: str, body: State) -> tuple[Sent, ...]:
    return (Sent(_PATCH, mask, body, guarded=True),)


def _scaled(leaf: str, change: Any, new: State, wire: State | None = None, **more: Any) -> Row:
    """A change of the automatic scaling; `wire` is what is patched of it."""
    mask = ",".join(f"autoScaling.{key}" for key in sorted(wire or {}))
    return Row(
        field=_path(leaf),
        change=change,
        step="update" if wire else "same",
        new={"autoScaling": new},
        wire=_patched(mask, {"autoScaling": wire}) if wire else (),
        **more,
    )


def _path(leaf: str) -> str:
    """A path below `autoScaling`; `autoScaling` itself for none."""
    return f"autoScaling.{leaf}" if leaf else "autoScaling"


_AUTO = [
    _scaled("minNodes", "changed", {"minNodes": 2, "maxNodes": 2}, {"minNodes": 2}),
    _scaled("maxNodes", "changed", {"minNodes": 1, "maxNodes": 3}, {"maxNodes": 3}),
    _scaled("minNodes", "changed", {"minNodes": 2, "maxNodes": 3}, {"minNodes": 2, "maxNodes": 3}, note="both"),
    _scaled("minNodes", "changed", {"minNodes": 0, "maxNodes": 2}, {"minNodes": 0}, old=_MLS1, note="to 0 on mls1"),
    _scaled("minNodes", "given", {"minNodes": 2, "maxNodes": 2}, {"minNodes": 2}, old={"autoScaling": {"maxNodes": 2}}),
    _scaled("maxNodes", "given", {"minNodes": 1, "maxNodes": 2}, {"maxNodes": 2}, old={"autoScaling": {"minNodes": 1}}),
    _scaled("", "given", {"minNodes": 1, "maxNodes": 2}, {"minNodes": 1, "maxNodes": 2}, old={"autoScaling": None}),
    _scaled("minNodes", "taken away", {"maxNodes": 2}),
    _scaled("maxNodes", "taken away", {"minNodes": 1}),
    _scaled("", "spelled", {"maxNodes": 2.0, "minNodes": 1.0}),
    Row(field="autoScaling", change="taken away", step="same", new={"autoScaling": None}),
]

_LOGGED = [
    *mutable(_PATCH, "requestLoggingConfig", _LOGGING, {**_LOGGING, "bigqueryTableName": "p.d.u"}),
    Row(
        field="requestLoggingConfig.bigqueryTableName",
        change="changed",
        step="update",
        old={"requestLoggingConfig": _LOGGING},
        new={"requestLoggingConfig": {**_LOGGING, "bigqueryTableName": "p.d.v"}},
        wire=_patched("requestLoggingConfig", {"requestLoggingConfig": {**_LOGGING, "bigqueryTableName": "p.d.v"}}),
    ),
    Row(
        field="requestLoggingConfig.samplingPercentage",
        change="changed",
        step="update",
        old={"requestLoggingConfig": _LOGGING},
        new={"requestLoggingConfig": {**_LOGGING, "samplingPercentage": 0.25}},
        wire=_patched("requestLoggingConfig", {"requestLoggingConfig": {**_LOGGING, "samplingPercentage": 0.25}}),
    ),
    Row(
        field="requestLoggingConfig.samplingPercentage",
        change="given",
        step="update",
        old={"requestLoggingConfig": {"bigqueryTableName": "p.d.t"}},
        new={"requestLoggingConfig": _LOGGING},
        wire=_patched("requestLoggingConfig", {"requestLoggingConfig": _LOGGING}),
    ),
    Row(
        field="requestLoggingConfig.samplingPercentage",
        change="taken away",
        note="of a value that is patched as a whole",
        step="update",
        old={"requestLoggingConfig": _LOGGING},
        new={"requestLoggingConfig": {"bigqueryTableName": "p.d.t"}},
        wire=_patched("requestLoggingConfig", {"requestLoggingConfig": {"bigqueryTableName": "p.d.t"}}),
    ),
    Row(
        field="requestLoggingConfig",
        change="spelled",
        step="same",
        old={"requestLoggingConfig": {"bigqueryTableName": "p.d.t", "samplingPercentage": 1}},
        new={"requestLoggingConfig": {"samplingPercentage": 1.0, "bigqueryTableName": "p.d.t"}},
    ),
]

_NOWHERE: State = {"answer": errors.NotFound}
_ROWS = [
    Row(field="project", change="changed", step="replace", new={"project": "<project>-b"}, **_NOWHERE),
    Row(field="model", change="changed", step="replace", new={"model": "n"}, **_NOWHERE),
    Row(field="name", change="changed", step="replace", new={"name": "v2"}, body={"name": "v2"}),
    *mutable(_PATCH, "description", "a", "b"),
    Row(
        field="description",
        change="changed",
        note="emptied",
        step="update",
        new={"description": ""},
        wire=_patched("description", {"description": ""}),
    ),
    Row(
        field="description",
        change="changed",
        note="with a leaf and the labels",
        step="update",
        new={"description": "b", "autoScaling": {"minNodes": 2, "maxNodes": 2}, "labels": {"team": "b"}},
        wire=_patched(
            "autoScaling.minNodes,description,labels",
            {"description": "b", "autoScaling": {"minNodes": 2}, "labels": {"team": "b"}},
        ),
    ),
    *labels(_PATCH),
    Row(
        field="labels",
        change="changed",
        note="on mls1",
        step="refused",
        old=_MLS1,
        new={"labels": {"team": "b"}},
        body={**_MLS1, "labels": {"team": "b"}},
    ),
    *_AUTO,
    Row(
        field="manualScaling.nodes",
        change="changed",
        step="update",
        old=_MANUAL,
        new={"manualScaling": {"nodes": 2}},
        wire=_patched("manualScaling.nodes", {"manualScaling": {"nodes": 2}}),
    ),
    Row(field="manualScaling", change="spelled", step="same", old=_MANUAL, new={"manualScaling": {"nodes": 1.0}}),
    Row(
        field="manualScaling",
        change="taken away",
        outside="reported",
        step="same",
        old=_MANUAL,
        new={"manualScaling": None},
    ),
    *_LOGGED,
    *version_fixed_rows.ROWS,
    *timeouts(),
    *local("allowDowntime", old=False, new=True),
    *quiet("signatures", {"a": {"inputs": {"x": "float32[?]"}}}, {"a": {"inputs": {"x": "float32[1]"}}}),
    *quiet("allowBreakingChange", "v1", "v2"),
    *local("owner", "token", "another"),
    *local("adopt", old=False, new=True),
    *secrets("description"),
]

_GET, _POLL = f"{_VERSIONS}.get", "ml.projects.operations.get"
_PATCHED = [_GET, _PATCH, _POLL]

VERSION = Kind(
    provider=VersionProvider,
    inputs={"project": "<project>", "model": "<model>", **_BODY},
    needs=((SAVED_MODEL, {}), (SAVED_MODEL, {"prefix": "multiplier/two"}), (MODEL, {})),
    identity="projects/<project>/models/<model>/versions/v1",
    body=_BODY,
    create=_CREATE,
    patch=_PATCH,
    delete=_DELETE,
    operations=(_CREATE, _PATCH, _DELETE),
    get=lambda emulator, name: emulator.ml().projects().models().versions().get(name=name).execute(),
    path={"name": "v2"},
    patches=(
        ({"autoScaling": {"minNodes": 2, "maxNodes": 2}}, ["autoScaling.minNodes"]),
        ({"description": "b"}, ["description"]),
        ({"requestLoggingConfig": _LOGGING}, ["requestLoggingConfig"]),
    ),
    fixed={"machineType": "n1-standard-4"},
    rows=_ROWS,
    theirs={
        "labels": THEIR_LABELS,
        "autoScaling": {"minNodes": 2, "maxNodes": 3},
        "requestLoggingConfig": _LOGGING,
    },
    faults={
        "": FaultCase(
            inputs={"requestLoggingConfig": _LOGGING},  # the API's `create` ignores it, so that `create` patches too
            calls={
                "create": [_CREATE, *_PATCHED],
                "read": [_GET],
                "update": _PATCHED,
                "delete": [_GET, f"{_VERSIONS}.list", f"{_VERSIONS}.setDefault", _DELETE, _POLL],
            },
            # Another version: the one under test, the default, can be deleted only after the default has moved.
            before={"delete": lambda world, inputs: world.made(VersionProvider, {**inputs, "name": "v2"})},
        )
    },
)
