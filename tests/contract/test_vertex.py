"""What several resources of Vertex AI keep together: traffic, the default version, labels, and what is of others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gcp import errors
from resources.vertex.model import ModelProvider
from resources.vertex.model_version import ModelVersionProvider
from resources.vertex.traffic_split import TrafficSplitProvider
from tests.emulator.vertex.caller import VertexCaller
from tests.kinds.kind import Kind
from tests.kinds.vertex.deployed_model import DEPLOYED_MODEL, IDS
from tests.kinds.vertex.endpoint import ENDPOINT
from tests.kinds.vertex.model import MODEL
from tests.kinds.vertex.model_version import MODEL_VERSION
from tests.kinds.vertex.traffic_split import TRAFFIC_SPLIT
from tests.kinds.world import World
from tests.providers import State, as_engine
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow
THEIRS = {"imageUri": "us-docker.pkg.dev/p/r/theirs:1"}
OWNED = {"owner": "token"}


@pytest.fixture
def world(emulator: RunningEmulator, project: str, tmp_path: Path) -> World:
    """A project of the test's own."""
    return World(emulator, project, tmp_path)


@pytest.fixture
def service(emulator: RunningEmulator, project: str) -> VertexCaller:
    """What somebody else does, and sees."""
    return VertexCaller(emulator, project)


def made(world: World, kind: Kind, edit: State | None = None) -> tuple[State, State]:
    """Inputs and outputs of a resource that is made."""
    inputs = as_engine(kind.declare(world, edit))
    return inputs, as_engine(world.made(kind.provider, inputs))


def deleted(world: World, kind: Kind, inputs: State) -> None:
    """Deletes a resource."""
    provider = world.provider(kind.provider)
    provider.delete(provider.identity(inputs), dict(inputs))


def endpoint_of(service: VertexCaller) -> State:
    """The endpoint."""
    found: State = service.endpoints.get(name=f"{service.place}/endpoints/m").execute()
    return found


def versions_of(service: VertexCaller) -> dict[str, State]:
    """Number -> version."""
    listed = service.models.listVersions(name=f"{service.place}/models/m").execute()["models"]
    return {each["versionId"]: each for each in listed}


def test_a_deployed_model_with_traffic_is_not_deployed_again(world: World, service: VertexCaller) -> None:
    """A taint would leave its users without answers: refused, with the two ways out, before anything is sent."""
    split, _ = made(world, TRAFFIC_SPLIT)
    world.provider(TrafficSplitProvider).check(split, split)

    with pytest.raises(errors.FailedPrecondition, match=r"100 % of the traffic.* vertex\.redeploy: TEXT.*untaint"):
        deleted(world, DEPLOYED_MODEL, as_engine(DEPLOYED_MODEL.declare(world)))

    assert len(endpoint_of(service)["deployedModels"]) == 2


def test_one_that_goes_hands_its_traffic_over_as_declared(world: World, service: VertexCaller) -> None:
    """Somebody moved the traffic back to it after the split was set: it goes with the split that this run declares."""
    split, _ = made(world, TRAFFIC_SPLIT, {"shares": {"v2": 100}})
    world.provider(TrafficSplitProvider).check(split, split)
    service.split(f"{service.place}/endpoints/m", {IDS["v1"]: 100})

    deleted(world, DEPLOYED_MODEL, as_engine(DEPLOYED_MODEL.declare(world)))

    assert endpoint_of(service)["trafficSplit"] == {IDS["v2"]: 100}
    assert [each["id"] for each in endpoint_of(service)["deployedModels"]] == [IDS["v2"]]


def test_a_share_of_a_strangers_deployed_model_is_taken_back(world: World, service: VertexCaller) -> None:
    """Refresh shows what is left of ours, and the whole split by ids; `up` sets the declared one."""
    split, outs = made(world, TRAFFIC_SPLIT)
    theirs = service.deploy(f"{service.place}/endpoints/m", f"{service.place}/models/m@2", id="77")
    service.split(f"{service.place}/endpoints/m", {IDS["v1"]: 60, theirs: 40})
    provider = world.provider(TrafficSplitProvider)
    identity = provider.identity(split)

    read = provider.read(identity, outs)

    assert (read.inputs or {})["shares"] == {"v1": 60}
    assert (read.outs or {})["trafficSplit"] == {IDS["v1"]: 60, theirs: 40}
    provider.update(identity, as_engine(read.outs or {}), split)
    assert endpoint_of(service)["trafficSplit"] == {IDS["v1"]: 100}
    assert theirs in [each["id"] for each in endpoint_of(service)["deployedModels"]]


def test_a_split_names_what_is_gone(world: World) -> None:
    """Somebody undeployed what is to get traffic: the error says which, and what to do."""
    split, outs = made(world, TRAFFIC_SPLIT)
    deleted(world, DEPLOYED_MODEL, as_engine({**DEPLOYED_MODEL.declare(world), "deployedModelId": IDS["v2"]}))
    provider = world.provider(TrafficSplitProvider)

    with pytest.raises(errors.FailedPrecondition, match=f"has no deployed model {IDS['v2']}.*`pulumi refresh`"):
        provider.update(provider.identity(split), outs, {**split, "shares": {"v2": 100}})


def test_a_version_that_is_deployed_is_kept_at_once(world: World, service: VertexCaller) -> None:
    """The error names where; it is not waited for, as for a version that was undeployed just now."""
    made(world, DEPLOYED_MODEL)

    with pytest.raises(errors.FailedPrecondition, match=f"it is deployed as {IDS['v1']} on the endpoint m"):
        deleted(world, MODEL_VERSION, as_engine(MODEL_VERSION.declare(world)))

    assert list(versions_of(service)) == ["1"]


