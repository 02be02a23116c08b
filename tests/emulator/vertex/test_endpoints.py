"""Endpoints without deployed models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.core.google_names import project_number
from gcp import errors
from tests.emulator.vertex.caller import PREBUILT, VertexCaller, refusal
from tests.running import RunningEmulator


def test_an_endpoint_is_made_changed_and_deleted(vertex: VertexCaller) -> None:
    """Under the id that is asked for, or one of digits; deleted by an operation with a flat name."""
    call = vertex.endpoints.create(
        parent=vertex.place, endpointId="e-1", body={"displayName": "a", "labels": {"x": "y"}}
    )
    operation = call.execute()
    response = vertex.response(operation)
    name = f"{vertex.place}/endpoints/e-1".replace(vertex.project, project_number(vertex.project))

    assert (response["name"], operation["name"].rpartition("/operations/")[0]) == (name, name)
    assert isinstance(refusal(call), errors.AlreadyExists)
    patch = vertex.endpoints.patch(name=name, updateMask="display_name,labels", body={"displayName": "b", "labels": {}})
    assert patch.execute().items() >= {"name": name, "displayName": "b"}.items()
    other = vertex.endpoint()
    assert other.rpartition("/")[2].isdecimal()
    listed = vertex.endpoints.list(parent=vertex.place, filter="display_name=b").execute()["endpoints"]
    assert [each["name"] for each in listed] == [name]
    deletion = vertex.endpoints.delete(name=name).execute()
    assert deletion["name"].startswith(f"{name.rpartition('/endpoints/')[0]}/operations/")
    assert vertex.response(deletion) == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    assert isinstance(refusal(vertex.endpoints.get(name=name)), errors.NotFound)


@pytest.mark.parametrize(
    "change",
    [
        {"displayName": ""},
        {"trafficSplit": {"1": 100}},
        {"labels": {"A": "b"}},
        {
            "network": "projects/1/global/networks/n",
            "privateServiceConnectConfig": {"enablePrivateServiceConnect": True},
        },
    ],
)
def test_wrong_endpoints_are_refused(vertex: VertexCaller, change: dict[str, object]) -> None:
    """Each with one thing wrong."""
    call = vertex.endpoints.create(parent=vertex.place, body={"displayName": "e", **change})

    assert isinstance(refusal(call), errors.InvalidArgument)


@pytest.mark.parametrize("id_", ["0123", "12345678901", "A", "a_b", "-a"])
def test_wrong_ids_are_refused(vertex: VertexCaller, id_: str) -> None:
    """A letter and letters, digits, hyphens; or up to ten digits."""
    call = vertex.endpoints.create(parent=vertex.place, endpointId=id_, body={"displayName": "e"})

    assert isinstance(refusal(call), errors.InvalidArgument)


def test_only_some_fields_can_be_patched(vertex: VertexCaller) -> None:
    """A split names deployed models; the timeout has a method of its own; encryption is fixed."""
    name = vertex.endpoint(dedicatedEndpointEnabled=True)

    for mask, body in (
        ("", {}),
        ("encryptionSpec", {}),
        ("clientConnectionConfig", {}),
        ("trafficSplit", {"trafficSplit": {"1": 100}}),
        ("displayName", {}),
    ):
        call = vertex.endpoints.patch(name=name, updateMask=mask, body=body)
        assert isinstance(refusal(call), errors.InvalidArgument)
    for wrong in ("600", "7200s", "soon"):
        late = {"endpoint": {"clientConnectionConfig": {"inferenceTimeout": wrong}}}
        assert isinstance(refusal(vertex.endpoints.update(name=name, body=late)), errors.InvalidArgument)
    config = {"clientConnectionConfig": {"inferenceTimeout": "600s"}}
    vertex.response(vertex.endpoints.update(name=name, body={"endpoint": config}).execute())
    found = vertex.endpoints.get(name=name).execute()
    assert found.items() >= config.items()
    assert found["dedicatedEndpointDns"].endswith(".prediction.vertexai.goog")


def test_operations_answer_at_every_address_where_clients_poll(vertex: VertexCaller) -> None:
    """`/v1`, `/v1beta1` and `/ui`; under the resource and flat; `ml` has one of these addresses, too."""
    operation = vertex.endpoints.create(parent=vertex.place, body={"displayName": "e"}).execute()
    ended = vertex.wait(operation)
    flat = f"{vertex.place}/operations/{operation['name'].rpartition('/')[2]}"

    for root in ("v1", "v1beta1", "ui"):
        for name in (operation["name"], flat):
            assert vertex.ask("GET", f"/{root}/{name}") == (200, ended)
            assert vertex.ask("POST", f"/{root}/{name}:wait?timeout=5s") == (200, ended)
            assert vertex.ask("GET", f"/{root}/{name}0")[0] == 404
            assert vertex.ask("GET", f"/{root}/{name}?%24alt=json%3Benum-encoding%3Dint")[0] == 200
    listed = (
        vertex.locations.endpoints().operations().list(name=operation["name"].partition("/operations")[0]).execute()
    )
    assert listed == {"operations": [ended]} == vertex.locations.operations().list(name=vertex.place).execute()
    before = vertex.emulator.calls()
    assert before.get("aiplatform.projects.locations.operations.get", 0) >= 3
    assert vertex.ask("DELETE", f"/ui/{flat}")[0] == 200
    assert vertex.ask("GET", f"/v1/{flat}")[0] == 404


def test_the_beta_answers_with_its_own_types(vertex: VertexCaller) -> None:
    """Whichever version is asked for the operation later."""
    beta = VertexCaller(vertex.emulator, vertex.project, version="v1beta1")

    operation = beta.endpoints.create(parent=beta.place, body={"displayName": "e"}).execute()

    assert vertex.response(operation)["@type"] == "type.googleapis.com/google.cloud.aiplatform.v1beta1.Endpoint"


def test_what_is_not_emulated_says_so(vertex: VertexCaller) -> None:
    """Addresses of the real API that no handler has."""
    status, answer = vertex.ask("GET", f"/v1/{vertex.place}/datasets")

    assert status == 404
    assert "emulator-methods.md" in answer["error"]["message"]


def test_a_kill_loses_no_endpoint(emulator_factory: Callable[..., RunningEmulator], tmp_path: Path) -> None:
    """What was begun goes on, and is made once."""
    data = tmp_path / "data"
    killed = emulator_factory("--operation-seconds", "0.2", data=data)
    call = VertexCaller(killed, "p").endpoints
    operation = call.create(
        parent="projects/p/locations/us-central1", endpointId="e", body={"displayName": "e"}
    ).execute()

    killed.kill()
    vertex = VertexCaller(emulator_factory(data=data), "p")

    vertex.response(operation)
    assert len(vertex.endpoints.list(parent=vertex.place).execute()["endpoints"]) == 1


def test_what_is_no_name_is_refused(vertex: VertexCaller) -> None:
    """Wherever a body may name a resource, a text of another form is an error of the caller's."""
    endpoint, version = vertex.endpoint(), vertex.upload()
    body = {"displayName": "m", "artifactUri": "gs://b/x", "containerSpec": PREBUILT}
    monitor = {
        "displayName": "j",
        "loggingSamplingStrategy": {"randomSampleConfig": {"sampleRate": 1}},
        "modelDeploymentMonitoringScheduleConfig": {"monitorInterval": "3600s"},
        "modelDeploymentMonitoringObjectiveConfigs": [{"deployedModelId": "1"}],
    }
    monitors = vertex.locations.modelDeploymentMonitoringJobs()

    for wrong in ("", "m", "projects/p", "projects/p/locations/l", f"{vertex.place}/pools//", "/".join("abcdefgh")):
        calls = [
            vertex.models.upload(parent=vertex.place, body={"model": body, "parentModel": wrong or "x"}),
            vertex.models.copy(parent=vertex.place, body={"sourceModel": wrong}),
            vertex.deploy_call(endpoint, wrong),
            vertex.deploy_call(endpoint, version, dedicatedResources=None, sharedResources=wrong or "x"),
            monitors.create(parent=vertex.place, body={**monitor, "endpoint": wrong}),
        ]
        for call in calls:
            assert refusal(call).code in (400, 404)
