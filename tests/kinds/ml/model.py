"""The model, and every change of its fields."""

from __future__ import annotations

from resources.ml.model import ModelProvider
from tests.kinds.kind import THEIR_LABELS, FaultCase, Kind
from tests.kinds.rows import Row, Sent, fixed, labels, local, mutable, secrets, timeouts
from tests.providers import State

_PATCH, _CREATE, _DELETE = "ml.projects.models.patch", "ml.projects.models.create", "ml.projects.models.delete"

_BODY: State = {
    "name": "<model>",
    "description": "a",
    "labels": {"team": "a", "stage": "x"},
    "regions": ["us-east1"],
    "onlinePredictionLogging": False,
    "onlinePredictionConsoleLogging": False,
}


def _patched(name: str, body: State) -> tuple[Sent, ...]:
    return (Sent(_PATCH, name, body, guarded=True),)


_ROWS = [
    Row(field="project", change="changed", step="replace", new={"project": "<project>-b"}),
    Row(field="name", change="changed", step="replace", new={"name": "n"}, body={"name": "n"}),
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
        note="with the labels",
        step="update",
        new={"description": "b", "labels": {"team": "b"}},
        wire=_patched("description,labels", {"description": "b", "labels": {"team": "b"}}),
    ),
    *labels(_PATCH),
    *fixed("regions", ["us-east1"], ["us-central1"]),
    *fixed("onlinePredictionLogging", old=False, new=True),
    *fixed("onlinePredictionConsoleLogging", old=False, new=True),
    Row(
        field="onlinePredictionLogging",
        change="changed",
        note="switched off",
        step="refused",
        old={"onlinePredictionLogging": True},
        new={"onlinePredictionLogging": False},
    ),
    Row(
        field="onlinePredictionLogging",
        change="given",
        note="as it is by default",
        step="update",
        old={"onlinePredictionLogging": None},
        new={"onlinePredictionLogging": False},
    ),
    *timeouts(),
    *local("allowDowntime", old=False, new=True),
    *local("owner", "token", "another"),
    *local("adopt", old=False, new=True),
    *secrets("description"),
]

_READ, _POLL = "ml.projects.models.get", "ml.projects.operations.get"

MODEL = Kind(
    provider=ModelProvider,
    inputs={"project": "<project>", **_BODY},
    identity="projects/<project>/models/<model>",
    body=_BODY,
    create=_CREATE,
    patch=_PATCH,
    delete=_DELETE,
    operations=(_PATCH, _DELETE),
    get=lambda emulator, name: emulator.ml().projects().models().get(name=name).execute(),
    path={"name": "n"},
    patches=(
        ({"labels": {"stage": "b"}, "description": "b"}, ["description", "labels"]),
        ({"description": "c"}, ["description"]),
    ),
    fixed={"regions": ["us-central1"]},
    rows=_ROWS,
    theirs={"labels": THEIR_LABELS, "description": "theirs"},
    faults={
        "": FaultCase(
            calls={
                "create": [_CREATE],
                "read": [_READ],
                "update": [_READ, _PATCH, _POLL],
                "delete": [_DELETE, _POLL],
            }
        )
    },
)
