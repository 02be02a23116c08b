"""The resource pool, and every change of its fields."""

from __future__ import annotations

from typing import Any

from resources.vertex.pools.resource_pool import DeploymentResourcePoolProvider
from tests.kinds.kind import FaultCase, Kind
from tests.kinds.rows import Change, Row, Sent, fixed, local, timeouts
from tests.kinds.vertex.endpoint import POLL_FLAT
from tests.kinds.vertex.leaves import LOCATION, elsewhere, fixed_leaves, put
from tests.kinds.vertex.machines import CPU, FIXED, GPU, ONE, WHOLE, ZERO
from tests.providers import State

_POOLS = "aiplatform.projects.locations.deploymentResourcePools"
_GET, _CREATE, _PATCH, _DELETE = (f"{_POOLS}.{verb}" for verb in ("get", "create", "patch", "delete"))
_UNDER_WAY, _POLL = f"{_POOLS}.operations.list", f"{_POOLS}.operations.get"

_RESOURCES, _LOGGING = "dedicatedResources", "disableContainerLogging"
_TWO: State = {**ONE, "minReplicaCount": 2}
_BODY: State = {_RESOURCES: ONE, _LOGGING: True}
_KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/{}"


def _request(fields: State) -> State:
    """The JSON of `create`, of the fields of the pool and its id."""
    fields = dict(fields)
    return {"deploymentResourcePoolId": fields.pop("id", "pool"), "deploymentResourcePool": fields}


def _scaled(leaf: str, change: Change, old: State, new: Any, path: str = "") -> Row:
    """A change of the replicas: what else the pool has is sent with it, since the mask has the whole field."""
    preview = {"preview": True} if "initialReplicaCount" in old else {}
    there = {"maxReplicaCount": old["minReplicaCount"], **old}
    base = {key: item for key, item in there.items() if item}  # what the API has, which leaves out zeros
    wanted = {**old, leaf: new}
    return Row(
        field=f"{_RESOURCES}.{path or leaf}",
        change=change,
        step="update",
        old={_RESOURCES: old, **preview},
        new={_RESOURCES: wanted},
        wire=(Sent(_PATCH, _RESOURCES, {_RESOURCES: {**base, leaf: new}}),),
        back={_RESOURCES: base},
    )


def _unscaled(leaf: str, old: State) -> Row:
    """Replicas of which the program says nothing any more."""
    rest = {key: item for key, item in old.items() if key != leaf}
    field = f"{_RESOURCES}.{leaf}"
    return Row(field=field, change="taken away", step="same", old={_RESOURCES: old}, new={_RESOURCES: rest})


