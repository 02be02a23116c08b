"""What the values of Vertex AI's resources may be."""

from __future__ import annotations

from typing import Any

import pytest

from resources.schema.fields import Schema
from resources.vertex.fields.endpoint import DEPLOYED_MODEL, ENDPOINT, TRAFFIC_SPLIT
from resources.vertex.fields.model import MODEL, MODEL_VERSION
from resources.vertex.fields.resource_pool import DEPLOYMENT_RESOURCE_POOL

_PLACE = {"project": "p", "location": "us-central1"}
_IMAGE = {"imageUri": "us-docker.pkg.dev/p/r/i:1"}
_VERSION: dict[str, Any] = {**_PLACE, "model": "m", "name": "v1", "containerSpec": _IMAGE}
_MODEL: dict[str, Any] = {**_PLACE, "model": "m"}
_ENDPOINT: dict[str, Any] = {**_PLACE, "endpoint": "e", "displayName": "e"}
_MACHINE = {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1}
_DEPLOYED: dict[str, Any] = {
    **_PLACE,
    "endpoint": "e",
    "deployedModelId": "1",
    "model": "m",
    "version": "v1",
    "modelVersionId": "1",
    "dedicatedResources": _MACHINE,
}
_SHARED = "projects/p/locations/us-central1/deploymentResourcePools/a"
_POOL: dict[str, Any] = {**_PLACE, "deploymentResourcePool": "a", "dedicatedResources": _MACHINE}
_SPLIT: dict[str, Any] = {**_PLACE, "endpoint": "e", "shares": {"v1": 100}, "deployedModels": {"v1": "1"}}
_ON_POOL: dict[str, Any] = {**_DEPLOYED, "sharedResources": _SHARED}
_PRIVATE = {"enablePrivateServiceConnect": True}


def _container(**edit: Any) -> dict[str, Any]:
    return {"containerSpec": {**_IMAGE, **edit}}


def _resources(**edit: Any) -> dict[str, Any]:
    return {"dedicatedResources": {**_MACHINE, **edit}}


