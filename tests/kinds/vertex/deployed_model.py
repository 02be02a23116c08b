"""The deployed model, and every change of its fields."""

from __future__ import annotations

from typing import Any

from gcp import errors
from resources.vertex.deployed_model import DeployedModelProvider
from tests.kinds.kind import FaultCase, Kind
from tests.kinds.rows import Row, Sent, fixed, local, timeouts
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.kinds.vertex import scaling_to_zero
from tests.kinds.vertex.endpoint import ENDPOINT, ENDPOINTS, GET, UNDER_WAY
from tests.kinds.vertex.leaves import LOCATION, elsewhere, put
from tests.kinds.vertex.machines import CPU, FIXED, GPU, ONE, WHOLE, ZERO
from tests.kinds.vertex.model_version import MODEL_VERSION
from tests.providers import State

_DEPLOY, _UNDEPLOY, _MUTATE = (f"{ENDPOINTS}.{verb}Model" for verb in ("deploy", "undeploy", "mutateDeployed"))
IDS = {"v1": "1234567890", "v2": "2234567890"}
"""Version -> id of its deployed model."""
_POOL = "projects/p/locations/us-central1/deploymentResourcePools/{}"


def _mutated(mask: str, body: State) -> tuple[Sent, ...]:
    """`mutateDeployedModel`: the mask stands in the body."""
    return (Sent(_MUTATE, None, {"deployedModel": {"id": IDS["v1"], **body}, "updateMask": mask}),)


def _scaled(leaf: str, change: Any, old: Any, new: Any) -> Row:
    """A change of the replicas."""
    name = f"dedicatedResources.{leaf}"
    before = {key: item for key, item in {**ONE, leaf: old}.items() if item is not None}
    back = _mutated(name, {"dedicatedResources": {leaf: old}})[0].body if change == "changed" else None
    return Row(
        field=name,
        change=change,
        step="update",
        old={"dedicatedResources": before},
        new={"dedicatedResources": {**before, leaf: new}},
        wire=_mutated(name, {"dedicatedResources": {leaf: new}}),
        back=back,
    )


def _unscaled(leaf: str, old: Any) -> Row:
    """Replicas of which the program says nothing any more."""
    base = {key: item for key, item in ONE.items() if key != leaf}
    return Row(
        field=f"dedicatedResources.{leaf}",
        change="taken away",
        step="same",
        old={"dedicatedResources": {**base, leaf: old}},
        new={"dedicatedResources": base},
    )


_SCALING: list[tuple[str, Any, Any]] = [
    ("minReplicaCount", 1, 2),
    ("maxReplicaCount", 2, 3),
    ("autoscalingMetricSpecs", [CPU], [{**CPU, "target": 70}]),
]
_TWO: State = {**ONE, "minReplicaCount": 2, "requiredReplicaCount": 1}
_GONE = Sent(_UNDEPLOY, None, {"deployedModelId": IDS["v1"]})
_DEPLOYED: State = {
    "id": "3",
    "model": f"projects/<project>/locations/{LOCATION}/models/<model>@1",
    "dedicatedResources": ONE,
    "disableContainerLogging": True,
}

_REPLICAS = [
    *(_scaled(leaf, "changed", old, new) for leaf, old, new in _SCALING),
    *(_scaled(leaf, "given", None, new) for leaf, _, new in _SCALING if leaf != "minReplicaCount"),
    _scaled("requiredReplicaCount", "given", None, 1),
    *(_unscaled(leaf, old) for leaf, old, _ in _SCALING if leaf != "minReplicaCount"),
    _unscaled("requiredReplicaCount", 1),
    Row(
        field="dedicatedResources.requiredReplicaCount",
        change="changed",
        step="update",
        old={"dedicatedResources": _TWO},
        new={"dedicatedResources": {**_TWO, "requiredReplicaCount": 2}},
        wire=_mutated("dedicatedResources.requiredReplicaCount", {"dedicatedResources": {"requiredReplicaCount": 2}}),
        back=_mutated("dedicatedResources.requiredReplicaCount", {"dedicatedResources": {"requiredReplicaCount": 1}})[
            0
        ].body,
    ),
    *(
        Row(
            field=f"dedicatedResources.autoscalingMetricSpecs.{key}",
            change="changed",
            step="update",
            old={"dedicatedResources": {**ONE, "autoscalingMetricSpecs": [CPU]}},
            new={"dedicatedResources": {**ONE, "autoscalingMetricSpecs": [{**CPU, key: value}]}},
            wire=_mutated(
                "dedicatedResources.autoscalingMetricSpecs",
                {"dedicatedResources": {"autoscalingMetricSpecs": [{**CPU, key: value}]}},
            ),
            back=_mutated(
                "dedicatedResources.autoscalingMetricSpecs", {"dedicatedResources": {"autoscalingMetricSpecs": [CPU]}}
            )[0].body,
        )
        for key, value in (("metricName", GPU["metricName"]), ("target", 80))
    ),
    Row(
        field="dedicatedResources",
        change="spelled",
        step="same",
        new={"dedicatedResources": dict(reversed({**ONE, "maxReplicaCount": 2.0}.items()))},
    ),
]
_MACHINES = [
    Row(
        field=f"dedicatedResources.{path}",
        change="changed",
        step="refused",
        old={"dedicatedResources": WHOLE},
        new={"dedicatedResources": put(WHOLE, path, new)},
        outside="reported",
    )
    for path, new in FIXED.items()
]
_IN_A_POOL: State = {"dedicatedResources": None, "sharedResources": _POOL.format("a")}

