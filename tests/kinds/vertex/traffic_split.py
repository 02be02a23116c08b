"""The traffic split, and every change of its fields."""

from __future__ import annotations

from gcp import errors
from resources.vertex.traffic_split import TrafficSplitProvider
from tests.kinds.kind import FaultCase, Kind
from tests.kinds.rows import Row, Sent
from tests.kinds.vertex.deployed_model import DEPLOYED_MODEL, IDS
from tests.kinds.vertex.endpoint import ENDPOINT, ENDPOINTS, GET, UNDER_WAY
from tests.kinds.vertex.leaves import LOCATION, elsewhere
from tests.kinds.vertex.model import TWO_VERSIONS
from tests.providers import State

_PATCH = f"{ENDPOINTS}.patch"
_SPLIT = {"v1": 90, "v2": 10}


def _set(shares: State) -> Sent:
    """The split by ids: a patch of it as a whole."""
    return Sent(_PATCH, "trafficSplit", {"trafficSplit": {IDS[name]: share for name, share in shares.items()}})


def _moved(note: str, old: State, new: State) -> Row:
    return Row(
        field="shares",
        change="changed",
        note=note,
        step="update",
        old={"shares": old},
        new={"shares": new},
        wire=(_set(new),),
        back=_set(old).body,
    )


_ROWS = [
    *elsewhere(
        [("project", "<project>-b"), ("location", "us-east1"), ("endpoint", "n")],
        wire=(Sent(_PATCH, "trafficSplit", {"trafficSplit": {}}), _set({"v1": 100})),
        answer=errors.NotFound,
    ),
    _moved("a version that had no share gets one", {"v1": 100}, _SPLIT),
    _moved("among the same versions", _SPLIT, {"v1": 50, "v2": 50}),
    _moved("to another version", {"v1": 100}, {"v2": 100}),
    Row(
        field="shares",
        change="spelled",
        step="same",
        old={"shares": _SPLIT},
        new={"shares": {"v2": 10.0, "v1": 90.0}},
    ),
    Row(
        field="deployedModels",
        change="changed",
        note="the version is deployed once more",
        step="update",
        old={"deployedModels": {"v1": IDS["v1"]}},
        new={"deployedModels": {"v1": IDS["v2"]}},
        wire=(_set({"v2": 100}),),
        back=_set({"v1": 100}).body,
    ),
]

TRAFFIC_SPLIT = Kind(
    provider=TrafficSplitProvider,
    inputs={
        "project": "<project>",
        "location": LOCATION,
        "endpoint": "<model>",
        "shares": {"v1": 100},
        "deployedModels": IDS,
    },
    needs=(
        *TWO_VERSIONS,
        (ENDPOINT, {}),
        (DEPLOYED_MODEL, {}),
        (DEPLOYED_MODEL, {"deployedModelId": IDS["v2"], "version": "v2", "modelVersionId": "2"}),
    ),
    identity=f"projects/<project>/locations/{LOCATION}/endpoints/<model>/trafficSplit",
    path={"endpoint": "n"},
    patches=(({"shares": _SPLIT}, ["shares"]), ({"shares": {"v2": 100}}, ["shares"])),
    rows=_ROWS,
    faults={
        "": FaultCase(
            calls={
                "create": [UNDER_WAY, _PATCH, GET],
                "read": [GET],
                "update": [UNDER_WAY, _PATCH, GET],
                "delete": [UNDER_WAY, _PATCH],
            }
        )
    },
    vanishes=False,
    without={
        "fixed": "all of its fields are changed in place",
        "theirs": "a share of somebody else's takes from those that are declared",
    },
)