_METERED: State = {**ONE, "autoscalingMetricSpecs": [CPU]}
_LOW = {key: item for key, item in ONE.items() if key != "maxReplicaCount"}
_SPEC = "scaleToZeroSpec"
_NO_SPEC = {key: item for key, item in ZERO.items() if key != _SPEC}
_STARTED = {"minReplicaCount": 0, "initialReplicaCount": 1}
_SCALING_TO_ZERO = [
    _scaled("initialReplicaCount", "changed", ZERO, 2),
    Row(
        field=f"{_RESOURCES}.initialReplicaCount",
        change="given",
        note="with a minimum of 0",
        step="update",
        old={"preview": True},
        new={_RESOURCES: {**ONE, **_STARTED}},
        wire=(Sent(_PATCH, _RESOURCES, {_RESOURCES: {**ONE, **_STARTED}}),),
        outside="mended",
    ),
    Row(
        field=f"{_RESOURCES}.initialReplicaCount",
        change="taken away",
        note="with a minimum of 1",
        step="update",
        old={_RESOURCES: _NO_SPEC, "preview": True},
        new={_RESOURCES: ONE, "preview": None},
        wire=(Sent(_PATCH, _RESOURCES, {_RESOURCES: ONE}),),
    ),
    _scaled(_SPEC, "given", _NO_SPEC, ZERO[_SPEC]),
    *(
        _scaled(_SPEC, "changed", ZERO, {**ZERO[_SPEC], key: "600s"}, f"{_SPEC}.{key}")
        for key in ("idleScaledownPeriod", "minScaleupPeriod")
    ),
    Row(
        field=f"{_RESOURCES}.{_SPEC}",
        change="taken away",
        step="same",
        old={_RESOURCES: ZERO, "preview": True},
        new={_RESOURCES: _NO_SPEC},
    ),
]
_REPLICAS = [
    _scaled("minReplicaCount", "changed", ONE, 2),
    _scaled("maxReplicaCount", "changed", ONE, 3),
    _scaled("maxReplicaCount", "given", _LOW, 3),
    _unscaled("maxReplicaCount", ONE),
    _scaled("requiredReplicaCount", "changed", {**_TWO, "requiredReplicaCount": 1}, 2),
    _scaled("requiredReplicaCount", "given", ONE, 1),
    _unscaled("requiredReplicaCount", {**ONE, "requiredReplicaCount": 1}),
    _scaled("autoscalingMetricSpecs", "changed", _METERED, [{**CPU, "target": 70}]),
    _scaled("autoscalingMetricSpecs", "given", ONE, [CPU]),
    _unscaled("autoscalingMetricSpecs", _METERED),
    *(
        _scaled("autoscalingMetricSpecs", "changed", _METERED, [{**CPU, key: new}], f"autoscalingMetricSpecs.{key}")
        for key, new in (("metricName", GPU["metricName"]), ("target", 80))
    ),
    Row(
        field=_RESOURCES,
        change="spelled",
        step="same",
        new={_RESOURCES: dict(reversed({**ONE, "maxReplicaCount": 2.0}.items()))},
    ),
]
_MACHINES = [
    Row(
        field=f"{_RESOURCES}.{path}",
        change="changed",
        step="refused",
        old={_RESOURCES: WHOLE},
        new={_RESOURCES: put(WHOLE, path, new)},
        outside="reported",
    )
    for path, new in FIXED.items()
]
_ROWS = [
    *elsewhere([("project", "<project>-b"), ("location", "us-east1")]),
    *elsewhere([("deploymentResourcePool", "n")], body={"id": "n"}),
    *_REPLICAS,
    *_SCALING_TO_ZERO,
    *_MACHINES,
    Row(
        field=_LOGGING,
        change="changed",
        step="update",
        new={_LOGGING: False},
        wire=(Sent(_PATCH, _LOGGING, {_LOGGING: False}),),
        back={_LOGGING: True},
    ),
    Row(
        field=_LOGGING,
        change="given",
        step="update",
        old={_LOGGING: None},
        new={_LOGGING: True},
        wire=(Sent(_PATCH, _LOGGING, {_LOGGING: True}),),
    ),
    Row(field=_LOGGING, change="taken away", step="same", new={_LOGGING: None}),
    Row(
        field=_RESOURCES,
        change="changed",
        note="with logging",
        step="update",
        new={_RESOURCES: {**ONE, "maxReplicaCount": 3}, _LOGGING: False},
        wire=(
            Sent(
                _PATCH,
                f"{_RESOURCES},{_LOGGING}",
                {_RESOURCES: {**ONE, "maxReplicaCount": 3}, _LOGGING: False},
            ),
        ),
        back={_RESOURCES: ONE, _LOGGING: True},
    ),
    *fixed("serviceAccount", "a@p.iam", "b@p.iam"),
    *fixed("encryptionSpec", {"kmsKeyName": _KEY.format("a")}, {"kmsKeyName": _KEY.format("b")}),
    *fixed_leaves("encryptionSpec", {"kmsKeyName": _KEY.format("a")}, {"kmsKeyName": _KEY.format("c")}),
    *local("preview", old=False, new=True, lasting=True),
    *timeouts(),
    *local("owner", "token", "another"),
    *local("adopt", old=False, new=True),
]

RESOURCE_POOL = Kind(
    provider=DeploymentResourcePoolProvider,
    inputs={"project": "<project>", "location": LOCATION, "deploymentResourcePool": "pool", **_BODY},
    identity=f"projects/<project>/locations/{LOCATION}/deploymentResourcePools/pool",
    body=_BODY,
    create=_CREATE,
    request=_request,
    patch=_PATCH,
    delete=_DELETE,
    operations=(_CREATE, _PATCH, _DELETE),
    path={"deploymentResourcePool": "n"},
    patches=(
        (
            {_RESOURCES: {**ONE, "maxReplicaCount": 3}, _LOGGING: False},
            [f"{_RESOURCES}.maxReplicaCount", _LOGGING],
        ),
    ),
    fixed={"serviceAccount": "a@p.iam"},
    rows=_ROWS,
    faults={
        "": FaultCase(
            calls={
                "create": [_UNDER_WAY, _GET, _CREATE, _POLL],
                "read": [_GET],
                "update": [_UNDER_WAY, _GET, _PATCH, _POLL],
                "delete": [_UNDER_WAY, _DELETE, POLL_FLAT],
            }
        )
    },
    without={"theirs": "it has no labels, and what others set of its replicas are rows"},
)
