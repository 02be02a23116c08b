"""A stack file for Vertex AI: what it declares, and everything that it may not say, each with what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from gcp import errors
from models import Artifact
from resources import platforms
from resources.vertex.config import plan
from tests.resources.config.test_stack_config import resolve

IMAGE = "us-central1-docker.pkg.dev/p/r/serving:{tensorflow}{gpu}"
VERSION: dict[str, Any] = {"artifact": "r", "machineType": "n1-standard-2"}
MODEL: dict[str, Any] = {"defaultVersion": "v1", "versions": {"v1": VERSION}}
CONTAINER = {"image": "us-docker.pkg.dev/p/r/i:1"}
ROUTES = {"predict": "/predict", "health": "/health"}
PREBUILT = {
    "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest": "2.15",
    "europe-docker.pkg.dev/vertex-ai/prediction/tf2-gpu.2-8:latest": "2.8",
    "asia-docker.pkg.dev/vertex-ai-restricted/prediction/tf_opt-cpu.2-17:latest": "2.17",
}
"""Images of Google -> the TensorFlow that they have, which is older than that of the known artifact."""
NIGHTLY = "us-docker.pkg.dev/vertex-ai-restricted/prediction/tf_opt-cpu.nightly:latest"


def reader(name: str, parameters: Mapping[str, Any] | None, rebuild: bool) -> Artifact:
    """One artifact is known."""
    return resolve(name, parameters, rebuild)


def stack(models: Any, **more: Any) -> dict[str, str]:
    """A configuration as Pulumi hands it over."""
    values = {"models": models, "platform": "vertex", "endpoint": "regional", "servingImage": IMAGE, **more}
    plain = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    return {
        "gcp:project": "demo",
        "gcp:region": "us-central1",
        **{f"tf2-models:{key}": text for key, text in plain.items()},
    }


def read(models: Any, **more: Any) -> plan.Stack:
    """What a stack file declares."""
    found: plan.Stack = platforms.read(stack(models, **more), reader)
    return found


def model(**edit: Any) -> dict[str, Any]:
    """One model with an edit."""
    return {"m": {**MODEL, **edit}}


def version(**edit: Any) -> dict[str, Any]:
    """One model whose only version has an edit, in which None removes."""
    edited = {key: item for key, item in {**VERSION, **edit}.items() if item is not None}
    return {"m": {**MODEL, "versions": {"v1": edited}}}


V1 = "models.m.versions.v1"
_NO_KEY_OF_VERTEX: dict[str, Any] = {
    "runtimeVersion": "2.11",
    "pythonVersion": "3.7",
    "framework": "TENSORFLOW",
    "packageUris": ["gs://bucket/a.tar.gz"],
    "predictionClass": "a.B",
    "explanationConfig": {},
    "signatureName": "serving_default",
    "requestLoggingConfig": {"bigqueryTableName": "p.d.t"},
}
"""Keys of a version on `ml`."""
_GPU = {"name": "GPU_DUTY_CYCLE", "target": 50}

REFUSED: list[tuple[dict[str, str], str, str]] = [
    (stack(model(), endpoint="global"), "endpoint", "must be regional, or a URL"),
    ({**stack(model()), "gcp:region": ""}, "gcp:region", "is missing"),
    (stack(model(), runtimeVersion="2.11"), "runtimeVersion", "is not for Vertex AI: servingImage says which image"),
    (stack(model(), servingImage=""), "servingImage", "is missing: the image of TensorFlow Serving"),
    *(
        (stack(version(**{key: item})), f"{V1}.{key}", "is not for Vertex AI: ")
        for key, item in _NO_KEY_OF_VERTEX.items()
    ),
    (
        stack(version(allowNewerTensorFlow=True)),
        f"{V1}.allowNewerTensorFlow",
        "is for Google's prebuilt images: servingImage has the artifact's own TensorFlow",
    ),
    (
        stack(version(allowNewerTensorFlow=True, container=CONTAINER, routes=ROUTES)),
        f"{V1}.allowNewerTensorFlow",
        "that of your own image is not compared: leave it out",
    ),
    *(
        (
            stack(version(container={"image": image}, artifact="old")),
            f"{V1}.container.image",
            f"TensorFlow {held} is older than",
        )
        for image, held in PREBUILT.items()
    ),
    (stack(model(regions=["us-central1"])), "models.m.regions", "the region is gcp:region"),
    (stack(model(version=VERSION)), "models.m.version", "give versions, with names"),
    (stack(model(allowBreakingChange="v1")), "models.m.allowBreakingChange", "are not compared on Vertex AI yet"),
    (stack(model(gate={"tolerance": 1})), "models.m.gate", ""),
    (stack(model(defaultVersion="v2")), "models.m.defaultVersion", "'v2' is not among its versions: v1"),
    (stack(version(machineType=None)), f"{V1}.machineType", "is missing"),
    (stack(version(machineType="mls1-c1-m2")), f"{V1}.machineType", "Vertex AI has no mls1 machines"),
    (
        stack(version(autoScaling={"minNodes": 1}, manualScaling={"nodes": 1})),
        f"{V1}.manualScaling",
        "excludes autoScaling",
    ),
    (
        stack(version(autoScaling={"metrics": [_GPU]}, vertex={"autoscalingMetricSpecs": [{"metricName": "a"}]})),
        f"{V1}.vertex.autoscalingMetricSpecs",
        "excludes autoScaling.metrics",
    ),
    (stack(version(container=CONTAINER)), f"{V1}.routes.predict", "needs both routes on Vertex AI"),
    (stack(version(container=CONTAINER, routes={"predict": "/p"})), f"{V1}.routes.health", "needs both routes"),
    (stack(version(routes=ROUTES)), f"{V1}.routes", "needs container"),
    (stack(version(artifact="gs://bucket/folder/")), f"{V1}.artifact", "must end with a numbered folder"),
    (stack(version(artifact="gs://bucket/m/1/")), "servingImage", "which is not known of an artifact in a bucket"),
    (stack(version(vertex={"deployedModelId": "0"})), f"{V1}.vertex.deployedModelId", "the first of them no 0"),
    (
        stack(version(vertex={"autoscalingMetricSpecs": [{"metricName": "a", "target": 101}]})),
        f"{V1}.vertex.autoscalingMetricSpecs[0].target",
        "must be 1 to 100",
    ),
    (stack(version(vertex={"startupProbe": {}})), f"{V1}.vertex.startupProbe", "takes one of exec"),
    (
        stack(version(container={**CONTAINER, "ports": [{"containerPort": 0}]}, routes=ROUTES)),
        f"{V1}.container.ports[0].containerPort",
        "must be 1 to 65535",
    ),
    (stack(version(vertex={"versionAliases": ["default"]})), f"{V1}.vertex.versionAliases[0]", "leave it out"),
    (
        stack(model(versions={name: {**VERSION, "vertex": {"deployedModelId": "7"}} for name in ("v1", "v2")})),
        "models.m.versions.v2.vertex.deployedModelId",
        "is that of v1, too: 7",
    ),
    (stack(model(defaultVersion="V1", versions={"V1": VERSION})), "models.m.versions.V1", "a label holds it"),
    (stack(model(trafficSplit={"v1": 50})), "models.m.trafficSplit", "100"),
    (stack(model(trafficSplit={"v1": 99.5})), "models.m.trafficSplit.v1", "must be a whole number"),
    (stack(model(trafficSplit={"v9": 100})), "models.m.trafficSplit.v9", "is not among its versions: v1"),
    (stack({"a_b": MODEL, "A_B": MODEL}), "models.A_B", "its endpoint is a-b, as that of a_b: give one of them"),
    (
        stack({"a": MODEL, "A": {**MODEL, "vertex": {"endpointId": "other"}}}),
        "models.A",
        "its model is a, as that of a: give one of them vertex.modelId",
    ),
    (stack(model(vertex={"network": "n"})), "models.m.vertex.network", "projects/NUMBER/global/networks/NAME"),
    (
        stack(model(vertex={"predictRequestResponseLoggingConfig": {"enabled": True, "samplingRate": 2}})),
        "models.m.vertex.predictRequestResponseLoggingConfig.samplingRate",
        "at most 1",
    ),
]


@pytest.mark.parametrize(("config", "path", "reason"), REFUSED, ids=[f"{path} {reason}" for _, path, reason in REFUSED])
def test_what_vertex_ai_cannot_do_is_refused(config: dict[str, str], path: str, reason: str) -> None:
    """Before anything is sent, under the key's full path."""
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(config, reader)

    found = caught.value.failures
    whole = path if path.startswith("gcp:") else f"tf2-models:{path}"
    assert [text for at, text in found if at.startswith(whole) and reason in text], found


