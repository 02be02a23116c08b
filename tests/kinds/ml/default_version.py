"""Every field of a DefaultVersion."""

from __future__ import annotations

from gcp import errors
from tests.kinds.rows import Row, Sent, local, quiet, secrets
from tests.providers import State

SET = "ml.projects.models.versions.setDefault"
INPUTS: State = {"project": "<project>", "model": "m", "version": "v1", "artifacts": {"v1": {"samples": 1}}}

_GATE = {"samples": "<samples>", "tolerance": 1, "maxLatency": 2, "skip": False}
_SAMPLES = {"instances": [1.5]}
_SIGNATURES = {"v1": {"serving_default": {"inputs": {"x": "float32[?]"}, "outputs": {"y": "float32[?]"}}}}
_ASKED = Sent("ml.projects.predict", None, _SAMPLES)

ROWS = [
    Row(field="project", change="changed", step="replace", new={"project": "<project>-b"}, answer=errors.NotFound),
    Row(field="model", change="changed", step="replace", new={"model": "n"}, answer=errors.NotFound),
    Row(field="version", change="changed", step="update", new={"version": "v2"}, wire=(_ASKED, Sent(SET, None, {}))),
    Row(
        field="version",
        change="changed",
        note="with an open gate",
        step="update",
        old={"gate": {"skip": True}},
        new={"version": "v2"},
        wire=(Sent(SET, None, {}),),
    ),
    Row(
        field="version",
        change="changed",
        note="with a bound on the time of one call",
        step="update",
        old={"gate": {"maxLatency": 30}},
        new={"version": "v2"},
        wire=(_ASKED, _ASKED, Sent(SET, None, {})),
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
