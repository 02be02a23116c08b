"""Resource pools of a stack file, and the versions that run on them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gcp import errors
from resources import platforms
from resources.vertex.config import plan
from tests.resources.vertex.config.test_entries import CONTAINER, ROUTES, V1, model, reader, stack, version

PREBUILT = {"image": "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"}
POOL: dict[str, Any] = {"machineType": "n1-standard-2", "autoScaling": {"minNodes": 1, "maxNodes": 2}}


def on_pool(**edit: Any) -> dict[str, Any]:
    """One model whose only version runs on the pool `a`, with an edit."""
    return version(**{"machineType": None, "container": PREBUILT, "vertex": {"resourcePool": "a"}, **edit})


def pooled(models: Any, **edit: Any) -> dict[str, str]:
    """A stack with the pool `a`, which has an edit."""
    return stack(models, resourcePools={"a": {**POOL, **edit}})


_KEY = {"kmsKeyName": "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"}

REFUSED: list[tuple[dict[str, str], str, str]] = [
    (stack(model(), resourcePools={"a": {}}), "resourcePools.a.machineType", "is missing"),
    (stack(model(), resourcePools={"a": POOL, "A": POOL}), "resourcePools.A", "as that of a"),
    (stack(model(), resourcePools={"9": POOL}), "resourcePools.9", "vertex.resourcePoolId must be small letters"),
    (pooled(model(), vertex={"resourcePoolId": "A"}), "resourcePools.a.vertex.resourcePoolId", "a letter first"),
    (pooled(model(), manualScaling={"nodes": 1}), "resourcePools.a.manualScaling", "excludes autoScaling"),
    (stack(on_pool()), f"{V1}.vertex.resourcePool", "'a' is not among resourcePools: there are none"),
    (pooled(on_pool(machineType="n1-standard-2")), f"{V1}.machineType", "is that of its pool"),
    (pooled(on_pool(manualScaling={"nodes": 1})), f"{V1}.manualScaling", "say it at resourcePools.a"),
    (pooled(on_pool(serviceAccount="a@p.iam")), f"{V1}.serviceAccount", "is that of its pool"),
    (pooled(on_pool(vertex={"resourcePool": "a", "spot": True})), f"{V1}.vertex.spot", "is that of its pool"),
    (
        pooled(on_pool(container=CONTAINER, routes=ROUTES)),
        f"{V1}.vertex.resourcePool",
        "takes Google's prebuilt images only, and this version has us-docker.pkg.dev/p/r/i:1",
    ),
    (pooled(on_pool(container=None)), f"{V1}.vertex.resourcePool", "takes Google's prebuilt images only"),
    (
        pooled(on_pool(), vertex={"encryptionSpec": _KEY}),
        f"{V1}.vertex.resourcePool",
        "must have the encryptionSpec of the model",
    ),
]


@pytest.mark.parametrize(("config", "path", "reason"), REFUSED, ids=[f"{path} {reason}" for _, path, reason in REFUSED])
def test_what_a_pool_cannot_be_is_refused(config: dict[str, str], path: str, reason: str) -> None:
    """Before anything is sent, under the key's full path."""
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(config, reader)

    found = caught.value.failures
    assert [text for at, text in found if at.startswith(f"tf2-models:{path}") and reason in text], found


def test_pools_are_not_for_ml() -> None:
    """The key names the platform that has them."""
    config = {**pooled(model()), "tf2-models:platform": "ml", "tf2-models:servingImage": ""}

    with pytest.raises(errors.InvalidInput, match="resourcePools: is for Vertex AI"):
        platforms.read(config, reader)


