"""Every field of a SavedModel: files under a prefix, and what a reviewer sees of them."""

from __future__ import annotations

from typing import Any

from gcp import errors
from tests.kinds.rows import Row, Sent, fixed, local, quiet, secrets
from tests.providers import State

INSERT, DELETE = "storage.objects.insert", "storage.objects.delete"
INPUTS: State = {
    "bucket": "<bucket>",
    "prefix": "multiplier/a",
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
    return f".claims/multiplier/a/{stack}-e3b0c44298fc1c14"


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

_REMOVED = (Sent(DELETE, guarded=True),) * 3

ROWS = [
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
        new={"prefix": "multiplier/b"},
        wire=(
            *_REMOVED,
            _uploaded("multiplier/b", "notes.txt", "<crc one>"),
            _uploaded("multiplier/b", "saved_model.pb", "<crc model>"),
            Sent(INSERT, None, {"name": "multiplier/b/manifest.json"}),
        ),
    ),
    Row(
        field="files",
        change="changed",
        note="one holds other bytes",
        step="update",
        new={"files": "<files two>", "source": "<two>"},
        wire=(_uploaded("multiplier/a", "notes.txt", "<crc two>", guarded=True),),
    ),
    Row(
        field="files",
        change="changed",
        note="one more",
        outside="left alone",
        step="update",
        new={"files": "<files three>", "source": "<three>"},
        wire=(_uploaded("multiplier/a", "more.txt", "<crc more>"),),
    ),
    Row(field="files", change="spelled", step="same", new={"files": "<files spelled>"}),
    *(row for name, new in _FACTS for row in (fixed if name == "contentDigest" else local)(name, INPUTS[name], new)),
    _spelled("parameters", {"factor": 2.0}),
    _spelled("metrics", {"loss": 0.5, "accuracy": 1.0}),
    _spelled("size", 300.0),
    Row(
        field="owner",
        change="changed",
        step="update",
        old={"owner": "one"},
        new={"owner": "two"},
        wire=(Sent(INSERT, None, {"name": _CLAIM_TWO}), Sent(DELETE)),
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
