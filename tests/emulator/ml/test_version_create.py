"""What `ml.projects.models.versions.create` refuses; no version is left behind."""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from gcp import errors
from tests.emulator.ml.caller import N1, Caller, error_of

REFUSED: list[tuple[dict[str, Any], type[errors.ApiError], str]] = [
    ({"name": "1v"}, errors.InvalidArgument, "version.name"),
    ({"runtimeVersion": None}, errors.InvalidArgument, "version.runtime_version"),
    ({"runtimeVersion": "2.99"}, errors.InvalidArgument, "version.runtime_version"),
    ({"pythonVersion": "3.12"}, errors.InvalidArgument, "version.python_version"),
    ({"machineType": "e2-micro"}, errors.InvalidArgument, "version.machine_type"),
    ({"autoScaling": {"minNodes": 0}}, errors.InvalidArgument, "version.auto_scaling.min_nodes"),
    (
        {"autoScaling": {"minNodes": 1}, "manualScaling": {"nodes": 1}},
        errors.InvalidArgument,
        "version.manual_scaling",
    ),
    ({"machineType": "mls1-c1-m2", "manualScaling": {"nodes": 1}}, errors.InvalidArgument, "version.manual_scaling"),
    ({"labels": {"Big": "x"}}, errors.InvalidArgument, "version.labels"),
    ({"framework": "XGBOOST"}, errors.InvalidArgument, "version.framework"),
    ({"deploymentUri": None}, errors.InvalidArgument, "version.deployment_uri"),
    ({"deploymentUri": "s3://bucket/x"}, errors.InvalidArgument, "version.deployment_uri"),
    ({"deploymentUri": "gs://no-such-bucket-here/x"}, errors.FailedPrecondition, "version.deployment_uri"),
]


@pytest.mark.parametrize(("change", "error", "named"), REFUSED, ids=[str(row[0]) for row in REFUSED])
def test_wrong_versions_are_refused(
    ml: Caller, change: dict[str, Any], error: type[errors.ApiError], named: str
) -> None:
    """Each is answered at once, with the field's name."""
    model = ml.model()
    body = {"name": "v1", "deploymentUri": "gs://no-such-bucket-here/x", **N1, **change}

    with pytest.raises(HttpError) as refused:
        ml.versions.create(parent=model, body={k: v for k, v in body.items() if v is not None}).execute()

    found = error_of(refused.value)
    assert type(found) is error
    assert f"Field: {named}" in found.message
    assert ml.versions.list(parent=model).execute() == {}


def test_a_folder_without_a_saved_model_is_refused(ml: Caller) -> None:
    """There must be a saved_model.pb right below the URI."""
    model = ml.model()
    uri = ml.upload("x", name="deeper/saved_model.pb")

    with pytest.raises(HttpError, match=r"saved_model\.pb") as refused:
        ml.versions.create(parent=model, body={"name": "v1", "deploymentUri": uri, **N1}).execute()

    assert isinstance(error_of(refused.value), errors.FailedPrecondition)


@pytest.mark.parametrize("name", ["../../escaped", "/escaped", "a//b", "./escaped"])
def test_no_object_name_leads_out_of_the_copy(ml: Caller, name: str) -> None:
    """An object whose name is no plain relative path is refused, and nothing is written."""
    model = ml.model()
    ml.upload("x")
    uri = ml.upload("x", b"bad", name=name)
    before = sorted(ml.emulator.data.rglob("*escaped*"))

    with pytest.raises(HttpError) as refused:
        ml.versions.create(parent=model, body={"name": "v1", "deploymentUri": uri, **N1}).execute()

    assert isinstance(error_of(refused.value), errors.FailedPrecondition)
    assert sorted(ml.emulator.data.rglob("*escaped*")) == before


def test_a_version_of_no_model_is_not_found(ml: Caller) -> None:
    """Create, get and delete name what is missing: the model, or the version."""
    missing = f"{ml.project}/models/nothing"
    with pytest.raises(HttpError) as refused:
        ml.versions.create(parent=missing, body={"name": "v1"}).execute()
    assert missing in error_of(refused.value).message
    model = ml.model()
    for call in (ml.versions.get, ml.versions.delete):
        with pytest.raises(HttpError) as refused:
            call(name=f"{model}/versions/nothing").execute()
        assert isinstance(error_of(refused.value), errors.NotFound)
        assert f"{model}/versions/nothing" in error_of(refused.value).message