def test_a_version_on_a_pool_has_no_machines_of_its_own() -> None:
    """The pool is a part of the deployed model's id, and what is fixed in the pool is a part of the pool's id."""
    edits: list[dict[str, Any]] = [{}, {"autoScaling": {"minNodes": 2}}, {"machineType": "n1-standard-4"}]
    stacks: list[plan.Stack] = [platforms.read(pooled(on_pool(), **edit), reader) for edit in edits]
    pools = [found.pools[0] for found in stacks]
    deployed = [found.models[0].versions[0].deployed for found in stacks]

    place = "projects/demo/locations/us-central1/deploymentResourcePools"
    assert deployed[0]["sharedResources"] == f"{place}/{pools[0].id}"
    assert not {"dedicatedResources", "disableContainerLogging"} & deployed[0].keys()
    assert pools[0].inputs["disableContainerLogging"] is True
    assert re.fullmatch(r"a-[0-9a-f]{8}", pools[0].id)
    assert pools[0].id == pools[1].id != pools[2].id
    ids = [each["deployedModelId"] for each in deployed]
    assert ids[0] == ids[1] != ids[2]


def scaled(minimum: int, maximum: int = 2, **options: Any) -> dict[str, Any]:
    """Keys of a version or a pool that scales from this minimum to this maximum."""
    return {"autoScaling": {"minNodes": minimum, "maxNodes": maximum}, "vertex": options}


_ZERO: dict[str, Any] = {"preview": True, "initialReplicaCount": 1}
REFUSED_OF_PREVIEW: list[tuple[dict[str, Any], str, str]] = [
    (scaled(0), "autoScaling.minNodes", "vertex: {preview: true}"),
    (scaled(-1, preview=True), "autoScaling.minNodes", "it is -1"),
    (scaled(0, 0, **_ZERO), "autoScaling.maxNodes", "must be 1 or more; it is 0"),
    (scaled(0, preview=True), "vertex.initialReplicaCount", "is missing"),
    (scaled(1, initialReplicaCount=1), "vertex.initialReplicaCount", "needs preview: true"),
    (scaled(1, scaleToZeroSpec={}), "vertex.scaleToZeroSpec", "needs preview: true"),
    (scaled(1, **_ZERO), "vertex.initialReplicaCount", "is only for a minimum of 0"),
    (scaled(0, preview=True, initialReplicaCount=3), "vertex.initialReplicaCount", "from 1 to autoScaling.maxNodes"),
    (
        scaled(0, **_ZERO, scaleToZeroSpec={"idleScaledownPeriod": "60s"}),
        "vertex.scaleToZeroSpec.idleScaledownPeriod",
        '"300s" to "28800s"',
    ),
    (scaled(1, preview=True, flexStart={}), "vertex.flexStart", "is not a key here"),
]


@pytest.mark.parametrize(
    ("keys", "path", "reason"), REFUSED_OF_PREVIEW, ids=[f"{path} {why}" for _, path, why in REFUSED_OF_PREVIEW]
)
def test_preview_features_are_asked_for(keys: dict[str, Any], path: str, reason: str) -> None:
    """In a version and in a pool alike; the error says what to write."""
    for config, where in (
        (stack(version(**keys)), V1),
        (stack(model(), resourcePools={"a": {"machineType": "n1-standard-2", **keys}}), "resourcePools.a"),
    ):
        with pytest.raises(errors.InvalidInput) as caught:
            platforms.read(config, reader)
        found = caught.value.failures
        assert [text for at, text in found if at == f"tf2-models:{where}.{path}" and reason in text], found


def test_a_version_scales_to_zero_in_place() -> None:
    """The id of its deployed model is the same as with a minimum of 1: replicas are changed in place."""
    spec = {"idleScaledownPeriod": "300s"}
    zero, one = (
        platforms.read(stack(version(**keys)), reader).models[0].versions[0].deployed
        for keys in (scaled(0, **_ZERO, scaleToZeroSpec=spec), scaled(1))
    )

    assert (zero["preview"], zero["dedicatedResources"]["minReplicaCount"]) == (True, 0)
    assert (zero["dedicatedResources"]["initialReplicaCount"], zero["dedicatedResources"]["scaleToZeroSpec"]) == (
        1,
        spec,
    )
    assert "preview" not in one
    assert zero["deployedModelId"] == one["deployedModelId"]
