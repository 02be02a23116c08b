"""Dedicated endpoints of Vertex AI answer at hosts of their own. Only Google has these: the transport is replaced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httplib2
import pytest

from gcp.api import Api
from gcp.settings import Settings
from prediction import Client, predict_json
from prediction.targets import vertex_lookups

REGION = "us-central1"
SHARED = f"{REGION}-aiplatform.googleapis.com"
DEDICATED = f"dedicated.{REGION}-123.prediction.vertexai.goog"
PATH = "/v1/projects/p/locations/us-central1/endpoints/dedicated"


class Google:
    """Answers as Google would, and notes host and path of each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.status = 200

    def request(self, uri: str, method: str = "GET", **_: Any) -> tuple[httplib2.Response, bytes]:
        """One call."""
        url = urlsplit(uri)
        self.calls.append((url.netloc, url.path))
        if method == "POST":
            return _answer(200, {"predictions": [2.0]})
        if self.status != 200:
            return _answer(self.status, {"error": {"message": "no", "status": "PERMISSION_DENIED"}})
        return _answer(200, {"name": PATH} | ({"dedicatedEndpointDns": DEDICATED} if url.path == PATH else {}))

    def close(self) -> None:
        """Nothing is open."""


def _answer(status: int, body: dict[str, Any]) -> tuple[httplib2.Response, bytes]:
    return httplib2.Response({"status": str(status), "content-type": "application/json"}), json.dumps(body).encode()


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    """In the place of every connection."""
    found = Google()
    monkeypatch.setattr(Api, "http", lambda _: found)
    vertex_lookups.api_of.cache_clear()
    yield found
    vertex_lookups.api_of.cache_clear()


def ask(model: str) -> list[Any]:
    """A prediction of an endpoint of Google's."""
    return predict_json("p", model, [1.0], endpoint="regional", region=REGION, platform="vertex")


def test_a_dedicated_endpoint_is_asked_at_its_own_host(google: Google) -> None:
    """Its host is read once."""
    assert [ask("dedicated"), ask("dedicated")] == [[2.0], [2.0]]

    assert google.calls == [(SHARED, PATH), (DEDICATED, f"{PATH}:predict"), (DEDICATED, f"{PATH}:predict")]


def test_a_shared_endpoint_is_asked_at_the_host_of_its_region(google: Google) -> None:
    """It has no host of its own."""
    assert ask("shared") == [2.0]

    assert {host for host, _ in google.calls} == {SHARED}


def test_who_may_only_predict_asks_the_host_of_the_region(google: Google) -> None:
    """The service then says itself what is wrong with a dedicated endpoint."""
    google.status = 403

    assert ask("dedicated") == [2.0]
    assert google.calls[-1] == (SHARED, f"{PATH}:predict")


def test_a_client_of_a_stack_output_finds_the_region_of_a_dedicated_endpoint(google: Google) -> None:
    """The registry of models is there."""
    with Client.of_output({"predictUrl": f"https://{DEDICATED}{PATH}:predict"}) as client:
        assert client.predict([1.0]) == [2.0]

    assert (SHARED, PATH) in google.calls
    assert [host for host, path in google.calls if path.endswith(":predict")] == [DEDICATED]


def test_the_host_of_a_dedicated_endpoint_is_google_s() -> None:
    """So it gets Google's credentials, and not the token of another server."""
    assert Settings(endpoint=f"https://{DEDICATED}").is_google
    assert not Settings(endpoint="https://prediction.vertexai.goog.example.com").is_google
