"""The default version, and every change of its fields."""

from __future__ import annotations

from gcp import errors
from resources.ml.default_version import DefaultVersionProvider
from tests.kinds.kind import FaultCase, Kind
from tests.kinds.ml.version import VERSION
from tests.kinds.rows import Row, Sent, local, quiet, secrets
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.providers import State

_SET = "ml.projects.models.versions.setDefault"
TWO_VERSIONS: tuple[tuple[Kind, State], ...] = (
    (SAVED_MODEL, {"source": "<sampled>"}),
    (VERSION, {}),
    (VERSION, {"name": "v2"}),
)
"""What a choice between versions needs: two of them, with a sample; the first is the model's default."""

_GATE = {"samples": "<samples>", "tolerance": 1, "maxLatency": 2, "skip": False}
_SAMPLES = {"instances": [1.5]}
_SIGNATURES = {"v1": {"serving_default": {"inputs": {"x": "float32[?]"}, "outputs": {"y": "float32[?]"}}}}
_ASKED = Sent("ml.projects.predict", None, _SAMPLES)

_ROWS = [
    Row(field="project", change="changed", step="replace", new={"project": "<project>-b"}, answer=errors.NotFound),
    Row(field="model", change="changed", step="replace", new={"model": "n"}, answer=errors.NotFound),
    Row(field="version", change="changed", step="update", new={"version": "v1"}, wire=(_ASKED, Sent(_SET, None, {}))),
    Row(
        field="version",
        change="changed",
        note="with an open gate",
        step="update",
        old={"gate": {"skip": True}},
        new={"version": "v1"},
        wire=(Sent(_SET, None, {}),),
    ),
    Row(
        field="version",
        change="changed",
        note="with a bound on the time of one call",
        step="update",
        old={"gate": {"maxLatency": 30}},
        new={"version": "v1"},
        wire=(_ASKED, _ASKED, Sent(_SET, None, {})),
    ),
    *local("gate", {"skip": True}, {"tolerance": 0.1}, lasting=True),
    *(
        Row(
            field=f"gate.{key}", change="changed", step="update", old={"gate": _GATE}, new={"gate": {**_GATE, key: new}}
        )
        for key, new in (("samples", "other.json"), ("tolerance", 0.5), ("maxLatency", 0.5), ("skip", True))
    ),
    Row(
        field="gate",
        change="spelled",
        step="same",
        old={"gate": _GATE},
        new={"gate": dict(reversed({**_GATE, "tolerance": 1.0, "maxLatency": 2.0}.items()))},
    ),
    *quiet("signatures", _SIGNATURES, {**_SIGNATURES, "v2": _SIGNATURES["v1"]}),
    *quiet("artifacts", {"v1": {"samples": 2}}, {"v1": {"samples": 3}}),
    Row(
        field="artifacts",
        change="spelled",
        step="same",
        old={"artifacts": {"v1": {"samples": 2}}},
        new={"artifacts": {"v1": {"samples": 2.0}}},
    ),
    *quiet("allowBreakingChange", "v1", "v2"),
    *secrets("gate.samples"),
]

_READ = "ml.projects.models.get"
_GATED = [_READ, "ml.projects.models.versions.get", "storage.objects.get", "ml.projects.predict", _SET]

DEFAULT_VERSION = Kind(
    provider=DefaultVersionProvider,
    inputs={
        "project": "<project>",
        "model": "<model>",
        "version": "v2",  # not yet the default: it passes the gate
        "artifacts": {"v2": {"samples": 1}},
    },
    needs=TWO_VERSIONS,
    identity="projects/<project>/models/<model>/defaultVersion",
    path={"model": "n"},
    patches=(({"version": "v1"}, ["version"]),),
    rows=_ROWS,
    faults={"": FaultCase(calls={"create": _GATED, "read": [_READ], "update": _GATED})},
    vanishes=False,
    without={
        "fixed": "its only field at the API is changed in place",
        "theirs": "its only field at the API is required",
    },
)
