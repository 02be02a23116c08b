"""The model version, and every change of its fields; those of its container are in a module of their own."""

from __future__ import annotations

from typing import Any

from resources.vertex.model_version import ModelVersionProvider
from resources.vertex.names import VERSION_LABEL
from tests.kinds.kind import THEIR_LABELS, FaultCase, Kind
from tests.kinds.rows import Row, Sent, fixed, labels, local, mutable, quiet, secrets, timeouts
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.kinds.vertex import container_rows
from tests.kinds.vertex.endpoint import POLL_FLAT
from tests.kinds.vertex.leaves import LOCATION, elsewhere, fixed_leaves
from tests.kinds.world import World
from tests.providers import State
from tests.running import RunningEmulator

MODELS = "aiplatform.projects.locations.models"
_UPLOAD, _PATCH, MERGE = f"{MODELS}.upload", f"{MODELS}.patch", f"{MODELS}.mergeVersionAliases"
GET = f"{MODELS}.get"
LIST, _DELETE, _DELETE_VERSION = f"{MODELS}.listVersions", f"{MODELS}.delete", f"{MODELS}.deleteVersion"

_BODY: State = {
    "displayName": "<model>",
    "artifactUri": "gs://<bucket>/multiplier/one/",
    "containerSpec": container_rows.PREBUILT,
    "versionDescription": "a",
    "labels": {"team": "a", "stage": "x"},
}
_KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/{}"
_SCHEMATA = dict.fromkeys(("instanceSchemaUri", "parametersSchemaUri", "predictionSchemaUri"), "gs://b/one.yaml")


def _request(fields: State) -> State:
    """The JSON of an upload, of the fields of the version, its name and its model."""
    fields = dict(fields)
    name, model = fields.pop("name", "v1"), fields.pop("model", "<model>")
    labelled = {**fields.get("labels", {}), VERSION_LABEL: name}
    shown = {"displayName": model} if model != "<model>" else {}
    return {"model": {**fields, **shown, "labels": labelled}, "modelId": model}


def _aliases(change: Any, old: list[str] | None, new: list[str], sent: list[str], **more: Any) -> Row:
    return Row(
        field="versionAliases",
        change=change,
        step="update",
        old={"versionAliases": old},
        new={"versionAliases": new},
        wire=(Sent(MERGE, None, {"versionAliases": sent}),),
        **more,
    )


_ROWS = [
    *elsewhere([("project", "<project>-b"), ("location", "us-east1")]),
    *elsewhere([("model", "n")], body={"model": "n"}),
    *elsewhere([("name", "v2")], body={"name": "v2"}),
    *quiet("displayName", "a", "b"),
    *fixed("artifactUri", "gs://<bucket>/multiplier/one/", "gs://<bucket>/multiplier/two/"),
    *container_rows.ROWS,
    *mutable(_PATCH, "versionDescription", "a", "b"),
    Row(
        field="versionDescription",
        change="changed",
        note="with aliases and labels",
        step="update",
        new={"versionDescription": "b", "versionAliases": ["blue"], "labels": {"team": "b"}},
        wire=(
            Sent(
                _PATCH,
                "labels,versionDescription",
                {"versionDescription": "b", "labels": {"team": "b", VERSION_LABEL: "v1"}},
                guarded=True,
            ),
            Sent(MERGE, None, {"versionAliases": ["blue"]}),
        ),
    ),
    _aliases("changed", ["blue", "green"], ["green", "red"], ["green", "red", "-blue"]),
    _aliases("changed", ["blue"], [], ["-blue"], note="none left"),
    _aliases("given", None, ["blue"], ["blue"]),
    Row(
        field="versionAliases",
        change="taken away",
        step="same",
        old={"versionAliases": ["blue"]},
        new={"versionAliases": None},
    ),
    *labels(_PATCH, {VERSION_LABEL: "v1"}),
    # The API answers the addresses of its own copies, so that no other value is ever seen.
    *fixed("predictSchemata", _SCHEMATA, {**_SCHEMATA, "instanceSchemaUri": "gs://b/two.yaml"}, made=False),
    *fixed_leaves("predictSchemata", _SCHEMATA, dict.fromkeys(_SCHEMATA, "gs://b/three.yaml"), made=False),
    *fixed("encryptionSpec", {"kmsKeyName": _KEY.format("a")}, {"kmsKeyName": _KEY.format("b")}),
    *fixed_leaves("encryptionSpec", {"kmsKeyName": _KEY.format("a")}, {"kmsKeyName": _KEY.format("c")}),
    *local("serviceAccount", "a@p.iam", "b@p.iam"),
    *timeouts(),
    *local("allowDowntime", old=False, new=True),
    *local("owner", "token", "another"),
    *local("adopt", old=False, new=True),
    *secrets("versionDescription"),
]