_ROWS = [
    *elsewhere(
        [("project", "<project>-b"), ("location", "us-east1"), ("endpoint", "n")],
        wire=(_GONE,),
        answer=errors.NotFound,
    ),
    Row(
        field="deployedModelId",
        change="changed",
        step="replace",
        new={"deployedModelId": "3"},
        wire=(_GONE, Sent(_DEPLOY, None, {"deployedModel": _DEPLOYED})),
    ),
    Row(field="model", change="changed", step="refused", new={"model": "n"}),
    *local("version", "v1", "v2"),
    Row(field="modelVersionId", change="changed", step="refused", new={"modelVersionId": "2"}),
    *fixed("displayName", "a", "b"),
    *_REPLICAS,
    *_MACHINES,
    Row(
        field="dedicatedResources",
        change="given",
        note="in the place of a pool",
        step="refused",
        old=_IN_A_POOL,
        new={"dedicatedResources": ONE, "sharedResources": None},
        outside="reported",
    ),
    Row(
        field="sharedResources",
        change="given",
        note="in the place of machines",
        step="refused",
        new=_IN_A_POOL,
        outside="reported",
    ),
    Row(
        field="sharedResources",
        change="given",
        note="where nothing was said",
        step="refused",
        old={"dedicatedResources": None},
        new={"sharedResources": _POOL.format("a")},
        outside="left alone",
    ),
    Row(field="sharedResources", change="taken away", step="same", old=_IN_A_POOL, new={"sharedResources": None}),
    Row(
        field="sharedResources",
        change="changed",
        step="refused",
        old=_IN_A_POOL,
        new={"sharedResources": _POOL.format("b")},
    ),
    *fixed("serviceAccount", "a@p.iam", "b@p.iam"),
    *fixed("enableAccessLogging", old=False, new=True),
    Row(
        field="disableContainerLogging",
        change="changed",
        step="update",
        new={"disableContainerLogging": False},
        wire=_mutated("disableContainerLogging", {"disableContainerLogging": False}),
        back=_mutated("disableContainerLogging", {"disableContainerLogging": True})[0].body,
    ),
    *scaling_to_zero.rows(_mutated),
    Row(
        field="disableContainerLogging",
        change="given",
        step="update",
        old={"disableContainerLogging": None},
        new={"disableContainerLogging": True},
        wire=_mutated("disableContainerLogging", {"disableContainerLogging": True}),
    ),
    Row(field="disableContainerLogging", change="taken away", step="same", new={"disableContainerLogging": None}),
    *local("preview", old=False, new=True, lasting=True),
    *timeouts(),
    *local("owner", "token", "another"),
]

_POLL = f"{ENDPOINTS}.operations.get"
_BEGUN = [UNDER_WAY, GET]

DEPLOYED_MODEL = Kind(
    provider=DeployedModelProvider,
    inputs={
        "project": "<project>",
        "location": LOCATION,
        "endpoint": "<model>",
        "deployedModelId": IDS["v1"],
        "model": "<model>",
        "version": "v1",
        "modelVersionId": "1",
        "dedicatedResources": ONE,
        "disableContainerLogging": True,
    },
    needs=((SAVED_MODEL, {}), (MODEL_VERSION, {}), (ENDPOINT, {})),
    identity=f"projects/<project>/locations/{LOCATION}/endpoints/<model>/deployedModels/{IDS['v1']}",
    operations=(_DEPLOY, _UNDEPLOY, _MUTATE),
    path={"deployedModelId": "3"},
    patches=(
        (
            {"dedicatedResources": {**ONE, "maxReplicaCount": 3}, "disableContainerLogging": False},
            ["dedicatedResources.maxReplicaCount", "disableContainerLogging"],
        ),
    ),
    fixed={"serviceAccount": "a@p.iam"},
    rows=_ROWS,
    faults={
        "": FaultCase(
            calls={
                "create": [*_BEGUN, _DEPLOY, _POLL],
                "read": [GET],
                "update": [*_BEGUN, _MUTATE, _POLL],
                "delete": [*_BEGUN, _UNDEPLOY, _POLL],
            }
        ),
        "preview": FaultCase(
            inputs={"dedicatedResources": ZERO, **scaling_to_zero.PREVIEW},
            calls={"create": [*_BEGUN, _DEPLOY, _POLL], "update": [*_BEGUN, _MUTATE, _POLL]},
            change={"dedicatedResources": {**ZERO, "initialReplicaCount": 2}, "disableContainerLogging": False},
        ),
    },
    without={"theirs": "it has no labels, and what others set of its replicas are rows"},
)