RIGHT: list[tuple[Schema, dict[str, Any]]] = [
    (MODEL_VERSION, _VERSION),
    (MODEL_VERSION, {**_VERSION, "model": "_a-b_9", "name": "1-a_b", "versionAliases": ["a1", "b-c"]}),
    (MODEL_VERSION, {**_VERSION, "model": "4935302625478541312"}),
    (MODEL_VERSION, {**_VERSION, **_container(imageUri="gcr.io/p/i:1")}),
    (MODEL_VERSION, {**_VERSION, **_container(imageUri="eu.gcr.io/p/i@sha256:0")}),
    (MODEL_VERSION, {**_VERSION, **_container(imageUri="europe-west4-docker.pkg.dev/p/r/a/b")}),
    (MODEL_VERSION, {**_VERSION, **_container(startupProbe={"tcpSocket": {"port": 1}}, deploymentTimeout="600s")}),
    (MODEL, {**_MODEL, "displayName": "n" * 128}),
    (ENDPOINT, _ENDPOINT),
    (ENDPOINT, {**_ENDPOINT, "endpoint": "4935302625478541312"}),
    (ENDPOINT, {**_ENDPOINT, "endpoint": "a-1", "network": "projects/1/global/networks/n"}),
    (ENDPOINT, {**_ENDPOINT, "dedicatedEndpointEnabled": False, "privateServiceConnectConfig": _PRIVATE}),
    (DEPLOYED_MODEL, _DEPLOYED),
    (DEPLOYED_MODEL, {**_DEPLOYED, **_resources(minReplicaCount=2, maxReplicaCount=2, requiredReplicaCount=2)}),
    (DEPLOYED_MODEL, {key: item for key, item in _ON_POOL.items() if key != "dedicatedResources"}),
    (DEPLOYMENT_RESOURCE_POOL, _POOL),
    (DEPLOYMENT_RESOURCE_POOL, {**_POOL, "deploymentResourcePool": "a" * 63}),
    (TRAFFIC_SPLIT, _SPLIT),
    (TRAFFIC_SPLIT, {**_SPLIT, "shares": {"v1": 99, "v2": 1}, "deployedModels": {"v1": "1", "v2": "2"}}),
]
WRONG: list[tuple[Schema, dict[str, Any], str, str]] = [
    (MODEL_VERSION, {**_VERSION, "location": "europe"}, "location", "a region"),
    (MODEL_VERSION, {**_VERSION, "model": "M"}, "model", "small letters"),
    (MODEL_VERSION, {**_VERSION, "model": "1m"}, "model", "a digit comes first"),
    (MODEL_VERSION, {**_VERSION, "name": "V1"}, "name", "labels have small letters"),
    (MODEL_VERSION, {**_VERSION, "name": "v" * 64}, "name", "the value of a label has 63"),
    (MODEL_VERSION, {**_VERSION, "labels": {"A": "b"}}, "labels.A", "small letters"),
    (MODEL_VERSION, {**_VERSION, "versionAliases": ["default"]}, "versionAliases[0]", "vertex.Model sets it"),
    (MODEL_VERSION, {**_VERSION, "versionAliases": ["a"]}, "versionAliases[0]", "2 characters at least"),
    (MODEL_VERSION, {**_VERSION, "versionAliases": ["v1-"]}, "versionAliases[0]", "no hyphen last"),
    (MODEL_VERSION, {**_VERSION, "artifactUri": "bucket/x"}, "artifactUri", "only Cloud Storage"),
    (
        MODEL_VERSION,
        {**_VERSION, **_container(env=[{"name": "a", "value": ""}] * 201)},
        "containerSpec.env",
        "200 variables",
    ),
    (
        MODEL_VERSION,
        {**_VERSION, **_container(predictRoute="/p", invokeRoutePrefix="/*")},
        "containerSpec.invokeRoutePrefix",
        "one of the two",
    ),
    (
        MODEL_VERSION,
        {**_VERSION, **_container(ports=[{"containerPort": 0}])},
        "containerSpec.ports[0].containerPort",
        "from 1",
    ),
    (
        MODEL_VERSION,
        {**_VERSION, **_container(grpcPorts=[{"containerPort": 65536}])},
        "containerSpec.grpcPorts[0].containerPort",
        "to 65535",
    ),
    (
        MODEL_VERSION,
        {**_VERSION, **_container(imageUri="serving:1")},
        "containerSpec.imageUri",
        "no registry of Google",
    ),
    (
        MODEL_VERSION,
        {**_VERSION, **_container(imageUri="gcr.io.example.com/p/i")},
        "containerSpec.imageUri",
        "the host",
    ),
    (MODEL_VERSION, {**_VERSION, **_container(imageUri="us-docker.pkg.dev/p")}, "containerSpec.imageUri", "no image"),
    (MODEL_VERSION, {**_VERSION, **_container(deploymentTimeout="600")}, "containerSpec.deploymentTimeout", "600s"),
    (MODEL_VERSION, {**_VERSION, **_container(healthProbe={})}, "containerSpec.healthProbe", "says how it asks"),
    (
        MODEL_VERSION,
        {**_VERSION, **_container(livenessProbe={"grpc": {}, "exec": {"command": ["a"]}})},
        "containerSpec.livenessProbe",
        "asks in one way",
    ),
    (MODEL_VERSION, {**_VERSION, "timeouts": {"create": 0}}, "timeouts.create", "more than nothing"),
    (MODEL, {**_MODEL, "displayName": ""}, "displayName", "not empty"),
    (MODEL, {**_MODEL, "displayName": "n" * 129}, "displayName", "128 characters at most"),
    (ENDPOINT, {**_ENDPOINT, "endpoint": "e-"}, "endpoint", "a letter or digit is last"),
    (ENDPOINT, {**_ENDPOINT, "endpoint": "a_b"}, "endpoint", "no underscore"),
    (ENDPOINT, {**_ENDPOINT, "endpoint": "01"}, "endpoint", "no 0 first"),
    (ENDPOINT, {**_ENDPOINT, "network": "n"}, "network", "its full name"),
    (
        ENDPOINT,
        {**_ENDPOINT, "network": "projects/1/global/networks/n", "privateServiceConnectConfig": _PRIVATE},
        "network",
        "one of the two",
    ),
    (
        ENDPOINT,
        {**_ENDPOINT, "dedicatedEndpointEnabled": True, "privateServiceConnectConfig": _PRIVATE},
        "dedicatedEndpointEnabled",
        "one of the two",
    ),
    (
        ENDPOINT,
        {**_ENDPOINT, "clientConnectionConfig": {"inferenceTimeout": "1 min"}},
        "clientConnectionConfig.inferenceTimeout",
        "seconds",
    ),
    (
        ENDPOINT,
        {**_ENDPOINT, "predictRequestResponseLoggingConfig": {"enabled": True, "samplingRate": 0}},
        "predictRequestResponseLoggingConfig.samplingRate",
        "above 0",
    ),
    (DEPLOYED_MODEL, {**_DEPLOYED, "deployedModelId": "0"}, "deployedModelId", "in a split 0 is the new one"),
    (DEPLOYED_MODEL, {**_DEPLOYED, "deployedModelId": "1" * 11}, "deployedModelId", "ten digits at most"),
    (DEPLOYED_MODEL, {**_DEPLOYED, "dedicatedResources": None}, "dedicatedResources", "machines or a pool"),
    (DEPLOYED_MODEL, {**_DEPLOYED, "sharedResources": _SHARED}, "sharedResources", "machines or a pool, not both"),
    (
        DEPLOYED_MODEL,
        {**_DEPLOYED, "dedicatedResources": None, "sharedResources": "pool"},
        "sharedResources",
        "its full name",
    ),
    (DEPLOYMENT_RESOURCE_POOL, {**_POOL, "deploymentResourcePool": "1"}, "deploymentResourcePool", "a letter first"),
    (DEPLOYMENT_RESOURCE_POOL, {**_POOL, "dedicatedResources": None}, "dedicatedResources", "a pool has machines"),
    (
        DEPLOYMENT_RESOURCE_POOL,
        {**_POOL, **_resources(minReplicaCount=0)},
        "dedicatedResources.minReplicaCount",
        "one replica",
    ),
    (
        DEPLOYED_MODEL,
        {**_DEPLOYED, **_resources(minReplicaCount=0)},
        "dedicatedResources.minReplicaCount",
        "one replica",
    ),
    (
        DEPLOYED_MODEL,
        {**_DEPLOYED, **_resources(minReplicaCount=2, maxReplicaCount=1)},
        "dedicatedResources.maxReplicaCount",
        "not below the least",
    ),
    (
        DEPLOYED_MODEL,
        {**_DEPLOYED, **_resources(maxReplicaCount=3, requiredReplicaCount=2)},
        "dedicatedResources.requiredReplicaCount",
        "not above the least",
    ),
    (
        DEPLOYED_MODEL,
        {**_DEPLOYED, **_resources(machineSpec={"machineType": "n1-standard-4", "acceleratorCount": 1})},
        "dedicatedResources.machineSpec.acceleratorType",
        "goes with the count",
    ),
    (
        DEPLOYED_MODEL,
        {**_DEPLOYED, **_resources(autoscalingMetricSpecs=[{"metricName": "a", "target": 0}])},
        "dedicatedResources.autoscalingMetricSpecs[0].target",
        "per cent",
    ),
    (TRAFFIC_SPLIT, {**_SPLIT, "shares": {"v1": 99}}, "shares", "100 together"),
    (TRAFFIC_SPLIT, {**_SPLIT, "shares": {"v1": 99, "v2": 1}}, "shares.v2", "of a version that is deployed"),
]


@pytest.mark.parametrize(("schema", "values"), RIGHT)
def test_what_the_api_takes_has_no_failures(schema: Schema, values: dict[str, Any]) -> None:
    """Values at their bounds."""
    assert list(schema.program_failures(values)) == []


@pytest.mark.parametrize(("schema", "values", "path", "why"), WRONG, ids=[f"{path}: {why}" for *_, path, why in WRONG])
def test_what_it_refuses_is_found_before(schema: Schema, values: dict[str, Any], path: str, why: str) -> None:
    """Under the field's path, and nothing else is blamed."""
    given = {key: item for key, item in values.items() if item is not None}

    assert [at for at, _ in schema.program_failures(given)] == [path], why


def test_the_labels_that_a_version_adds_cannot_be_given() -> None:
    """One holds its name, the other says whose it is."""
    for key in ("tf2-models-version", "tf2-models-owner"):
        [(path, _)] = MODEL_VERSION.program_failures({**_VERSION, "labels": {key: "a"}})
        assert path == f"labels.{key}"
