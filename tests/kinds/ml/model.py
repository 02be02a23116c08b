"""Every field of a Model."""

from __future__ import annotations

from tests.kinds.rows import Row, Sent, fixed, local, mutable, secrets, timeouts
from tests.providers import State

PATCH, CREATE, DELETE = "ml.projects.models.patch", "ml.projects.models.create", "ml.projects.models.delete"

BODY: State = {
    "name": "m",
    "description": "a",
    "labels": {"team": "a", "stage": "x"},
    "regions": ["us-east1"],
    "onlinePredictionLogging": False,
    "onlinePredictionConsoleLogging": False,
}
INPUTS: State = {"project": "<project>", **BODY}


def _patched(name: str, body: State) -> tuple[Sent, ...]:
    return (Sent(PATCH, name, body, guarded=True),)


def labels(method: str) -> list[Row]:
    """Labels of a resource of `ml` v1: a patch holds all of them, those that others set too."""
    edits = {
        "another value": {"team": "b", "stage": "x"},
        "one more": {"team": "a", "stage": "x", "cost": "y"},
        "one less": {"team": "a"},
        "none left": {},
    }
    changed = [
        Row(
            field="labels",
            change="changed",
            note=note,
            step="update",
            new={"labels": new},
            wire=(Sent(method, "labels", {"labels": new}, guarded=True),),
            outside="left alone" if note == "one more" else None,
        )
        for note, new in edits.items()
    ]
    spelled = Row(field="labels", change="spelled", step="same", new={"labels": {"stage": "x", "team": "a"}})
    return [*mutable(method, "labels", {"team": "a"}, {"cost": "y"}), *changed, spelled]


ROWS = [
    Row(field="project", change="changed", step="replace", new={"project": "<project>-b"}),
    Row(field="name", change="changed", step="replace", new={"name": "n"}, body={"name": "n"}),
    *mutable(PATCH, "description", "a", "b"),
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
    *labels(PATCH),
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