def test_nodes_are_replicas() -> None:
    """Scaling of `ml` in the words of Vertex AI: a number is both the least and the most; targets are kept."""
    for entry, expected in (
        ({}, {"minReplicaCount": 1, "maxReplicaCount": 1}),
        ({"manualScaling": {"nodes": 2}}, {"minReplicaCount": 2, "maxReplicaCount": 2}),
        ({"autoScaling": {"minNodes": 2}}, {"minReplicaCount": 2, "maxReplicaCount": 2}),
        ({"autoScaling": {"minNodes": 1, "maxNodes": 3}}, {"minReplicaCount": 1, "maxReplicaCount": 3}),
    ):
        [found] = read(version(**entry)).models[0].versions
        assert found.deployed["dedicatedResources"] == {"machineSpec": {"machineType": "n1-standard-2"}, **expected}

    [found] = read(version(autoScaling={"minNodes": 1, "maxNodes": 2, "metrics": [_GPU]})).models[0].versions
    name = "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle"
    assert found.deployed["dedicatedResources"]["autoscalingMetricSpecs"] == [{"metricName": name, "target": 50}]


def test_logging_and_labels_go_where_vertex_ai_has_them() -> None:
    """Predictions are logged by each deployed model, containers not by default; labels stay with what they describe."""
    [plain], [logged] = (
        read(entry).models
        for entry in (
            model(),
            model(
                labels={"team": "a"},
                onlinePredictionLogging=True,
                onlinePredictionConsoleLogging=True,
                versions={"v1": {**VERSION, "labels": {"stage": "x"}}},
            ),
        )
    )

    assert plain.versions[0].deployed["disableContainerLogging"] is True
    assert "enableAccessLogging" not in plain.versions[0].deployed
    [found] = logged.versions
    assert (found.deployed["enableAccessLogging"], found.deployed["disableContainerLogging"]) == (True, False)
    assert (logged.endpoint["labels"], found.uploaded["labels"]) == ({"team": "a"}, {"stage": "x"})
    assert "labels" not in logged.registry


