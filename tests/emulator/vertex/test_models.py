"""Models, versions and aliases of `aiplatform`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.core.google_names import project_number
from gcp import errors
from tests.emulator.vertex.caller import PREBUILT, VertexCaller, refusal
from tests.running import RunningEmulator


def test_a_model_is_there_when_its_upload_has_ended(vertex: VertexCaller) -> None:
    """The operation comes first; names have the project's number, and both it and the id are taken."""
    vertex.emulator.faults({"method": "aiplatform.projects.locations.models.upload", "operation": "never"})
    operation = vertex.begin_upload(modelId="hd", model={"labels": {"a": "b"}, "versionDescription": "first"})
    listed, missing = vertex.models.list(parent=vertex.place), vertex.models.get(name=f"{vertex.place}/models/hd")
    assert listed.execute() == {}
    assert isinstance(refusal(missing), errors.NotFound)
    vertex.emulator.faults()

    response = vertex.response(operation)
    place = vertex.place.replace(vertex.project, project_number(vertex.project))
    name = f"{place}/models/hd"

    kind = "type.googleapis.com/google.cloud.aiplatform.v1."
    assert response == {"@type": f"{kind}UploadModelResponse", "model": name, "modelVersionId": "1"}
    assert operation["name"].startswith(f"{name}/operations/")
    assert operation["metadata"]["@type"] == f"{kind}UploadModelOperationMetadata"
    found = vertex.models.get(name=name).execute()
    wanted = {"name": name, "versionId": "1", "versionAliases": ["default"], "labels": {"a": "b"}}
    assert found.items() >= {**wanted, "versionDescription": "first", "containerSpec": PREBUILT}.items()
    assert "DEDICATED_RESOURCES" in found["supportedDeploymentResourcesTypes"]
    assert vertex.models.get(name=f"{name}@default").execute() == {**found, "name": f"{name}@1"}
    assert [each["name"] for each in listed.execute()["models"]] == [name]


@pytest.mark.parametrize(
    ("change", "request_change", "cls"),
    [
        ({"displayName": ""}, {}, errors.InvalidArgument),
        ({"containerSpec": {"imageUri": "tensorflow/serving:2.21.0"}}, {}, errors.InvalidArgument),
        ({"containerSpec": {}}, {}, errors.InvalidArgument),
        ({"artifactUri": "/tmp/x"}, {}, errors.InvalidArgument),  # noqa: S108  # no file
        ({"versionAliases": ["1"]}, {}, errors.InvalidArgument),
        ({"labels": {"A": "b"}}, {}, errors.InvalidArgument),
        ({}, {"modelId": "1x"}, errors.InvalidArgument),
        ({}, {"parentModel": "{place}/models/none"}, errors.NotFound),
        ({"unknown": 1}, {}, errors.InvalidArgument),
    ],
)
def test_wrong_uploads_are_refused_at_once(
    vertex: VertexCaller, change: dict[str, object], request_change: dict[str, str], cls: type[errors.ApiError]
) -> None:
    """Each with one thing wrong."""
    body = {"displayName": "m", "artifactUri": "gs://b/x", "containerSpec": PREBUILT, **change}
    more = {key: text.format(place=vertex.place) for key, text in request_change.items()}

    error = refusal(vertex.models.upload(parent=vertex.place, body={"model": body, **more}))

    assert isinstance(error, cls)


def test_an_upload_without_files_fails_late(vertex: VertexCaller) -> None:
    """The operation ends in an error, and there is no model."""
    error = vertex.failure(vertex.begin_upload(uri="gs://no-such-bucket/x", modelId="m"))

    assert error["code"] == 9
    assert vertex.models.list(parent=vertex.place).execute() == {}


