"""The endpoint, and every change of its fields."""

from __future__ import annotations

from resources.vertex.endpoint import EndpointProvider
from tests.kinds.kind import THEIR_LABELS, FaultCase, Kind
from tests.kinds.rows import Row, Sent, fixed, labels, local, mutable, secrets, timeouts
from tests.kinds.vertex.leaves import LOCATION, elsewhere, fixed_leaves, patched_leaves, put
from tests.providers import State

ENDPOINTS = "aiplatform.projects.locations.endpoints"
_PATCH, _CREATE, _DELETE, _UPDATE = (f"{ENDPOINTS}.{verb}" for verb in ("patch", "create", "delete", "update"))

_BODY: State = {"displayName": "a", "description": "a", "labels": {"team": "a", "stage": "x"}}
_LOGGING: State = {
    "enabled": True,
    "samplingRate": 0.5,
    "bigqueryDestination": {"outputUri": "bq://p.d.t"},
}
_PRIVATE: State = {
    "enablePrivateServiceConnect": True,
    "projectAllowlist": ["p"],
    "pscAutomationConfigs": [{"projectId": "p", "network": "projects/p/global/networks/n"}],
}
_NETWORK = "projects/1/global/networks/{}"
_KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/{}"
_WAIT = "clientConnectionConfig"


def _waits(change: str, old: str | None, new: str) -> Row:
    """The one field that `endpoints.update` changes."""
    wanted = {_WAIT: {"inferenceTimeout": new}}
    return Row(
        field=f"{_WAIT}.inferenceTimeout" if old else _WAIT,
        change="changed" if change == "changed" else "given",
        step="update",
        old={_WAIT: {"inferenceTimeout": old} if old else None},
        new=wanted,
        wire=(Sent(_UPDATE, None, {"endpoint": wanted}),),
        back={"endpoint": {_WAIT: {"inferenceTimeout": old}}},
    )


_ROWS = [
    *elsewhere([("project", "<project>-b"), ("location", "us-east1"), ("endpoint", "n")]),
    Row(
        field="displayName",
        change="changed",
        step="update",
        new={"displayName": "b"},
        wire=(Sent(_PATCH, "displayName", {"displayName": "b"}, guarded=True),),
    ),
    *mutable(_PATCH, "description", "a", "b"),
    Row(
        field="description",
        change="changed",
        note="with what another method changes",
        step="update",
        new={"description": "b", _WAIT: {"inferenceTimeout": "60s"}},
        wire=(
            Sent(_PATCH, "description", {"description": "b"}, guarded=True),
            Sent(_UPDATE, None, {"endpoint": {_WAIT: {"inferenceTimeout": "60s"}}}),
        ),
    ),
    *labels(_PATCH),
    *mutable(_PATCH, "predictRequestResponseLoggingConfig", _LOGGING, put(_LOGGING, "samplingRate", 0.25)),
    *patched_leaves(
        _PATCH,
        "predictRequestResponseLoggingConfig",
        _LOGGING,
        {"enabled": False, "samplingRate": 0.75, "bigqueryDestination.outputUri": "bq://p.d.u"},
    ),
    Row(
        field="predictRequestResponseLoggingConfig",
        change="spelled",
        step="same",
        old={"predictRequestResponseLoggingConfig": {"enabled": True, "samplingRate": 1}},
        new={"predictRequestResponseLoggingConfig": {"samplingRate": 1.0, "enabled": True}},
    ),
    _waits("changed", "60s", "120s"),
    _waits("given", None, "120s"),
    Row(
        field=_WAIT,
        change="taken away",
        step="same",
        old={_WAIT: {"inferenceTimeout": "60s"}},
        new={_WAIT: None},
    ),
    *fixed("dedicatedEndpointEnabled", old=False, new=True),
    *fixed("privateServiceConnectConfig", _PRIVATE, put(_PRIVATE, "projectAllowlist", ["p", "q"])),
    *fixed_leaves(
        "privateServiceConnectConfig",
        _PRIVATE,
        {
            "enablePrivateServiceConnect": False,
            "projectAllowlist": ["q"],
            "pscAutomationConfigs.projectId": "q",
            "pscAutomationConfigs.network": "projects/p/global/networks/m",
        },
    ),
    *fixed("network", _NETWORK.format("n"), _NETWORK.format("m")),
    *fixed("encryptionSpec", {"kmsKeyName": _KEY.format("a")}, {"kmsKeyName": _KEY.format("b")}),
    *fixed_leaves("encryptionSpec", {"kmsKeyName": _KEY.format("a")}, {"kmsKeyName": _KEY.format("c")}),
    *timeouts(),
    *local("allowDowntime", old=False, new=True),
    *local("owner", "token", "another"),
    *local("adopt", old=False, new=True),
    *secrets("description"),
]

GET, _POLL = f"{ENDPOINTS}.get", f"{ENDPOINTS}.operations.get"
UNDER_WAY = f"{ENDPOINTS}.operations.list"
POLL_FLAT = "aiplatform.projects.locations.operations.get"

ENDPOINT = Kind(
    provider=EndpointProvider,
    inputs={"project": "<project>", "location": LOCATION, "endpoint": "<model>", **_BODY},
    identity=f"projects/<project>/locations/{LOCATION}/endpoints/<model>",
    body=_BODY,
    create=_CREATE,
    patch=_PATCH,
    delete=_DELETE,
    operations=(_CREATE, _DELETE, _UPDATE),
    get=lambda emulator, name: emulator.vertex().projects().locations().endpoints().get(name=name).execute(),
    path={"endpoint": "n"},
    patches=(
        ({"labels": {"stage": "b"}, "description": "b"}, ["description", "labels"]),
        ({_WAIT: {"inferenceTimeout": "60s"}}, [_WAIT]),
    ),
    fixed={"dedicatedEndpointEnabled": True},
    rows=_ROWS,
    theirs={
        "labels": THEIR_LABELS,
        "description": "theirs",
        "predictRequestResponseLoggingConfig": _LOGGING,
    },
    faults={
        "": FaultCase(
            calls={
                "create": [_CREATE, _POLL, GET],
                "read": [GET],
                "update": [UNDER_WAY, GET, _PATCH, _UPDATE, _POLL],
                "delete": [UNDER_WAY, _DELETE, POLL_FLAT],
            },
            change={"description": "b", _WAIT: {"inferenceTimeout": "60s"}},
        )
    },
)
