"""google-api-python-client, built from the documents that the endpoint itself serves."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import httplib2
import pytest
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload

from tests.running import RunningEmulator

_PLACES = ["/discovery/v1/apis/{api}/{apiVersion}/rest", "/$discovery/rest?version={apiVersion}"]


@pytest.fixture
def built(emulator: RunningEmulator) -> Iterator[Any]:
    """Builds a client of an API by the endpoint's own document."""
    https: list[httplib2.Http] = []

    def one(name: str, place: str = _PLACES[0]) -> Any:
        https.append(httplib2.Http(timeout=60))
        return build(name, "v1", discoveryServiceUrl=emulator.endpoint + place, http=https[-1], cache_discovery=False)

    yield one
    for http in https:
        http.close()


@pytest.mark.parametrize("place", _PLACES)
def test_a_client_builds_itself(built: Any, project: str, place: str) -> None:
    """The document leads back to the endpoint that served it."""
    models = built("ml", place).projects().models()

    models.create(parent=f"projects/{project}", body={"name": "m"}).execute()

    assert models.list(parent=f"projects/{project}").execute()["models"][0]["name"].endswith("/m")


def test_the_list_of_apis(emulator: RunningEmulator) -> None:
    """It names both APIs and where their documents are; one may be asked for by its name."""

    def listed(query: str = "") -> dict[str, str]:
        with urllib.request.urlopen(f"{emulator.endpoint}/discovery/v1/apis{query}", timeout=10) as answer:  # noqa: S310 - loopback
            return {item["id"]: item["discoveryRestUrl"] for item in json.load(answer)["items"]}

    assert sorted(listed()) == ["ml:v1", "storage:v1"]
    assert listed("?name=ml") == {"ml:v1": f"{emulator.endpoint}/discovery/v1/apis/ml/v1/rest"}


def test_media_goes_both_ways(built: Any, bucket: str) -> None:
    """Uploads and downloads go to the endpoint, too."""
    objects = built("storage").objects()
    objects.insert(bucket=bucket, name="o", media_body=MediaInMemoryUpload(b"content", "text/plain")).execute()

    assert objects.get_media(bucket=bucket, object="o").execute() == b"content"


def test_a_batch_of_storage_calls(built: Any, bucket: str) -> None:
    """Each call of a batch has its own answer or error; those that are done stay done."""
    storage = built("storage")
    objects = storage.objects()
    objects.insert(bucket=bucket, name="ü/1", media_body=MediaInMemoryUpload(b"1", "text/plain")).execute()
    answers: dict[str, Any] = {}
    batch = storage.new_batch_http_request(callback=lambda key, answer, error: answers.update({key: error or answer}))
    batch.add(objects.get(bucket=bucket, object="ü/1", fields="name,size"), request_id="get")
    batch.add(objects.patch(bucket=bucket, object="ü/1", body={"metadata": {"é": "ü"}}), request_id="patch")
    batch.add(objects.get(bucket=bucket, object="absent"), request_id="absent")
    batch.add(objects.get_media(bucket=bucket, object="ü/1"), request_id="media")
    batch.add(objects.delete(bucket=bucket, object="ü/1"), request_id="delete")

    batch.execute()

    assert answers["get"] == {"name": "ü/1", "size": "1"}
    assert answers["patch"]["metadata"] == {"é": "ü"}
    assert isinstance(answers["absent"], HttpError)
    assert answers["absent"].status_code == 404
    assert answers["media"].status_code == 400
    assert answers["delete"] == ""
    assert "items" not in objects.list(bucket=bucket).execute()


def test_a_batch_of_ml_calls(built: Any, project: str) -> None:
    """Calls of a batch count and fail as others do, in the shape of their API."""
    ml = built("ml")
    models = ml.projects().models()
    answers: list[Any] = []
    batch = ml.new_batch_http_request(callback=lambda _key, answer, error: answers.append(error or answer))
    for name in ("m1", "m2", "m1"):
        batch.add(models.create(parent=f"projects/{project}", body={"name": name}))

    batch.execute()

    assert [answer["name"].rpartition("/")[2] for answer in answers[:2]] == ["m1", "m2"]
    assert answers[2].status_code == 409
    assert len(models.list(parent=f"projects/{project}").execute()["models"]) == 2


def test_a_model_keeps_its_policy(built: Any, project: str) -> None:
    """The policy of a model is stored, refused where it is stale, and gone with the model."""
    models = built("ml").projects().models()
    name = models.create(parent=f"projects/{project}", body={"name": "m"}).execute()["name"]
    assert "bindings" not in models.getIamPolicy(resource=name).execute()
    policy = {"bindings": [{"role": "roles/ml.modelUser", "members": ["user:a@example.com"]}]}

    stored = models.setIamPolicy(resource=name, body={"policy": policy}).execute()

    assert stored["bindings"] == policy["bindings"]
    assert models.getIamPolicy(resource=name).execute() == stored
    with pytest.raises(HttpError) as stale:
        models.setIamPolicy(resource=name, body={"policy": {**policy, "etag": "CAA="}}).execute()
    assert stale.value.status_code == 409
    allowed = models.testIamPermissions(resource=name, body={"permissions": ["ml.models.get"]}).execute()
    assert allowed["permissions"] == ["ml.models.get"]
