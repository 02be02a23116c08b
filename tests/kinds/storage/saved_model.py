"""The SavedModel, and every change of its fields: files under a prefix, and what a reviewer sees of them."""

from __future__ import annotations

from typing import Any

from gcp import errors
from resources.storage.saved_model import SavedModelProvider
from tests.kinds.kind import FaultCase, Kind
from tests.kinds.rows import Row, Sent, fixed, local, quiet, secrets
from tests.kinds.storage.bucket import BUCKET
from tests.kinds.world import World
from tests.providers import State

INSERT, _DELETE = "storage.objects.insert", "storage.objects.delete"
_INPUTS: State = {
    "bucket": "<bucket>",
    "prefix": "multiplier/one",
    "source": "<one>",
    "files": "<files one>",
    "recipe": "multiplier",
    "parameters": {"factor": 2},
    "inputDigest": "1" * 16,
    "contentDigest": "2" * 16,
    "tensorflow": "2.20.0",
    "signatures": {"serving_default": {"inputs": {"x": "float32[?]"}, "outputs": {"y": "float32[?]"}}},
    "metrics": {"accuracy": 1, "loss": 0.5},
    "size": 300,
}


def _uploaded(prefix: str, name: str, crc32c: str, *, guarded: bool = False) -> Sent:
    return Sent(INSERT, None, {"name": f"{prefix}/{name}", "crc32c": crc32c}, guarded)


def _spelled(name: str, new: Any) -> Row:
    return Row(field=name, change="spelled", step="same", new={name: new})


def _claim(stack: str) -> str:
    """The claim of a stack whose identity has this digest, asked without a URN."""
    return f".claims/multiplier/one/{stack}-e3b0c44298fc1c14"


_CLAIM_ONE, _CLAIM_TWO = _claim("7692c3ad3540bb80"), _claim("3fc4ccfe745870e2")

_FACTS: list[tuple[str, Any]] = [
    ("recipe", "another"),
    ("parameters", {"factor": 3}),
    ("inputDigest", "3" * 16),
    ("contentDigest", "4" * 16),
    ("tensorflow", "2.21.0"),
    ("signatures", {"serving_default": {"inputs": {"x": "float32[?]"}, "outputs": {"z": "float32[?]"}}}),
    ("metrics", {"accuracy": 0.9, "loss": 0.5}),
    ("size", 301),
]

_REMOVED = (Sent(_DELETE, guarded=True),) * 3

_ROWS = [
    Row(
        field="bucket",
        change="changed",
        step="replace",
        new={"bucket": "<bucket>-b"},
        wire=_REMOVED,
        answer=errors.NotFound,
    ),
    Row(
        field="prefix",
        change="changed",
        step="replace",
        new={"prefix": "multiplier/two"},
        wire=(
            *_REMOVED,
            _uploaded("multiplier/two", "rows.json", "<crc one rows.json>"),
            _uploaded("multiplier/two", "saved_model.pb", "<crc one saved_model.pb>"),
            Sent(INSERT, None, {"name": "multiplier/two/manifest.json"}),
        ),
    ),
    Row(
        field="files",
        change="changed",
        note="one holds other bytes",
        step="update",
        new={"files": "<files two>", "source": "<two>"},
        wire=(_uploaded("multiplier/one", "rows.json", "<crc two rows.json>", guarded=True),),
    ),
    Row(
        field="files",
        change="changed",
        note="one more",
        outside="left alone",
        step="update",
        new={"files": "<files three>", "source": "<three>"},
        wire=(_uploaded("multiplier/one", "more.txt", "<crc three more.txt>"),),
    ),
    Row(field="files", change="spelled", step="same", new={"files": "<files spelled>"}),
    *(row for name, new in _FACTS for row in (fixed if name == "contentDigest" else local)(name, _INPUTS[name], new)),
    _spelled("parameters", {"factor": 2.0}),
    _spelled("metrics", {"loss": 0.5, "accuracy": 1.0}),
    _spelled("size", 300.0),
    Row(
        field="owner",
        change="changed",
        step="update",
        old={"owner": "one"},
        new={"owner": "two"},
        wire=(Sent(INSERT, None, {"name": _CLAIM_TWO}), Sent(_DELETE)),
    ),
    Row(
        field="owner",
        change="given",
        step="update",
        new={"owner": "one"},
        wire=(Sent(INSERT, None, {"name": _CLAIM_ONE}),),
    ),
    Row(field="owner", change="taken away", step="same", old={"owner": "one"}, new={"owner": None}),
    *local("adopt", old=False, new=True),
    *local("artifactSource", "staging-models", "other-models"),
    *quiet("source", "<one>", "<two>"),
    *quiet("leftOut", ["a~"], ["b~"]),
    *local("sizeLimit", 1000, 2000),
    Row(field="sizeLimit", change="spelled", step="same", old={"sizeLimit": 1000}, new={"sizeLimit": 1000.0}),
    *secrets("source"),
]

_LIST, _GET, _COPY = "storage.objects.list", "storage.objects.get", "storage.objects.rewrite"


def _deleted(world: World, name: str) -> None:
    world.emulator.storage().objects().delete(bucket=world.bucket, object=f"multiplier/one/{name}").execute()


def _damaged(world: World, _inputs: State) -> None:
    _deleted(world, "saved_model.pb")


def _copied(world: World, inputs: State) -> State:
    """One that is in the bucket of another project, and not on this machine."""
    other = {"project": f"{world.project}-from", "name": f"{world.bucket}-from"}
    world.made(BUCKET.provider, other)
    world.made(SavedModelProvider, {**inputs, "bucket": other["name"]})
    return {**inputs, "source": "not/here", "artifactSource": other["name"]}


def _begun(world: World, inputs: State) -> State:
    """One of which an interrupted upload left files."""
    world.made(SavedModelProvider, {**inputs, "owner": None})
    _deleted(world, "manifest.json")
    return inputs


_CLAIMED = [_LIST, INSERT]
_COPIED = [*_CLAIMED, _GET, _COPY]
_NO_CHANGE: State = {}

SAVED_MODEL = Kind(
    provider=SavedModelProvider,
    inputs=_INPUTS,
    needs=((BUCKET, {}),),
    identity="gs://<bucket>/multiplier/one/",
    path={"prefix": "multiplier/two"},
    patches=(({"files": "<files two>", "source": "<two>"}, ["files"]),),
    fixed={"contentDigest": "5" * 16},
    rows=_ROWS,
    faults={
        "": FaultCase(
            calls={"create": _CLAIMED, "read": [_LIST], "update": _CLAIMED, "delete": [_LIST, _GET, _DELETE]},
            change=_NO_CHANGE,
            before={"update": _damaged},
        ),
        "copied": FaultCase(
            arrange=_copied,
            calls={"create": _COPIED, "update": _COPIED},
            change=_NO_CHANGE,
            before={"update": _damaged},
        ),
        "begun": FaultCase(arrange=_begun, calls={"create": [*_CLAIMED, _COPY]}),
    },
    without={"theirs": "what others add to its folder is a row of `files`"},
)