_UNDER_WAY, _POLL = f"{MODELS}.operations.list", f"{MODELS}.operations.get"


def _live(emulator: RunningEmulator, name: str) -> State:
    """The version of this id, without the label that holds its name."""
    model, _, version = name.partition("/versions/")
    listed = emulator.vertex().projects().locations().models().listVersions(name=model).execute()["models"]
    [found] = [each for each in listed if each["labels"].get(VERSION_LABEL) == version]
    own: State = {**found, "labels": {key: item for key, item in found["labels"].items() if key != VERSION_LABEL}}
    return own


def _with_second(world: World, inputs: State) -> None:
    """Another version: the one under test, the default, can be deleted only after the default has moved."""
    world.made(ModelVersionProvider, {**inputs, "name": "v2", "versionAliases": None})


def _with_first(world: World, inputs: State) -> State:
    """A version of the same stack's that made the model."""
    world.made(ModelVersionProvider, {**inputs, "name": "v0", "labels": {}, "versionAliases": None, "adopt": True})
    return {**inputs, "adopt": True}


MODEL_VERSION = Kind(
    provider=ModelVersionProvider,
    inputs={
        "project": "<project>",
        "location": LOCATION,
        "model": "<model>",
        "name": "v1",
        **{name: value for name, value in _BODY.items() if name != "displayName"},
    },
    needs=((SAVED_MODEL, {}), (SAVED_MODEL, {"prefix": "multiplier/two"})),
    identity=f"projects/<project>/locations/{LOCATION}/models/<model>/versions/v1",
    body=_BODY,
    create=_UPLOAD,
    request=_request,
    patch=_PATCH,
    delete=_DELETE,
    operations=(_UPLOAD, _DELETE, _DELETE_VERSION),
    get=_live,
    path={"name": "v2"},
    patches=(
        ({"versionDescription": "b"}, ["versionDescription"]),
        ({"labels": {"stage": "b"}, "versionDescription": "c"}, ["labels", "versionDescription"]),
        ({"versionAliases": ["blue"]}, ["versionAliases"]),
    ),
    fixed={"artifactUri": "gs://b/other/"},
    rows=_ROWS,
    theirs={"labels": THEIR_LABELS, "versionDescription": "theirs"},
    faults={
        "": FaultCase(
            calls={
                "create": [_UNDER_WAY, LIST, _UPLOAD, _POLL, GET],
                "read": [LIST],
                "update": [LIST, _PATCH, MERGE],
                "delete": [_UNDER_WAY, LIST, MERGE, _DELETE_VERSION, POLL_FLAT],
            },
            change={"versionDescription": "b", "versionAliases": ["blue"]},
            before={"delete": _with_second},
        ),
        "further": FaultCase(arrange=_with_first, calls={"create": [_UNDER_WAY, LIST, _UPLOAD, _POLL, GET]}),
        "last": FaultCase(calls={"delete": [_UNDER_WAY, LIST, _DELETE, POLL_FLAT]}),
    },
)
