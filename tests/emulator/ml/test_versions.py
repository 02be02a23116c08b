"""`ml.projects.models.versions.*` through Google's own client."""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from gcp import errors
from tests.emulator.ml.caller import N1, Caller, error_of

pytestmark = pytest.mark.tensorflow


def test_a_version_goes_from_files_to_a_prediction(ml: Caller) -> None:
    """A created version is READY, the default, and predicts by its own name and by the model's."""
    model = ml.model()

    operation = ml.begin(model)
    version = ml.response(operation)

    assert operation["name"].startswith(f"{ml.project}/operations/")
    assert operation["metadata"]["operationType"] == "CREATE_VERSION"
    assert version["@type"] == "type.googleapis.com/google.cloud.ml.v1.Version"
    assert (version["name"], version["state"], version["isDefault"]) == (f"{model}/versions/v1", "READY", True)
    for name in (model, version["name"]):
        assert ml.predict(name, [1.0, 2.0]) == {"predictions": [{"y": 2.0}, {"y": 4.0}]}
    assert ml.models.get(name=model).execute()["defaultVersion"]["name"] == version["name"]


def test_defaults_are_filled_in(ml: Caller) -> None:
    """What is not given gets the API's default; an mls1 machine scales to zero."""
    model = ml.model()
    uri = ml.upload("x")

    body = {"name": "v1", "deploymentUri": uri, "runtimeVersion": "2.11", "pythonVersion": "3.7"}
    version = ml.response(ml.versions.create(parent=model, body=body).execute())

    assert (version["machineType"], version["framework"], version["autoScaling"]) == ("mls1-c1-m2", "TENSORFLOW", {})
    assert ml.version(model, "v2")["autoScaling"] == {"minNodes": 1}


def test_only_the_first_ready_version_becomes_default(ml: Caller) -> None:
    """Later versions leave the default alone; setDefault moves it and answers the version."""
    model = ml.model()
    ml.version(model, "v1", 2.0)
    second = ml.version(model, "v2", 3.0)

    assert "isDefault" not in second
    before = ml.predict(model, [1.0])
    moved = ml.versions.setDefault(name=second["name"], body={}).execute()
    after = ml.predict(model, [1.0])

    assert (moved["name"], moved["isDefault"]) == (second["name"], True)
    assert (before, after) == ({"predictions": [{"y": 2.0}]}, {"predictions": [{"y": 3.0}]})


def test_the_default_goes_last(ml: Caller) -> None:
    """The default version can be deleted only when it is the last one; a name can be used again."""
    model = ml.model()
    first, second = ml.version(model, "v1"), ml.version(model, "v2")

    with pytest.raises(HttpError) as refused:
        ml.versions.delete(name=first["name"]).execute()
    assert isinstance(error_of(refused.value), errors.FailedPrecondition)
    with pytest.raises(HttpError) as refused:
        ml.models.delete(name=model).execute()
    assert isinstance(error_of(refused.value), errors.FailedPrecondition)

    for version in (second, first):
        gone = ml.response(ml.versions.delete(name=version["name"]).execute())
        assert gone == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    assert "defaultVersion" not in ml.models.get(name=model).execute()
    assert ml.version(model, "v1")["isDefault"]


def test_a_version_is_a_copy(ml: Caller) -> None:
    """What happens to the objects after the create has no effect on the version."""
    model = ml.model()
    ml.version(model, "v1", 2.0)

    objects = ml.emulator.storage().objects()
    objects.delete(bucket=ml.bucket, object="x2.0/saved_model.pb").execute()
    ml.response(
        ml.versions.patch(name=f"{model}/versions/v1", updateMask="autoScaling.minNodes", body=SCALED).execute()
    )

    assert ml.predict(model, [1.0]) == {"predictions": [{"y": 2.0}]}


SCALED: dict[str, Any] = {"autoScaling": {"minNodes": 2}}
PATCHES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("description", {"description": "new"}, {"description": "new"}),
    ("labels", {"labels": {"a": "b"}}, {"labels": {"a": "b"}}),
    ("autoScaling.minNodes", SCALED, SCALED),
    ("auto_scaling.min_nodes,auto_scaling.max_nodes", {"autoScaling": {"minNodes": 1, "maxNodes": 3}}, {}),
    ("requestLoggingConfig", {"requestLoggingConfig": {"bigqueryTableName": "p.d.t"}}, {}),
]


