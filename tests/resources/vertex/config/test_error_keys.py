"""Errors of a stack file for Vertex AI are under its own keys and in their words, not in those of the API."""

from __future__ import annotations

import pytest

from gcp import errors
from resources import platforms
from tests.resources.vertex.config.test_entries import (
    CONTAINER,
    MODEL,
    ROUTES,
    V1,
    VERSION,
    model,
    reader,
    stack,
    version,
)
from tests.resources.vertex.config.test_job_entries import JOB
from tests.resources.vertex.config.test_monitoring_entries import MONITORING

_SCALING = [
    ({"autoScaling": {"minNodes": 0}}, "autoScaling.minNodes", "must be 1 or more"),
    ({"autoScaling": {"minNodes": -1}}, "autoScaling.minNodes", "it is -1"),
    ({"autoScaling": {"minNodes": 3, "maxNodes": 2}}, "autoScaling.maxNodes", "not be below minNodes, 3; it is 2"),
    ({"autoScaling": {"minNodes": 1, "maxNodes": 0}}, "autoScaling.maxNodes", "not be below minNodes, 1; it is 0"),
    ({"autoScaling": {"maxNodes": 0}}, "autoScaling.maxNodes", "not be below minNodes, 1; it is 0"),
    ({"manualScaling": {"nodes": 0}}, "manualScaling.nodes", "must be 1 or more; it is 0"),
    ({"manualScaling": {"nodes": 0}, "vertex": {"preview": True}}, "manualScaling.nodes", "give autoScaling"),
    ({"manualScaling": {"nodes": -1}}, "manualScaling.nodes", "must be 1 or more; it is -1"),
    (
        {"vertex": {"requiredReplicaCount": 2}},
        "vertex.requiredReplicaCount",
        "must be from 1 to autoScaling.minNodes; it is 2",
    ),
    (
        {"manualScaling": {"nodes": 1}, "vertex": {"requiredReplicaCount": 2}},
        "vertex.requiredReplicaCount",
        "must be from 1 to manualScaling.nodes; it is 2",
    ),
]


@pytest.mark.parametrize(("keys", "path", "reason"), _SCALING)
def test_errors_about_replicas_name_the_keys_of_nodes(keys: dict[str, object], path: str, reason: str) -> None:
    """In a version and in a pool alike; the number of an error is the given one."""
    pool = {"machineType": "n1-standard-2", **keys}
    for config, where in (
        (stack(version(**keys)), V1),
        (stack(model(), resourcePools={"a": pool}), "resourcePools.a"),
    ):
        with pytest.raises(errors.InvalidInput) as caught:
            platforms.read(config, reader)
        [(at, why)] = caught.value.failures
        assert at == f"tf2-models:{where}.{path}"
        assert reason in why


@pytest.mark.parametrize(
    ("config", "path", "reason"),
    [
        (stack(model(vertex={"endpointId": "E"})), "models.m.vertex.endpointId", "must be small letters"),
        (stack(model(vertex={"modelId": "M"})), "models.m.vertex.modelId", "must be small letters"),
        (stack(model(vertex={"displayName": "n" * 129})), "models.m.vertex.displayName", "must have 1 to 128"),
        (
            stack(model(vertex={"endpointId": "E", "monitoring": MONITORING}), batchPredictionJobs={"j": JOB}),
            "models.m.vertex.endpointId",
            "must be small letters",
        ),
        (
            stack(model(vertex={"modelId": "M"}), batchPredictionJobs={"j": JOB}),
            "models.m.vertex.modelId",
            "must be small letters",
        ),
        (
            stack({"m_": MODEL}),
            "models.m_",
            "or a number; it is 'm-', which is made of the name: set the key, or rename the entry",
        ),
        (stack(version(vertex={"grpcPort": 0})), f"{V1}.vertex.grpcPort", "must be 1 to 65535; it is 0"),
        (
            stack(version(container=CONTAINER, routes=ROUTES, vertex={"grpcPort": 0})),
            f"{V1}.vertex.grpcPort",
            "must be 1 to 65535; it is 0",
        ),
    ],
)
def test_an_error_is_reported_once_under_the_key_to_change(config: dict[str, str], path: str, reason: str) -> None:
    """Versions, jobs and monitoring jobs do not repeat the errors of the model that they belong to."""
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(config, reader)

    [(at, why)] = caught.value.failures
    assert at == f"tf2-models:{path}"
    assert reason in why


_PLACEHOLDERS = "which is unknown: its placeholders are {tensorflow} and {gpu}"
_REGISTRY = "must be in Artifact Registry, HOST-docker.pkg.dev/PROJECT/REPOSITORY/NAME:TAG, or in Container Registry"


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("us-docker.pkg.dev/p/r/serving:{tf}", f"has {{tf}}, {_PLACEHOLDERS}"),
        ("us-docker.pkg.dev/p/r/serving:{}", f"has {{}}, {_PLACEHOLDERS}"),
        ("us-docker.pkg.dev/p/r/serving:{tensorflow}{gpu", f"has {{, {_PLACEHOLDERS}"),
        ("tensorflow/serving:{tf}", f"has {{tf}}, {_PLACEHOLDERS}"),
        ("tensorflow/serving:{tensorflow}", _REGISTRY),
        ("docker.io/tensorflow/serving:2.21.0", "it is 'docker.io/tensorflow/serving:2.21.0'; copy TensorFlow Serving"),
    ],
)
def test_a_serving_image_must_be_an_address_that_vertex_ai_takes(image: str, reason: str) -> None:
    """It is checked even if every version has a container, and reported once for all versions."""
    versions = {"v1": VERSION, "v2": {**VERSION, "container": CONTAINER, "routes": ROUTES}}
    for models in (model(versions=versions), version(container=CONTAINER, routes=ROUTES)):
        with pytest.raises(errors.InvalidInput) as caught:
            platforms.read(stack(models, servingImage=image), reader)
        [(at, why)] = caught.value.failures
        assert at == "tf2-models:servingImage"
        assert reason in why


def test_an_image_of_a_version_must_be_in_a_registry_of_google() -> None:
    """The key of the version is named; Container Registry is accepted, too."""
    config = stack(version(container={"image": "docker.io/me/serving:1"}, routes=ROUTES))
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(config, reader)
    [(at, why)] = caught.value.failures

    assert at == f"tf2-models:{V1}.container.image"
    assert _REGISTRY in why
    for image in ("gcr.io/p/i:1", "eu.gcr.io/p/i:1"):
        found = platforms.read(stack(version(container={"image": image}, routes=ROUTES)), reader)
        assert found.models[0].versions[0].uploaded["containerSpec"]["imageUri"] == image
