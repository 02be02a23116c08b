"""The seam to Google: where it is, what travels, what is repeated."""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any

import httplib2
import pytest
from googleapiclient.errors import HttpError

from resources import _limits, _settings, errors
from resources._api import Api
from resources._settings import Settings


class Request:
    """A request of google-api-python-client that answers from a list: an error's code, an exception, or an answer."""

    uri = "http://127.0.0.1:1/v1/x"
    methodId = "ml.x.get"  # noqa: N815 - google-api-python-client's name

    def __init__(self, *answers: Any, method: str = "GET", headers: dict[str, str] | None = None) -> None:
        self.answers, self.method, self.headers = list(answers), method, headers or {}

    def execute(self, http: Any) -> Any:
        """The next answer."""
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            content = json.dumps({"error": {"message": "why"}}).encode()
            raise HttpError(httplib2.Response({"status": str(answer), **self.headers}), content)
        return answer


@pytest.fixture
def pauses() -> list[float]:
    """How long the client paused between its tries."""
    return []


@pytest.fixture
def api(pauses: list[float]) -> Api:
    """A client of a server on this machine, whose pauses take no time."""
    return Api(Settings(endpoint="http://127.0.0.1:1"), sleep=pauses.append)


@pytest.mark.parametrize(
    "endpoint", ["global", "regional", "https://ml.example.com", "http://localhost:1/", "http://[::1]:1"]
)
def test_endpoints_that_can_be(endpoint: str) -> None:
    """Google's, and servers that speak its APIs: here over http, elsewhere over https."""
    assert _settings.endpoint_failure(endpoint, "us-east1") == ""


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
    assert _settings.endpoint_failure(endpoint, "us-east1") != ""


def test_the_environment_overrides_the_configured_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """`destroy` and `refresh` see the configuration of the last `up`."""
    monkeypatch.setenv(_settings.ENDPOINT_VARIABLE, "http://127.0.0.1:2")

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
    assert (settings.root("ml"), settings.root("storage")) == (ml, storage)


def test_no_credentials_go_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator asks for none, and gets none."""
    monkeypatch.setattr("google.auth.default", lambda **_: pytest.fail("credentials were looked for"))

    assert type(Api(Settings(endpoint="http://127.0.0.1:1")).http()) is httplib2.Http


def test_every_thread_has_its_own_connection(api: Api) -> None:
    """httplib2 objects are not for sharing."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(api.http()))
    thread.start()
    thread.join()

    assert api.http() is api.http()
    assert api.http() is not found[0]


PASSING = [
    *(503, 500, 504, 429, ConnectionResetError("reset"), TimeoutError("slow")),
    *(http.client.IncompleteRead(b"{"), "<html>proxy</html>", b"<html>proxy</html>"),
]


@pytest.mark.parametrize("passing", PASSING, ids=repr)
def test_a_read_is_repeated_after_a_passing_failure(api: Api, pauses: list[float], passing: Any) -> None:
    """Backed off, each pause longer than the one before could be."""
    assert api.call(Request(passing, passing, passing, {"name": "x"})) == {"name": "x"}
    assert len(pauses) == 3
    assert pauses[0] < pauses[2]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [(503, errors.Unavailable), (500, errors.Internal), (ConnectionResetError("reset"), errors.EndpointUnreachable)],
)
def test_a_write_is_not_repeated_where_it_may_have_taken_effect(api: Api, failure: Any, kind: type[Exception]) -> None:
    """Doing it twice is worse than telling."""
    with pytest.raises(kind):
        api.call(Request(failure, {}, method="POST"))


def test_a_write_that_was_refused_for_a_quota_is_repeated(api: Api) -> None:
    """It took no effect."""
    assert api.call(Request(429, {"done": True}, method="POST")) == {"done": True}


@pytest.mark.parametrize(("code", "kind"), [(404, errors.NotFound), (403, errors.PermissionDenied)])
def test_a_refusal_is_not_repeated(api: Api, pauses: list[float], code: int, kind: type[Exception]) -> None:
    """It would be refused again."""
    with pytest.raises(kind):
        api.call(Request(code))
    assert pauses == []


def test_an_error_knows_the_method_that_was_called(api: Api) -> None:
    """A message can name it."""
    with pytest.raises(errors.PermissionDenied) as caught:
        api.call(Request(403))

    assert caught.value.method == Request.methodId


def test_repeating_is_bounded(pauses: list[float]) -> None:
    """An endpoint that is not there is an error of one line that says what to do."""
    api = Api(Settings(endpoint="http://127.0.0.1:1", retry_seconds=0), sleep=pauses.append)

    with pytest.raises(
        errors.EndpointUnreachable, match=r"^no answer from http://127.0.0.1:1 to ml.x.get .*python -m emulator up"
    ):
        api.call(Request(ConnectionRefusedError("refused")))


def test_the_api_is_not_called_sooner_than_it_asks(api: Api, pauses: list[float]) -> None:
    """`Retry-After` in seconds counts; a date is not read."""
    assert api.call(Request(429, {}, headers={"retry-after": "7"})) == {}
    assert api.call(Request(429, {}, headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"})) == {}

    assert pauses[0] == 7
    assert pauses[1] < 1


def test_a_wait_beyond_the_bound_is_not_waited_for(api: Api, pauses: list[float]) -> None:
    """The error comes at once."""
    with pytest.raises(errors.ResourceExhausted):
        api.call(Request(429, {}, headers={"retry-after": "3600"}))
    assert pauses == []


def test_every_repetition_is_told(api: Api) -> None:
    """With the reason; the connections stay those of the one it was made of."""
    told: list[str] = []
    bound = api.reporting(told.append)

    bound.call(Request(503, ConnectionResetError("reset"), {}))

    assert [text.partition(": ")[2] for text in told] == [
        "why",
        "no answer from http://127.0.0.1:1 to ml.x.get (is the emulator up? `python -m emulator up`): reset",
    ]
    assert bound.http() is api.http()


def test_the_bytes_of_an_object_are_no_proxys_page(api: Api) -> None:
    """Where media is asked for, anything is an answer."""
    request = Request(b"<html>")
    request.uri += "?alt=media"

    assert api.call(request) == b"<html>"


def test_as_many_operations_run_as_there_are_places() -> None:
    """The next one says that it waits, and goes on when a place is free."""
    places, waited, done = _limits.Places(1), threading.Event(), threading.Event()

    def second() -> None:
        with places.taken(waited.set):
            done.set()

    thread = threading.Thread(target=second)
    with places.taken(lambda: pytest.fail("the first one need not wait")):
        thread.start()
        assert waited.wait(10)
        assert not done.is_set()
    thread.join(10)

    assert done.is_set()
