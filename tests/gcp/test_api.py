"""The seam to Google: where it is, what travels."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from gcp import errors, settings
from gcp.api import Api
from gcp.http import connection
from gcp.settings import Settings
from resources.config import local_endpoint
from resources.ml.service import ML
from resources.storage.service import STORAGE
from tests.emulator.ml.caller import Caller
from tests.gcp.requests import Request
from tests.running import RunningEmulator


@pytest.fixture
def api() -> Api:
    """A client of a server on this machine."""
    return Api(Settings(endpoint="http://127.0.0.1:1"))


@pytest.mark.parametrize(
    "endpoint", ["global", "regional", "https://ml.example.com", "http://localhost:1/", "http://[::1]:1"]
)
def test_endpoints_that_can_be(endpoint: str) -> None:
    """Google's, and servers that speak its APIs: here over http, elsewhere over https."""
    assert settings.endpoint_failure(endpoint, "us-east1") == ""


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "here",
        "ftp://h",
        "http://example.com",
        "http://[x",
        "http://127.0.0.1:99999",
        "http://a@127.0.0.1",
        "http://h/p",
    ],
)
def test_endpoints_that_cannot_be(endpoint: str) -> None:
    """No URL, no port, plain http to another machine: each with its reason."""
    assert settings.endpoint_failure(endpoint, "us-east1") != ""


@pytest.mark.parametrize(
    ("endpoint", "given", "retry_seconds", "calls_per_minute", "reason"),
    [
        ("global", {}, 30, 300, "Google's quota"),
        ("https://ml.example.com", {}, 30, 300, "it may be Google's by another name"),
        ("http://127.0.0.1:1", {}, 5, None, "the emulator is there again at once, and has no quota"),
        ("http://127.0.0.1:1", {"retry_seconds": "60", "calls_per_minute": "90"}, 60, 90, "as the stack says"),
        ("global", {"retry_seconds": "0", "calls_per_minute": ""}, 0, 300, "0 is a bound, an empty text is none"),
    ],
)
def test_each_endpoint_has_its_bounds(
    endpoint: str, given: dict[str, Any], retry_seconds: float, calls_per_minute: int | None, reason: str
) -> None:
    """What the stack does not say follows from where the endpoint is."""
    found = Settings.of(endpoint, None, **given)

    rates = list(ML.rates(found).values())
    assert (found.retry_seconds, rates) == (retry_seconds, [calls_per_minute] if calls_per_minute else []), reason


def test_the_environment_overrides_the_configured_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """`destroy` and `refresh` see the configuration of the last `up`."""
    monkeypatch.setenv(local_endpoint.ENDPOINT_VARIABLE, "http://127.0.0.1:2")

    assert Settings.of("http://127.0.0.1:1", None).endpoint == "http://127.0.0.1:2"


@pytest.mark.parametrize(
    ("settings", "ml", "storage"),
    [
        (Settings(), None, None),
        (Settings(endpoint="regional", region="europe-west4"), "https://europe-west4-ml.googleapis.com/", None),
        (Settings(endpoint="http://127.0.0.1:1"), "http://127.0.0.1:1/", "http://127.0.0.1:1/"),
    ],
    ids=["global", "regional", "emulator"],
)
def test_each_service_has_its_root(settings: Settings, ml: str | None, storage: str | None) -> None:
    """Only `ml` is regional; a server of one's own speaks both."""
    assert (ML.root(settings), STORAGE.root(settings)) == (ml, storage)


def test_no_credentials_go_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator asks for none, and gets none."""
    monkeypatch.setattr("google.auth.default", lambda **_: pytest.fail("credentials were looked for"))

    assert type(Api(Settings(endpoint="http://127.0.0.1:1")).http()) is connection.Http


def test_every_thread_has_its_own_connection(api: Api) -> None:
    """httplib2 objects are not for sharing."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(api.http()))
    thread.start()
    thread.join()

    assert api.http() is api.http()
    assert api.http() is not found[0]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_is_sent_once(emulator: RunningEmulator, project: str, when: str) -> None:
    """Where the connection is closed without an answer: httplib2 by itself would send any call again."""
    api, caller = Api(Settings.of(emulator.endpoint, None)), Caller(emulator, project)
    create = {"method": "ml.projects.models.create", "drop": when}
    emulator.reset_calls()
    emulator.faults(create)

    with pytest.raises(errors.EndpointUnreachable, match="without a response"):
        api.call(api.methods(ML, "projects.models").create(parent=caller.project, body={"name": "m"}))

    assert emulator.calls() == {"ml.projects.models.create": 1}


def test_an_error_knows_the_method_that_was_called(api: Api) -> None:
    """A message can name it."""
    with pytest.raises(errors.PermissionDenied) as caught:
        api.call(Request(403))

    assert caught.value.method == "ml.x.get"


def test_the_bytes_of_an_object_are_no_proxys_page(api: Api) -> None:
    """Where media is asked for, anything is an answer."""
    request = Request(b"<html>")
    request.uri += "?alt=media"

    assert api.call(request) == b"<html>"