def test_versions_count_up_and_aliases_move(vertex: VertexCaller) -> None:
    """Ids are never used again; exactly one version is the default; an alias goes to the version that asks for it."""
    first = vertex.upload(modelId="m", model={"versionAliases": ["blue"]})
    model = first.partition("@")[0]
    second = vertex.upload(3.0, parentModel=model, model={"versionAliases": ["green"]})

    def aliases() -> dict[str, list[str]]:
        listed = vertex.models.listVersions(name=model).execute()["models"]
        return {each["versionId"]: each["versionAliases"] for each in listed}

    def merge(name: str, *given: str) -> None:
        vertex.models.mergeVersionAliases(name=name, body={"versionAliases": list(given)}).execute()

    assert (second, aliases()) == (f"{model}@2", {"2": ["green"], "1": ["default", "blue"]})
    merge(second, "blue", "default", "-green")
    assert aliases() == {"2": ["blue", "default"], "1": []}
    merge(first, "green", "-green")
    assert aliases()["1"] == []
    assert vertex.models.get(name=model).execute()["versionId"] == "2"
    for name, given in ((second, ["-default"]), (f"{model}@blue", ["x1"]), (second, ["2"]), (second, [])):
        call = vertex.models.mergeVersionAliases(name=name, body={"versionAliases": given})
        assert isinstance(refusal(call), errors.InvalidArgument)
    vertex.response(vertex.models.deleteVersion(name=first).execute())
    for name in (second, f"{model}@blue"):
        assert isinstance(
            refusal(vertex.models.deleteVersion(name=name)), (errors.FailedPrecondition, errors.InvalidArgument)
        )
    third = vertex.upload(parentModel=model)
    assert third == f"{model}@3"
    assert isinstance(refusal(vertex.models.deleteVersion(name=second)), errors.FailedPrecondition)


def test_a_patch_is_about_a_model_or_a_version(vertex: VertexCaller) -> None:
    """One mask has fields of one of them; labels are of both, and the version's hide the model's."""
    version = vertex.upload(modelId="m", model={"labels": {"own": "v", "both": "v"}})
    model = version.partition("@")[0]

    def patch(name: str, mask: str, **body: object) -> dict[str, object]:
        answer: dict[str, object] = vertex.models.patch(name=name, updateMask=mask, body=body).execute()
        return answer

    assert (
        patch(model, "display_name,labels", displayName="new", labels={"both": "m", "of": "m"})["displayName"] == "new"
    )
    answer = patch(version, "versionDescription", versionDescription="text", displayName="ignored")
    assert answer["labels"] == {"own": "v", "both": "v", "of": "m"}
    assert (answer["name"], answer["versionDescription"], answer["displayName"]) == (version, "text", "new")
    assert patch(version, "labels", labels={})["labels"] == {"both": "m", "of": "m"}
    mixed = (model, "versionDescription"), (version, "displayName"), (model, "displayName,versionDescription")
    for name, mask in mixed:
        error = refusal(vertex.models.patch(name=name, updateMask=mask, body={"displayName": "x"}))
        assert isinstance(error, errors.FailedPrecondition)
    for mask in ("", "artifactUri"):
        assert isinstance(refusal(vertex.models.patch(name=model, updateMask=mask, body={})), errors.InvalidArgument)
    stale = vertex.models.patch(name=model, updateMask="labels", body={"etag": "x"})
    assert isinstance(refusal(stale), errors.Aborted)


def test_lists_take_filters_orders_and_pages(vertex: VertexCaller) -> None:
    """By display name and labels, joined by AND and OR."""
    for name, labels in (("a", {"k": "1"}), ("b", {"k": "2"}), ("c", {"other": ""})):
        vertex.upload(modelId=f"model-{name}", model={"displayName": name, "labels": labels})

    def found(**query: object) -> list[str]:
        listed = vertex.models.list(parent=vertex.place, **query).execute()
        names = [each["displayName"] for each in listed.get("models", [])]
        if listed.get("nextPageToken"):
            names += found(**{**query, "pageToken": listed["nextPageToken"]})
        return names

    assert found(orderBy="display_name desc") == ["c", "b", "a"]
    assert found(orderBy="create_time", pageSize=1) == ["a", "b", "c"]
    assert found(filter='display_name="a"') == found(filter="labels.k=1") == found(filter="model=model-a") == ["a"]
    assert found(filter="labels.k:*", orderBy="display_name") == ["a", "b"]
    assert found(filter="labels:other OR labels.k=2 AND NOT displayName=c") == ["b"]
    for wrong in ("displayName", "size=1", "(labels:k)"):
        call = vertex.models.list(parent=vertex.place, filter=wrong)
        assert isinstance(refusal(call), errors.InvalidArgument)


