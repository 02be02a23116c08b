"""The traffic split, and every change of its fields."""

from __future__ import annotations

from resources.ml.traffic_split import TrafficSplitProvider
from tests.kinds.kind import Kind
from tests.kinds.ml.default_version import TWO_VERSIONS
from tests.kinds.rows import Row, Sent, quiet, secrets

_SPLIT = {"v1": 90, "v2": 10}
_GATE = {"samples": "<samples>", "tolerance": 1, "maxLatency": 2, "skip": False}
_SIGNATURES = {"v1": {"serving_default": {"inputs": {"x": "float32[?]"}, "outputs": {"y": "float32[?]"}}}}
_ASKED = Sent("ml.projects.predict", None, {"instances": [1.5]})
_URIS = {"v1": "gs://b/one/", "v2": "gs://b/one/"}

_ROWS = [
    Row(field="project", change="changed", step="replace", new={"project": "<project>-b"}),
    Row(field="model", change="changed", step="replace", new={"model": "n"}),
    Row(
        field="trafficSplit",
        change="changed",
        note="a version that had no users gets some",
        step="update",
        new={"trafficSplit": _SPLIT},
        wire=(_ASKED,),
    ),
    Row(
        field="trafficSplit",
        change="changed",
        note="among the same versions",
        step="update",
        old={"trafficSplit": _SPLIT},
        new={"trafficSplit": {"v1": 50, "v2": 50}},
    ),
    Row(
        field="trafficSplit",
        change="spelled",
        step="same",
        old={"trafficSplit": _SPLIT},
        new={"trafficSplit": {"v2": 10.0, "v1": 90.0}},
    ),
    Row(
        field="deploymentUris",
        change="given",
        step="update",
        old={"deploymentUris": None},
        new={"deploymentUris": _URIS},
    ),
    Row(
        field="deploymentUris",
        change="changed",
        note="of a version with users",
        step="update",
        old={"trafficSplit": _SPLIT, "deploymentUris": {**_URIS, "v2": "gs://b/two/"}},
        new={"deploymentUris": _URIS},
        wire=(_ASKED,),
    ),
    Row(
        field="deploymentUris",
        change="taken away",
        step="same",
        old={"deploymentUris": _URIS},
        new={"deploymentUris": None},
    ),
    Row(
        field="deploymentUris",
        change="spelled",
        step="same",
        old={"deploymentUris": _URIS},
        new={"deploymentUris": dict(reversed(_URIS.items()))},
    ),
    *quiet("defaultVersion", "v1", "v2"),
    *quiet("gate", {"skip": True}, {"tolerance": 0.1}),
    Row(
        field="gate",
        change="spelled",
        step="same",
        old={"gate": _GATE},
        new={"gate": dict(reversed({**_GATE, "tolerance": 1.0, "maxLatency": 2.0}.items()))},
    ),
    *(
        Row(field=f"gate.{key}", change="changed", step="same", old={"gate": _GATE}, new={"gate": {**_GATE, key: new}})
        for key, new in (("samples", "other.json"), ("tolerance", 0.5), ("maxLatency", 0.5), ("skip", True))
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
    *quiet("previousSplit", _SPLIT, {"v1": 100}),
    Row(
        field="previousSplit",
        change="spelled",
        step="same",
        old={"previousSplit": _SPLIT},
        new={"previousSplit": {"v1": 90.0, "v2": 10.0}},
    ),
    *quiet("previousDefault", "v1", "v2"),
    *secrets("gate.samples"),
]

TRAFFIC_SPLIT = Kind(
    provider=TrafficSplitProvider,
    inputs={"project": "<project>", "model": "<model>", "trafficSplit": {"v1": 100}, "defaultVersion": "v1"},
    needs=TWO_VERSIONS,
    identity="projects/<project>/models/<model>/trafficSplit",
    path={"model": "n"},
    patches=(({"trafficSplit": _SPLIT}, []), ({"trafficSplit": {"v1": 50, "v2": 50}}, [])),
    rows=_ROWS,
    vanishes=False,
    without={
        "fixed": "all of its fields are changed in place",
        "theirs": "nothing of it is at the API, where somebody else could change it",
        "faults": "it only reads: with the calls of DefaultVersion's gate, which are tried there",
    },
)
