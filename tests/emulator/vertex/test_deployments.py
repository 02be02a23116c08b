"""Deploying, splits, undeploying: what serves really serves, and what the service refuses is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gcp import errors
from tests.emulator.vertex.caller import SERVING, VertexCaller, refusal, until
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow
Factory = Callable[..., RunningEmulator]
METHOD = "aiplatform.projects.locations.endpoints."


def test_two_versions_answer_by_their_shares(vertex: VertexCaller) -> None:
    """A deployment without a split gets no traffic; an answer says who gave it; shares are kept."""
    endpoint = vertex.endpoint()
    first = vertex.upload(2.0, modelId="m")
    second = vertex.upload(3.0, parentModel=first.partition("@")[0])
    assert isinstance(refusal(vertex.predict_call(endpoint)), errors.FailedPrecondition)

    assert vertex.deploy(endpoint, first, id="1", split={"0": 100}) == "1"
    assert vertex.predict(endpoint) == {
        "predictions": [2.0],
        "deployedModelId": "1",
        "model": first.partition("@")[0],
        "modelDisplayName": "m",
        "modelVersionId": "1",
    }
    vertex.deploy(endpoint, second, id="2")
    assert {vertex.predict(endpoint)["deployedModelId"] for _ in range(20)} == {"1"}
    vertex.split(endpoint, {"1": 80, "2": 20})

    counted = Counter(vertex.predict(endpoint)["deployedModelId"] for _ in range(500))
    assert 60 <= counted["2"] <= 140
    found = vertex.endpoints.get(name=endpoint).execute()
    assert found["trafficSplit"] == {"1": 80, "2": 20}
    assert [(each["id"], each["modelVersionId"]) for each in found["deployedModels"]] == [("1", "1"), ("2", "2")]
    assert all(each["status"]["availableReplicaCount"] == 1 for each in found["deployedModels"])
    assert vertex.models.get(name=second).execute()["deployedModels"] == [
        {"endpoint": endpoint, "deployedModelId": "2"}
    ]


def test_what_has_traffic_or_is_needed_stays(vertex: VertexCaller) -> None:
    """Undeploying needs a split without it; a deployed version, its model and its endpoint cannot be deleted."""
    endpoint, first = vertex.endpoint(), vertex.upload(2.0)
    model = first.partition("@")[0]
    second = vertex.upload(3.0, parentModel=model, model={"versionAliases": ["default"]})
    vertex.deploy(endpoint, first, id="1", split={"0": 100})
    vertex.deploy(endpoint, second, id="2")

    def undeploy(id_: str, split: dict[str, int]) -> Any:
        body = {"deployedModelId": id_, "trafficSplit": split}
        return vertex.endpoints.undeployModel(endpoint=endpoint, body=body)

    for call in (
        undeploy("1", {}),
        undeploy("1", {"1": 50, "2": 50}),
        vertex.models.deleteVersion(name=first),
        vertex.models.delete(name=model),
        vertex.endpoints.delete(name=endpoint),
    ):
        assert isinstance(refusal(call), errors.FailedPrecondition)
    for split in ({"1": 100, "3": 0}, {"1": 50}, {"1": 150, "2": -50}):
        call = vertex.endpoints.patch(name=endpoint, updateMask="traffic_split", body={"trafficSplit": split})
        assert isinstance(refusal(call), errors.InvalidArgument)
    assert isinstance(refusal(undeploy("3", {})), errors.NotFound)
    vertex.response(undeploy("1", {"2": 100}).execute())
    assert vertex.predict(endpoint)["predictions"] == [3.0]
    vertex.response(vertex.models.deleteVersion(name=first).execute())
    vertex.response(undeploy("2", {}).execute())  # the last one needs no split
    assert "trafficSplit" not in vertex.endpoints.get(name=endpoint).execute()
    vertex.response(vertex.endpoints.delete(name=endpoint).execute())
    vertex.response(vertex.models.delete(name=model).execute())


@pytest.mark.parametrize(
    ("container", "folder", "why"),
    [
        (SERVING, "numbered/3", ""),
        (SERVING, "flat", "no versions of servable model"),
        ({**SERVING, "predictRoute": "/v1/models/other:predict"}, "numbered/1", "predictRoute"),
        ({**SERVING, "ports": [{"containerPort": 9000}]}, "numbered/1", "port"),
        ({"imageUri": "us-docker.pkg.dev/p/r/mine:1"}, "flat", "cannot run containers"),
        (None, "numbered/1", "saved_model.pb is expected"),
    ],
)
def test_a_folder_must_fit_its_container(
    vertex: VertexCaller, container: dict[str, Any] | None, folder: str, why: str
) -> None:
    """TensorFlow Serving, known by its arguments, wants a numbered folder; prebuilt images want none. It fails late."""
    uri = vertex.artifact(2.0, folder)
    version = vertex.upload(uri=uri, model={"containerSpec": container} if container else {})
    endpoint = vertex.endpoint()

    operation = vertex.begin_deploy(endpoint, version, split={"0": 100})

    if why:
        assert why in vertex.failure(operation)["message"]
        assert vertex.endpoints.get(name=endpoint).execute().keys().isdisjoint({"deployedModels", "trafficSplit"})
        vertex.response(vertex.endpoints.delete(name=endpoint).execute())
    else:
        vertex.response(operation)
        assert vertex.predict(endpoint)["predictions"] == [2.0]


def test_a_damaged_model_fails_late(vertex: VertexCaller) -> None:
    """The container ends before it is healthy; nothing is left behind."""
    vertex.files.upload("bad", b"no SavedModel")
    version, endpoint = vertex.upload(uri=f"gs://{vertex.files.bucket}/bad"), vertex.endpoint()

    error = vertex.failure(vertex.begin_deploy(endpoint, version))

    assert (error["code"], error["message"].partition(":")[0]) == (9, "Model server exited unexpectedly")
    vertex.response(vertex.models.delete(name=version.partition("@")[0]).execute())


@pytest.mark.parametrize("type_", ["n1-standrad-2", "n1-standard"])
def test_an_unknown_machine_type_fails_late(vertex: VertexCaller, type_: str) -> None:
    """The operation fails, of a deployment as of a pool; nothing is left behind."""
    version, endpoint = vertex.upload(), vertex.endpoint()
    resources = {"machineSpec": {"machineType": type_}, "minReplicaCount": 1}
    pools = vertex.locations.deploymentResourcePools()
    pool = {"deploymentResourcePoolId": "a", "deploymentResourcePool": {"dedicatedResources": resources}}

    failed = [
        vertex.failure(vertex.begin_deploy(endpoint, version, dedicatedResources=resources)),
        vertex.failure(pools.create(parent=vertex.place, body=pool).execute()),
    ]

    assert [(each["code"], each["message"]) for each in failed] == [
        (3, f"Machine type '{type_}' is not supported.")
    ] * 2
    assert "deployedModels" not in vertex.endpoints.get(name=endpoint).execute()
    assert pools.list(parent=vertex.place).execute() == {}


def test_machines_with_tpus_are_accepted(vertex: VertexCaller) -> None:
    """The emulator serves on processors whatever the machine is."""
    version, endpoint = vertex.upload(2.0), vertex.endpoint()
    machine = {"machineType": "ct5lp-hightpu-1t", "tpuTopology": "1x1"}

    vertex.deploy(
        endpoint, version, split={"0": 100}, dedicatedResources={"machineSpec": machine, "minReplicaCount": 1}
    )

    assert vertex.predict(endpoint)["predictions"] == [2.0]


@pytest.mark.parametrize(
    ("change", "cls"),
    [
        ({"dedicatedResources": {"minReplicaCount": 0}}, errors.InvalidArgument),
        ({"dedicatedResources": {"minReplicaCount": 2, "maxReplicaCount": 1}}, errors.InvalidArgument),
        (
            {"dedicatedResources": {"minReplicaCount": 1, "autoscalingMetricSpecs": [{"metricName": "x"}]}},
            errors.InvalidArgument,
        ),
        ({"dedicatedResources": None}, errors.InvalidArgument),
        ({"dedicatedResources": None, "automaticResources": {"minReplicaCount": 1}}, errors.InvalidArgument),
        ({"id": "0"}, errors.InvalidArgument),
        ({"id": "12345678901"}, errors.InvalidArgument),
        ({"model": "m"}, errors.InvalidArgument),
        ({"model": "{model}@9"}, errors.NotFound),
        ({"split": {"0": 90}}, errors.InvalidArgument),
        ({"split": {"5": 100}}, errors.InvalidArgument),
    ],
)
def test_wrong_deployments_are_refused_at_once(
    vertex: VertexCaller, change: dict[str, Any], cls: type[errors.ApiError]
) -> None:
    """Each with one thing wrong."""
    version, endpoint = vertex.upload(), vertex.endpoint()
    change = {**change}
    model = change.pop("model", version).format(model=version.partition("@")[0])

    assert isinstance(refusal(vertex.deploy_call(endpoint, model, **change)), cls)


def test_replicas_are_mutated_in_place(vertex: VertexCaller) -> None:
    """The mask is in the body; a machine cannot change; the beta scales to zero, and v1 has no word for it."""
    version, endpoint = vertex.upload(), vertex.endpoint()
    vertex.deploy(endpoint, version, id="1", split={"0": 100})

    def call(mask: str, locations: VertexCaller = vertex, **resources: Any) -> Any:
        body = {"deployedModel": {"id": "1", "dedicatedResources": resources}, "updateMask": mask}
        return locations.endpoints.mutateDeployedModel(endpoint=endpoint, body=body)

    both = "dedicatedResources.minReplicaCount,dedicatedResources.maxReplicaCount"
    vertex.response(call(both, minReplicaCount=2, maxReplicaCount=2).execute())
    (deployed,) = vertex.endpoints.get(name=endpoint).execute()["deployedModels"]
    assert deployed["status"]["availableReplicaCount"] == 2
    assert deployed["dedicatedResources"].items() >= {"minReplicaCount": 2, "maxReplicaCount": 2}.items()
    for mask in ("dedicatedResources.machineSpec", "", "serviceAccount", "dedicatedResources.initialReplicaCount"):
        assert isinstance(refusal(call(mask)), errors.InvalidArgument)
    beta = VertexCaller(vertex.emulator, vertex.project, version="v1beta1")
    zero = both + ",dedicated_resources.initial_replica_count"
    assert isinstance(refusal(call(both, minReplicaCount=0, maxReplicaCount=2)), errors.InvalidArgument)
    vertex.response(call(zero, beta, minReplicaCount=0, maxReplicaCount=1, initialReplicaCount=1).execute())
    (deployed,) = vertex.endpoints.get(name=endpoint).execute()["deployedModels"]
    (shown,) = beta.endpoints.get(name=endpoint).execute()["deployedModels"]
    assert "minReplicaCount" not in deployed["dedicatedResources"]
    assert (
        "initialReplicaCount" in deployed["dedicatedResources"],
        shown["dedicatedResources"]["initialReplicaCount"],
    ) == (False, 1)
    assert vertex.predict(endpoint)["predictions"] == [2.0]


def test_delays_and_the_quota_are_inputs(emulator_factory: Factory) -> None:
    """A split and the end of a deployment take effect later; maximum replica counts are summed."""
    running = emulator_factory("--split-seconds", "2", "--release-seconds", "3600", "--most-replicas", "3")
    vertex = VertexCaller(running, "p")
    endpoint, first = vertex.endpoint(), vertex.upload(2.0)
    second = vertex.upload(3.0, parentModel=first.partition("@")[0], model={"versionAliases": ["default"]})
    vertex.deploy(endpoint, first, id="1", split={"0": 100})
    vertex.deploy(endpoint, second, id="2", dedicatedResources={"minReplicaCount": 1, "maxReplicaCount": 2})
    call = vertex.deploy_call(endpoint, second)
    assert isinstance(refusal(call), errors.ResourceExhausted)
    assert vertex.ask("POST", f"/v1/{endpoint}:predict", b"{}")[1]["error"]["status"] == "FAILED_PRECONDITION"
    until(lambda: vertex.ask("POST", f"/v1/{endpoint}:predict", b'{"instances": [1]}')[0] == 200, "the first split")

    vertex.split(endpoint, {"2": 100})
    assert vertex.endpoints.get(name=endpoint).execute()["trafficSplit"] == {"2": 100}
    assert vertex.predict(endpoint)["deployedModelId"] == "1"
    until(lambda: vertex.predict(endpoint)["deployedModelId"] == "2", "the second split")
    body = {"deployedModelId": "1"}
    vertex.response(vertex.endpoints.undeployModel(endpoint=endpoint, body=body).execute())
    assert isinstance(refusal(vertex.models.deleteVersion(name=first)), errors.FailedPrecondition)


def test_a_fault_refuses_a_second_operation_on_an_endpoint(vertex: VertexCaller) -> None:
    """Only while another one runs there."""
    endpoint, other, version = vertex.endpoint(), vertex.endpoint(), vertex.upload()
    never, busy = {"operation": "never"}, {"busy": "refuse", "times": 9}
    vertex.emulator.faults({"method": f"{METHOD}deployModel", **never}, {"method": f"{METHOD}deployModel", **busy})
    vertex.begin_deploy(endpoint, version)

    refused = refusal(vertex.deploy_call(endpoint, version))
    taken = vertex.begin_deploy(other, version)

    assert isinstance(refused, errors.FailedPrecondition)
    assert "There are other operations running on the Endpoint" in refused.message
    vertex.response(taken)


def test_a_kill_loses_no_deployment(emulator_factory: Factory, tmp_path: Path) -> None:
    """What served serves again with its split; what was being deployed goes on."""
    data = tmp_path / "data"
    killed = emulator_factory("--operation-seconds", "0.3", data=data)
    vertex = VertexCaller(killed, "p")
    endpoint, first = vertex.endpoint(), vertex.upload(2.0)
    second = vertex.upload(3.0, parentModel=first.partition("@")[0])
    vertex.deploy(endpoint, first, id="1", split={"0": 100})
    running = vertex.begin_deploy(endpoint, second, id="2", split={"1": 0, "0": 100})

    killed.kill()
    vertex = VertexCaller(emulator_factory("--operation-seconds", "0.3", data=data), "p")

    assert vertex.predict(endpoint)["predictions"] == [2.0]
    vertex.response(running)
    assert vertex.predict(endpoint)["predictions"] == [3.0]
    assert len(vertex.endpoints.get(name=endpoint).execute()["deployedModels"]) == 2
