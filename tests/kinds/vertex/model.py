"""The registry's model, and every change of its fields."""

from __future__ import annotations

from gcp import errors
from resources.vertex.model import ModelProvider
from resources.vertex.names import VERSION_LABEL
from tests.kinds.kind import THEIR_LABELS, FaultCase, Kind
from tests.kinds.rows import Row, Sent, labels, mutable, secrets
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.kinds.vertex.leaves import LOCATION, elsewhere
from tests.kinds.vertex.model_version import GET, LIST, MERGE, MODEL_VERSION, MODELS
from tests.providers import State
from tests.running import RunningEmulator

_PATCH = f"{MODELS}.patch"
_FIELDS: State = {"displayName": "a", "description": "a", "labels": {"team": "a", "stage": "x"}}
TWO_VERSIONS: tuple[tuple[Kind, State], ...] = (
    (SAVED_MODEL, {}),
    (MODEL_VERSION, {"labels": {}}),
    (MODEL_VERSION, {"labels": {}, "name": "v2"}),
)
"""What a choice between versions needs: two of them; the first is the model's default."""


def _live(emulator: RunningEmulator, name: str) -> State:
    """The model, without the label that holds the name of its default version."""
    found: State = emulator.vertex().projects().locations().models().get(name=name).execute()
    return {**found, "labels": {key: item for key, item in found["labels"].items() if key != VERSION_LABEL}}


_MOVED = Sent(MERGE, None, {"versionAliases": ["default"]})

_ROWS = [
    *elsewhere(
        [("project", "<project>-b"), ("location", "us-east1"), ("model", "n")],
        answer=errors.NotFound,
    ),
    *mutable(_PATCH, "displayName", "a", "b"),
    *mutable(_PATCH, "description", "a", "b"),
    *labels(_PATCH),
    Row(
        field="defaultVersion",
        change="changed",
        step="update",
        new={"defaultVersion": "v2"},
        wire=(_MOVED,),
        back=_MOVED.body,
    ),
    Row(
        field="defaultVersion",
        change="given",
        step="update",
        old={"defaultVersion": None},
        new={"defaultVersion": "v2"},
        wire=(_MOVED,),
    ),
    Row(field="defaultVersion", change="taken away", step="same", new={"defaultVersion": None}),
    Row(
        field="defaultVersion",
        change="changed",
        note="with a description",
        step="update",
        new={"defaultVersion": "v2", "description": "b"},
        wire=(Sent(_PATCH, "description", {"description": "b"}, guarded=True), _MOVED),
    ),
    *secrets("description"),
]

_CHOSEN = [GET, _PATCH, LIST, MERGE]

MODEL = Kind(
    provider=ModelProvider,
    inputs={"project": "<project>", "location": LOCATION, "model": "<model>", **_FIELDS, "defaultVersion": "v1"},
    needs=TWO_VERSIONS,
    identity=f"projects/<project>/locations/{LOCATION}/models/<model>",
    patch=_PATCH,
    get=_live,
    path={"model": "n"},
    patches=(
        ({"labels": {"stage": "b"}, "description": "b"}, ["description", "labels"]),
        ({"defaultVersion": "v2"}, ["defaultVersion"]),
    ),
    rows=_ROWS,
    theirs={"labels": THEIR_LABELS, "description": "theirs", "displayName": "theirs"},
    faults={
        "": FaultCase(
            calls={"create": _CHOSEN, "read": [GET], "update": _CHOSEN},
            change={"description": "b", "defaultVersion": "v2"},
        )
    },
    vanishes=False,
    without={"fixed": "all of its fields are changed in place"},
)
