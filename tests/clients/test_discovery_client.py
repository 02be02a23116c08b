"""google-api-python-client, built from the discovery documents that the endpoint serves."""

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
def build_client(emulator: RunningEmulator) -> Iterator[Any]:
    """A function that builds the client of an API from the endpoint's document."""
    https: list[httplib2.Http] = []

    def one(name: str, place: str = _PLACES[0]) -> Any:
        https.append(httplib2.Http(timeout=60))
        return build(name, "v1", discoveryServiceUrl=emulator.endpoint + place, http=https[-1], cache_discovery=False)

    yield one
    for http in https:
        http.close()


@pytest.mark.parametrize("place", _PLACES)
def test_a_client_is_built_from_the_endpoints_document(build_client: Any, project: str, place: str) -> None:
    """The document's URLs lead to the endpoint that served it."""
    models = build_client("ml", place).projects().models()

    models.create(parent=f"projects/{project}", body={"name": "m"}).execute()

    assert models.list(parent=f"projects/{project}").execute()["models"][0]["name"].endswith("/m")


def test_the_list_of_apis_is_whole(emulator: RunningEmulator) -> None:
    """It has the URLs of their documents, and can be filtered by name."""

    def listed(query: str = "") -> dict[str, str]:
        with urllib.request.urlopen(f"{emulator.endpoint}/discovery/v1/apis{query}", timeout=10) as answer:  # noqa: S310 - loopback
            return {item["id"]: item["discoveryRestUrl"] for item in json.load(answer)["items"]}

    assert sorted(listed()) == ["aiplatform:v1", "aiplatform:v1beta1", "ml:v1", "storage:v1"]
    assert listed("?name=ml") == {"ml:v1": f"{emulator.endpoint}/discovery/v1/apis/ml/v1/rest"}


def test_media_are_uploaded_and_downloaded(build_client: Any, bucket: str) -> None:
    """Both use the endpoint too."""
    objects = build_client("storage").objects()
    objects.insert(bucket=bucket, name="o", media_body=MediaInMemoryUpload(b"content", "text/plain")).execute()

    assert objects.get_media(bucket=bucket, object="o").execute() == b"content"


def test_storage_calls_can_be_batched(build_client: Any, bucket: str) -> None:
    """Each call of a batch has its own response or error; an error does not undo the others."""
    storage = build_client("storage")
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


def test_ml_calls_can_be_batched(build_client: Any, project: str) -> None:
    """Calls of a batch succeed and fail like single ones, with the API's error shape."""
    ml = build_client("ml")
    models = ml.projects().models()
    answers: list[Any] = []
    batch = ml.new_batch_http_request(callback=lambda _key, answer, error: answers.append(error or answer))
    for name in ("m1", "m2", "m1"):
        batch.add(models.create(parent=f"projects/{project}", body={"name": name}))

    batch.execute()

    assert [answer["name"].rpartition("/")[2] for answer in answers[:2]] == ["m1", "m2"]
    assert answers[2].status_code == 409
    assert len(models.list(parent=f"projects/{project}").execute()["models"]) == 2


def test_a_model_keeps_its_policy(build_client: Any, project: str) -> None:
    """The policy is stored, and a change with a stale ETag is refused."""
    models = build_client("ml").projects().models()
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