def test_a_copy_is_a_model_of_its_own(vertex: VertexCaller) -> None:
    """In another location, from one version, with the files of then."""
    source = vertex.upload(model={"labels": {"a": "b"}})
    parent = vertex.place.replace("us-central1", "europe-west4")

    operation = vertex.models.copy(parent=parent, body={"sourceModel": source, "modelId": "copy"}).execute()
    wait = vertex.locations.models().operations().wait(name=operation["name"])

    assert wait.execute()["response"]["modelVersionId"] == "1"
    vertex.response(vertex.models.delete(name=source.partition("@")[0]).execute())
    assert vertex.models.get(name=f"{parent}/models/copy").execute()["labels"] == {"a": "b"}


def test_policies_are_stored(vertex: VertexCaller) -> None:
    """As those of `ml`."""
    model = vertex.upload().partition("@")[0]
    policy = {"bindings": [{"role": "roles/viewer", "members": ["user:a@example.com"]}]}

    vertex.models.setIamPolicy(resource=model, body={"policy": policy}).execute()

    assert vertex.models.getIamPolicy(resource=model).execute().items() >= policy.items()
    asked = vertex.models.testIamPermissions(resource=model, permissions=["a.b.c"]).execute()
    assert asked == {"permissions": ["a.b.c"]}


def test_a_kill_loses_no_upload(emulator_factory: Callable[..., RunningEmulator], tmp_path: Path) -> None:
    """What had ended is there, what had not goes on, and no version comes twice."""
    data = tmp_path / "data"
    killed = emulator_factory("--operation-seconds", "0.2", data=data)
    vertex = VertexCaller(killed, "p")
    first = vertex.upload(modelId="m")
    running = vertex.begin_upload(3.0, parentModel=first.partition("@")[0])

    killed.kill()
    vertex = VertexCaller(emulator_factory(data=data), "p")

    assert vertex.response(running)["modelVersionId"] == "2"
    listed = vertex.models.listVersions(name=first.partition("@")[0]).execute()["models"]
    assert [each["versionId"] for each in listed] == ["2", "1"]
    assert len(list((data / "vertex-models").iterdir())) == 2


def test_what_generated_clients_send_is_read(vertex: VertexCaller) -> None:
    """Numbers of enums, fields of the address in the body, `$alt`, and whole resources in a patch."""
    version = vertex.upload(modelId="m")
    model = version.partition("@")[0]
    read = vertex.models.get(name=version).execute()
    whole = {**read, "supportedDeploymentResourcesTypes": [1, 3], "versionDescription": "new"}

    patched = vertex.ask(
        "PATCH",
        f"/v1/{version.replace('@', '%40')}?updateMask=versionDescription&%24alt=json%3Benum-encoding%3Dint",
        json.dumps(whole).encode(),
    )
    merged = vertex.ask(
        "POST", f"/v1/{version}:mergeVersionAliases", json.dumps({"name": version, "versionAliases": ["x1"]}).encode()
    )
    unknown = vertex.ask("POST", f"/v1/{version}:mergeVersionAliases", b'{"parent": "x", "versionAliases": ["x1"]}')

    assert (patched[0], patched[1]["versionDescription"]) == (200, "new")
    assert (merged[0], merged[1]["versionAliases"]) == (200, ["default", "x1"])
    assert unknown[0] == 400
    stale = vertex.models.patch(name=model, updateMask="displayName", body={**read, "displayName": "x"})
    assert isinstance(refusal(stale), errors.Aborted)
