"""HTTP itself: what is refused before a handler is asked, and in which shape."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.running import RunningEmulator


def call(
    emulator: RunningEmulator,
    verb: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one raw call."""
    connection = http.client.HTTPConnection(urlsplit(emulator.endpoint).netloc, timeout=30)
    try:
        connection.request(verb, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else {}
    finally:
        connection.close()


REFUSED: list[tuple[str, str, str, bytes | None, int, str]] = [
    ("no such address", "GET", "/v2/nothing", None, 404, "Method not found."),
    ("no such address below storage", "GET", "/storage/v1/x/y", None, 404, "Not Found"),
    ("wrong verb", "PUT", "/v1/projects/p/models/m", None, 404, "Method not found."),
    ("a slash hidden in a name", "GET", "/v1/projects/p%2Fq/models/m", None, 404, "Method not found."),
    ("broken UTF-8 in a name", "GET", "/v1/projects/p/models/%FF", None, 404, "Method not found."),
    ("method without handler", "GET", "/v1/projects/p/locations/l/studies", None, 405, "locations.studies.list"),
    ("batch without calls", "POST", "/batch", None, 400, "multipart/mixed"),
    ("unknown query parameter", "GET", "/v1/projects/p/models?pagesize=1", None, 400, 'Unknown name "pagesize"'),
    ("page size that is no number", "GET", "/v1/projects/p/models?pageSize=x", None, 400, "pageSize"),
    ("negative page size", "GET", "/v1/projects/p/models?pageSize=-1", None, 400, "page size"),
    ("page token of nobody", "GET", "/v1/projects/p/models?pageToken=%25%25", None, 400, "page token"),
    ("missing project", "POST", "/storage/v1/b", b'{"name": "abc"}', 400, "Required parameter: project"),
    ("no JSON", "POST", "/v1/projects/p/models", b"{", 400, "Invalid JSON payload"),
    ("no object", "POST", "/v1/projects/p/models", b"[]", 400, "an object"),
    ("unknown name", "POST", "/v1/projects/p/models", b'{"a": 1}', 400, "Unknown name \"a\" at 'model'"),
    (
        "unknown name below",
        "POST",
        "/v1/projects/p/models/m/versions",
        b'{"autoScaling": {"min": 1}}',
        400,
        "Unknown name \"min\" at 'version.auto_scaling'",
    ),
    ("wrong type", "POST", "/v1/projects/p/models/m/versions", b'{"autoScaling": 5}', 400, "version.auto_scaling"),
    (
        "unknown value",
        "POST",
        "/v1/projects/p/models/m/versions",
        b'{"framework": "PYTORCH"}',
        400,
        "'version.framework' (TYPE_ENUM), \"PYTORCH\"",
    ),
]


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "text"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_calls_are_refused_in_googles_shape(
    emulator: RunningEmulator, verb: str, path: str, body: bytes | None, status: int, text: str
) -> None:
    """The status, the message, and `error.code` agree."""
    answered, content = call(emulator, verb, path, body)

    assert (answered, content["error"]["code"]) == (status, status)
    assert text in content["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:1"}, 200),
        ({"Host": "example.com"}, 403),
        ({"Host": "127.0.0.1.example.com"}, 403),
        ({"Origin": "https://example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:8000"}, 200),
    ],
)
def test_only_loopback_names_are_answered(emulator: RunningEmulator, headers: dict[str, str], status: int) -> None:
    """Another host name, or a page of another site, is refused: a browser could be made to send those."""
    assert call(emulator, "GET", "/-/status", headers=headers)[0] == status


def test_names_and_numbers_come_in_any_json_form(emulator: RunningEmulator, project: str) -> None:
    """As protocol buffers: snake_case names, whole floats, null for nothing; standard parameters are taken."""
    body = {"name": "m", "online_prediction_logging": True, "description": None}
    path = f"/v1/projects/{project}/models?alt=json&prettyPrint=false&$.xgafv=2&key=k&quotaUser=u"

    status, made = call(emulator, "POST", path, json.dumps(body).encode())

    assert status == 200
    assert made["onlinePredictionLogging"] is True
    assert "description" not in made


def test_storage_ignores_unknown_query_parameters(emulator: RunningEmulator, project: str) -> None:
    """Cloud Storage does; its errors have its own shape."""
    assert call(emulator, "GET", f"/storage/v1/b?project={project}&surprise=1")[0] == 200
    status, content = call(emulator, "GET", "/storage/v1/b/no-such-bucket")
    assert status == 404
    assert content["error"]["errors"][0]["reason"] == "notFound"


def test_a_long_query_comes_as_a_form(emulator: RunningEmulator, project: str) -> None:
    """Clients send long GET queries as POST with a header that names the verb."""
    headers = {"X-HTTP-Method-Override": "GET", "Content-Type": "application/x-www-form-urlencoded"}

    status, content = call(emulator, "POST", f"/v1/projects/{project}/models", b"pageSize=5", headers)

    assert (status, content) == (200, {})


def test_bodies_are_bounded(emulator: RunningEmulator) -> None:
    """A JSON body over 8 MiB is refused before it is parsed."""
    status, _ = call(emulator, "POST", "/v1/projects/p/models", b" " * (8 * 1024 * 1024 + 1))

    assert status == 413


def test_calls_are_counted_and_logged(emulator_factory: Any) -> None:
    """Counts are by method id and can be reset; the log has a line per call and never a decoded name."""
    emulator = emulator_factory()
    call(emulator, "GET", "/v1/projects/p/models/a%0Ab")
    call(emulator, "GET", "/v1/projects/p/models")

    assert emulator.calls() == {"ml.projects.models.get": 1, "ml.projects.models.list": 1}
    emulator.reset_calls()
    assert emulator.calls() == {}
    log = (emulator.data / "log").read_text()
    assert " ml.projects.models.get /v1/projects/p/models/a%0Ab 404 " in log


def test_status_says_nothing_of_this_machine(emulator: RunningEmulator) -> None:
    """No path is in it."""
    status = emulator.status()

    assert status["name"] == "tf2-models emulator"
    assert str(emulator.data.parent) not in json.dumps(status)