def test_the_default_image_is_tensorflow_serving_of_the_artifacts_own_version() -> None:
    """In a numbered folder, whose parent the container is given."""
    [plain] = read(version()).models[0].versions
    [fast] = read(version(acceleratorConfig={"count": 1, "type": "NVIDIA_TESLA_T4"})).models[0].versions

    assert plain.uploaded["containerSpec"]["imageUri"] == "us-central1-docker.pkg.dev/p/r/serving:2.21.0"
    assert fast.uploaded["containerSpec"]["imageUri"] == "us-central1-docker.pkg.dev/p/r/serving:2.21.0-gpu"
    assert plain.saved_model is not None
    assert plain.saved_model["prefix"].endswith("/1")
    assert f"{plain.saved_model['prefix']}/".endswith(f"{plain.uploaded['artifactUri'].partition('tf2-models/')[2]}1/")


def test_a_container_of_ones_own_gets_the_folder_itself() -> None:
    """With its routes; Google's prebuilt images need none."""
    [own] = read(version(container=CONTAINER, routes=ROUTES, artifact="gs://bucket/folder/")).models[0].versions
    prebuilt = {"image": "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"}
    [googles] = read(version(container=prebuilt, artifact="gs://bucket/folder/")).models[0].versions

    spec = {"imageUri": CONTAINER["image"], "predictRoute": "/predict", "healthRoute": "/health"}
    assert (own.uploaded["containerSpec"], own.uploaded["artifactUri"]) == (spec, "gs://bucket/folder/")
    assert googles.uploaded["containerSpec"] == {"imageUri": prebuilt["image"]}


@pytest.mark.parametrize(
    "image", [*PREBUILT, "us-docker.pkg.dev/vertex-ai-restricted/prediction/tf_opt-cpu.nightly:latest"]
)
def test_an_image_of_google_is_taken_with_an_older_tensorflow_if_the_version_says_so(image: str) -> None:
    """`allowNewerTensorFlow` is no input of a resource; a nightly image is not compared."""
    allowed = {"allowNewerTensorFlow": True} if image in PREBUILT else {}

    [found] = read(version(artifact="old", container={"image": image}, **allowed)).models[0].versions

    assert found.uploaded["containerSpec"] == {"imageUri": image}
    assert "allowNewerTensorFlow" not in {**found.uploaded, **found.deployed}


def test_a_prebuilt_image_is_warned_of() -> None:
    """With its TensorFlow and the day on which it ends; only for the images that end."""
    two, eight, other = (
        read(version(artifact="gs://bucket/m/1/", container={"image": image}, **more)).warnings
        for image, more in [*((image, {}) for image in list(PREBUILT)[:2]), (CONTAINER["image"], {"routes": ROUTES})]
    )

    ends = "and Google removes it on 2027-01-14; to replace it, set servingImage and leave container out"
    assert two == [f"{V1}.container.image: has TensorFlow 2.15, {ends}"]
    assert eight == [f"{V1}.container.image: has TensorFlow 2.8, {ends}"]
    assert other == []


@pytest.mark.parametrize(
    ("edit", "shares"),
    [
        ({}, {"v1": 100}),
        ({"trafficSplit": {"v1": 100}}, {"v1": 100}),
        ({"trafficSplit": {"v1": 100, "v2": 0}}, {"v1": 100}),
    ],
)
def test_a_split_is_always_declared(edit: dict[str, Any], shares: dict[str, int]) -> None:
    """Without one, everything goes to the default; a share of 0 is none."""
    [found] = read(model(versions={"v1": VERSION, "v2": VERSION}, **edit)).models

    assert found.traffic_split["shares"] == shares
    assert set(found.traffic_split["deployedModels"]) == {"v1"}


def test_the_default_is_uploaded_first() -> None:
    """The first upload makes the model, and is its default."""
    [found] = read({"m": {"defaultVersion": "b", "versions": {"a": VERSION, "b": VERSION}}}).models

    assert [each.name for each in found.versions] == ["b", "a"]


def test_what_exists_is_adopted_under_its_own_ids() -> None:
    """Numbers that the service gave; a model's `adopt` is for its endpoint and for uploads to its model."""
    number = "4935302625478541312"
    [found] = read(model(adopt=True, vertex={"endpointId": number, "modelId": number})).models

    assert (found.endpoint["endpoint"], found.registry["model"]) == (number, number)
    assert found.endpoint["adopt"] is found.versions[0].uploaded["adopt"] is True
    assert "adopt" not in found.versions[0].deployed