def test_patchable_leaves_are_patched(ml: Caller) -> None:
    """A patch changes exactly the leaves of its mask, and every patch gives a new etag."""
    model = ml.model()
    version = ml.version(model)
    for mask, body, expected in PATCHES:
        ignored = {"description": "not in the mask"} if "description" not in mask else {}
        operation = ml.versions.patch(name=version["name"], updateMask=mask, body={**ignored, **body}).execute()
        assert operation["metadata"]["operationType"] == "UPDATE_VERSION"
        changed = ml.response(operation)

        assert changed["etag"] != version["etag"]
        assert {**changed, **(expected or body)} == changed, mask
        assert changed.get("description") in (None, "new")
        version = changed
    assert version["state"] == "READY"
    (row,) = [row for row in ml.emulator.status()["versions"] if row["name"] == version["name"]]
    assert (row["minNodes"], row["maxNodes"]) == (1, 3)
    assert 1 <= row["nodes"] <= 3


REFUSED_PATCHES: list[tuple[str | None, dict[str, Any], type[errors.ApiError], str]] = [
    (None, {"description": "x"}, errors.InvalidArgument, "update_mask"),
    ("runtimeVersion", {"runtimeVersion": "2.10"}, errors.InvalidArgument, "runtimeVersion"),
    ("description,machineType", {"machineType": "n1-standard-4"}, errors.InvalidArgument, "machineType"),
    ("nonsense", {}, errors.InvalidArgument, "nonsense"),
    (
        "autoScaling.minNodes",
        {"autoScaling": {"minNodes": -1}},
        errors.InvalidArgument,
        "version.auto_scaling.min_nodes",
    ),
    ("manualScaling.nodes", {"manualScaling": {"nodes": 1}}, errors.InvalidArgument, "version.manual_scaling"),
    ("description", {"description": "x", "etag": "b3RoZXI="}, errors.Aborted, "etag"),
]


def test_other_patches_are_refused(ml: Caller) -> None:
    """A patch of anything else is refused, names the field, and changes nothing."""
    version = ml.version(ml.model())
    for mask, body, error, named in REFUSED_PATCHES:
        with pytest.raises(HttpError) as refused:
            ml.versions.patch(name=version["name"], updateMask=mask, body=body).execute()
        found = error_of(refused.value)
        assert type(found) is error, (mask, found)
        assert named in found.message, (mask, found.message)
    assert ml.versions.get(name=version["name"]).execute()["etag"] == version["etag"]


def test_a_damaged_saved_model_fails_the_operation(ml: Caller) -> None:
    """It leaves a FAILED version, which is listed, is no default, cannot predict, and can be deleted."""
    model = ml.model()
    uri = ml.upload("bad", b"no protocol buffer at all")

    operation = ml.versions.create(parent=model, body={"name": "v1", "deploymentUri": uri, **N1}).execute()
    message = ml.wait(operation)["error"]["message"]

    assert message.startswith('Bad model detected with error: "Failed to load model: ')
    assert "(Error code: 0)" in message
    (version,) = ml.versions.list(parent=model).execute()["versions"]
    assert (version["state"], version["errorMessage"]) == ("FAILED", message)
    assert "defaultVersion" not in ml.models.get(name=model).execute()
    with pytest.raises(HttpError) as refused:
        ml.predict(version["name"], [1.0])
    assert isinstance(error_of(refused.value), errors.FailedPrecondition)
    ml.response(ml.versions.delete(name=version["name"]).execute())
    assert ml.versions.list(parent=model).execute() == {}


def test_the_models_own_errors_are_answered_with_200(ml: Caller) -> None:
    """Wrong instances give HTTP 200 and `{"error": "..."}`."""
    model = ml.model()
    ml.version(model)

    answer = ml.predict(model, ["no number"])

    assert list(answer) == ["error"]


def test_lists_hold_pages(ml: Caller) -> None:
    """Versions come by name, in pages of the size that was asked for."""
    model = ml.model()
    for operation in [ml.begin(model, f"v{number}") for number in range(3)]:
        ml.wait(operation)

    first = ml.versions.list(parent=model, pageSize=2).execute()
    second = ml.versions.list(parent=model, pageSize=2, pageToken=first["nextPageToken"]).execute()

    names = [version["name"].rpartition("/")[2] for page in (first, second) for version in page["versions"]]
    assert names == ["v0", "v1", "v2"]
    assert "nextPageToken" not in second
    assert len(ml.versions.list(parent=model, filter="state=READY AND name:v2").execute()["versions"]) == 1
