"""`ml.projects.models.*` through Google's own client."""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from gcp import errors
from tests.emulator.ml.caller import Caller, error_of

EMPTY = {"@type": "type.googleapis.com/google.protobuf.Empty"}


def test_a_model_lives_and_goes(ml: Caller) -> None:
    """Create answers the model at once; delete is an operation; then there is none."""
    labels = {"a": "b", "empty": ""}
    made = ml.models.create(parent=ml.project, body={"name": "m", "description": "d", "labels": labels}).execute()

    assert made["name"] == f"{ml.project}/models/m"
    assert (made["regions"], made["description"], made["labels"]) == (["us-central1"], "d", labels)
    assert ml.models.get(name=made["name"]).execute() == made
    operation = ml.models.delete(name=made["name"]).execute()
    assert operation["metadata"]["operationType"] == "DELETE_MODEL"
    assert ml.response(operation) == EMPTY
    with pytest.raises(HttpError) as missing:
        ml.models.get(name=made["name"]).execute()
    assert isinstance(error_of(missing.value), errors.NotFound)
    assert ml.model("m") == made["name"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "model.name"),
    ({"name": "two words"}, "model.name"),
    ({"name": "x" * 129}, "model.name"),
    ({"name": "m", "regions": ["a", "b"]}, "model.regions"),
    ({"name": "m", "labels": {"UPPER": "x"}}, "model.labels"),
    ({"name": "m", "descriptoin": "x"}, "descriptoin"),
    ({"name": "m", "onlinePredictionLogging": "yes"}, "model.online_prediction_logging"),
    ({"name": 5}, "model.name"),
]


@pytest.mark.parametrize(("body", "named"), REFUSED, ids=[str(row[0])[:40] for row in REFUSED])
def test_wrong_models_are_refused(ml: Caller, body: dict[str, Any], named: str) -> None:
    """A wrong name, value, field or type is a 400 that names the field, with google.rpc.BadRequest details."""
    with pytest.raises(HttpError) as refused:
        ml.models.create(parent=ml.project, body=body).execute()

    found = error_of(refused.value)
    assert type(found) is errors.InvalidArgument
    assert named in found.message
    assert found.details[0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert ml.models.list(parent=ml.project).execute() == {}


def test_a_name_is_taken_once(ml: Caller) -> None:
    """A second model of the same name is refused; in another project it is another model."""
    ml.model("m")
    with pytest.raises(HttpError) as refused:
        ml.model("m")

    assert isinstance(error_of(refused.value), errors.AlreadyExists)
    assert (
        ml.models.create(parent=f"{ml.project}-2", body={"name": "m"}).execute()["name"] == f"{ml.project}-2/models/m"
    )


def test_patches_honour_mask_and_etag(ml: Caller) -> None:
    """Only masked leaves change; a stale etag is refused; fixed fields cannot be named."""
    model = ml.model("m", description="old", labels={"a": "b"})
    etag = ml.models.get(name=model).execute()["etag"]

    body = {"description": "new", "labels": {"c": "d"}, "etag": etag}
    operation = ml.models.patch(name=model, updateMask="description", body=body).execute()
    changed = ml.response(operation)

    assert operation["metadata"]["operationType"] == "UPDATE_MODEL"
    assert (changed["description"], changed["labels"]) == ("new", {"a": "b"})
    with pytest.raises(HttpError) as stale:
        ml.models.patch(name=model, updateMask="description", body=body).execute()
    assert isinstance(error_of(stale.value), errors.Aborted)
    for mask in ("regions", "name", "default_version", "default_version.name"):
        with pytest.raises(HttpError) as refused:
            ml.models.patch(name=model, updateMask=mask, body={"regions": ["europe-west4"]}).execute()
        assert error_of(refused.value).code in (400, 404), mask
    cleared = ml.response(ml.models.patch(name=model, updateMask="description", body={}).execute())
    assert "description" not in cleared


FILTERS = [
    ("name:alpha", ["alpha_1", "alpha_2"]),
    ("name=alpha_1", ["alpha_1"]),
    ("name:b*", ["beta"]),
    ("labels.team=x", ["alpha_1", "beta"]),
    ('labels.team="x" AND name:alpha', ["alpha_1"]),
    ("labels.team:*", ["alpha_1", "beta"]),
    ("description=nothing", []),
]


def test_lists_are_filtered_and_paged(ml: Caller) -> None:
    """Filters as `listing` documents them; pages hold 20 by default and continue where they ended."""
    for name, labels in (("beta", {"team": "x"}), ("alpha_1", {"team": "x"}), ("alpha_2", {})):
        ml.model(name, labels=labels)
    for text, expected in FILTERS:
        found = ml.models.list(parent=ml.project, filter=text).execute()
        assert [model["name"].rpartition("/")[2] for model in found.get("models", [])] == expected, text
    for wrong in ("name", "name:a OR name:b", "(name:a)"):
        with pytest.raises(HttpError) as refused:
            ml.models.list(parent=ml.project, filter=wrong).execute()
        assert isinstance(error_of(refused.value), errors.InvalidArgument)
    for number in range(20):
        ml.model(f"m{number}")
    first = ml.models.list(parent=ml.project).execute()
    second = ml.models.list(parent=ml.project, pageToken=first["nextPageToken"]).execute()
    assert (len(first["models"]), len(second["models"])) == (20, 3)


def test_a_model_without_versions_cannot_predict(ml: Caller) -> None:
    """Predict on such a model is FAILED_PRECONDITION, on a missing one NOT_FOUND."""
    model = ml.model()

    for name, expected in ((model, errors.FailedPrecondition), (f"{model}x", errors.NotFound)):
        with pytest.raises(HttpError) as refused:
            ml.predict(name, [[1.0]])
        assert type(error_of(refused.value)) is expected


def test_a_prediction_too_large_is_refused(ml: Caller) -> None:
    """A body over 1,572,864 bytes is refused in the API's words; the connection goes on."""
    model = ml.model()
    with pytest.raises(HttpError, match=r"Request payload size exceeds the limit: 1572864 bytes\.") as refused:
        ml.predict(model, ["x" * 1_572_864])

    assert type(error_of(refused.value)) is errors.InvalidArgument
    assert ml.models.get(name=model).execute()["name"] == model


def test_config_names_the_service_accounts(ml: Caller) -> None:
    """The call getConfig gives the same project number each time."""
    call = ml.emulator.ml().projects().getConfig(name=ml.project)

    config = call.execute()

    assert config["serviceAccountProject"].isdigit()
    assert config == call.execute()