def test_a_version_that_is_still_seen_as_deployed_is_tried_again(world: World, service: VertexCaller) -> None:
    """The service refuses for a while after an undeploy, also at the end of the operation."""
    made(world, MODEL_VERSION)
    second, _ = made(world, MODEL_VERSION, {"name": "v2"})
    refused = {"operation": "error", "code": 9, "message": "still in use", "times": 2}
    world.emulator.faults({"method": "aiplatform.projects.locations.models.deleteVersion", **refused})

    deleted(world, MODEL_VERSION, second)

    assert world.emulator.is_faulted()
    assert list(versions_of(service)) == ["1"]


def test_an_endpoint_with_deployed_models_is_kept(world: World, service: VertexCaller) -> None:
    """The error names them."""
    made(world, DEPLOYED_MODEL)

    with pytest.raises(errors.FailedPrecondition, match=rf"models are deployed on it: {IDS['v1']} \(m\)"):
        deleted(world, ENDPOINT, as_engine(ENDPOINT.declare(world)))

    assert endpoint_of(service)["deployedModels"]


def _theirs(world: World, service: VertexCaller, **request: Any) -> None:
    uri = f"gs://{world.bucket}/multiplier/one"
    service.upload(uri=uri, model={"displayName": "theirs", "containerSpec": THEIRS}, **request)


def test_versions_of_others_stay(world: World, service: VertexCaller) -> None:
    """The default stays with one that nobody may choose another for; one that is not the default goes alone."""
    inputs, _ = made(world, MODEL_VERSION)
    _theirs(world, service, parentModel=f"{service.place}/models/m")

    with pytest.raises(errors.FailedPrecondition, match=r"has the alias default.* other versions, 2,"):
        deleted(world, MODEL_VERSION, inputs)
    assert list(versions_of(service)) == ["2", "1"]

    body = {"versionAliases": ["default"]}
    service.models.mergeVersionAliases(name=f"{service.place}/models/m@2", body=body).execute()
    deleted(world, MODEL_VERSION, inputs)
    assert list(versions_of(service)) == ["2"]


def test_a_model_of_others_takes_uploads_with_adopt_alone(world: World, service: VertexCaller) -> None:
    """It keeps its default and its versions, also when ours goes."""
    inputs = as_engine(MODEL_VERSION.declare(world, OWNED))
    _theirs(world, service, modelId="m")
    with pytest.raises(errors.FailedPrecondition, match=r"no version of it is this stack's: .* adopt: true"):
        world.made(ModelVersionProvider, inputs)

    outs = world.made(ModelVersionProvider, {**inputs, "adopt": True})

    assert outs["versionId"] == "2"
    assert versions_of(service)["1"]["versionAliases"] == ["default"]
    deleted(world, MODEL_VERSION, inputs)
    assert list(versions_of(service)) == ["1"]


def test_the_default_moves_before_its_version_goes(world: World, service: VertexCaller) -> None:
    """To the newest of those that a stack uploaded."""
    first, _ = made(world, MODEL_VERSION)
    for name in ("v2", "v3"):
        made(world, MODEL_VERSION, {"name": name})

    deleted(world, MODEL_VERSION, first)

    assert {number: each["versionAliases"] for number, each in versions_of(service).items()} == {
        "3": ["default"],
        "2": [],
    }


def test_first_uploads_in_parallel_make_one_model(world: World, service: VertexCaller) -> None:
    """One after the other: each makes one version, and the first of them the model."""
    inputs = [as_engine(MODEL_VERSION.declare(world, {"name": name})) for name in ("v1", "v2", "v3")]
    provider = world.provider(ModelVersionProvider)

    def upload(each: State) -> str:
        try:
            return str((provider.create(dict(each)).outs or {})["versionId"])
        finally:
            provider.api.http().close()  # this thread's

    with ThreadPoolExecutor(3) as pool:
        numbers = list(pool.map(upload, inputs))

    assert sorted(numbers) == ["1", "2", "3"] == sorted(versions_of(service))
    assert versions_of(service)["1"]["versionAliases"] == ["default"]


def test_labels_of_a_model_and_of_its_versions_stay_apart(world: World, service: VertexCaller) -> None:
    """A patch of the ones copies none of the others, which answers show together: each can be changed by itself."""
    model, known = made(world, MODEL, {"labels": {"team": "a"}, "defaultVersion": None})
    inputs = as_engine(MODEL_VERSION.declare(world, {"labels": {}}))
    version, registry = world.provider(ModelVersionProvider), world.provider(ModelProvider)
    outs = inputs

    for stage, team in (("x", "b"), ("y", "c")):
        news = {**inputs, "labels": {"stage": stage}}
        outs = as_engine(version.update(version.identity(inputs), outs, news).outs or {})
        wanted = {**model, "labels": {"team": team}}
        known = as_engine(registry.update(registry.identity(model), known, wanted).outs or {})
        assert (outs["labels"], known["labels"]) == ({"stage": stage}, {"team": team})

    version.update(version.identity(inputs), outs, inputs)
    registry.update(registry.identity(model), known, {**model, "labels": {}})
    assert {number: each["labels"] for number, each in versions_of(service).items()} == {
        "1": {"tf2-models-version": "v1"},
        "2": {"tf2-models-version": "v2"},
    }
