"""What a browser, and a page of somebody else in it, may ask of the emulator."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.running import ROOT, RunningEmulator


def _ask(
    emulator: RunningEmulator, verb: str, path: str, headers: Mapping[str, str] | None = None, body: str | None = None
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection(str(urlsplit(emulator.endpoint).netloc), timeout=30)
    try:
        connection.request(verb, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/main.js", "/console/console.css"])
def test_each_file_forbids_what_it_does_not_need(emulator: RunningEmulator, path: str) -> None:
    """No script, style, call or frame of another origin, and no text that becomes markup."""
    status, headers, body = _ask(emulator, "GET", path)

    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert (status, body != "") == (200, True)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/console/__init__.py"),
        ("GET", "/console/details.py"),
        ("GET", "/console/page"),
        ("GET", "/console/page/main.js"),
        ("GET", "/console/../details.py"),
        ("GET", "/console/../cli.py"),
        ("GET", "/console/%2e%2e/cli.py"),
        ("GET", "/console//etc/passwd"),
        ("POST", "/console"),
        ("GET", "/consolex"),
    ],
)
def test_nothing_else_is_a_file_of_it(emulator: RunningEmulator, verb: str, path: str) -> None:
    """Least of all what lies elsewhere."""
    assert _ask(emulator, verb, path)[0] == 404


@pytest.mark.parametrize("origin", ["http://localhost:1", "http://127.0.0.1:1", "null", "https://example.com"])
@pytest.mark.parametrize(
    ("verb", "path"), [("PUT", "/-/faults"), ("POST", "/v1/projects/p/models"), ("DELETE", "/-/calls")]
)
def test_a_page_of_another_origin_changes_nothing(emulator: RunningEmulator, origin: str, verb: str, path: str) -> None:
    """Another port of this machine is another origin."""
    status, _, body = _ask(emulator, verb, path, {"Origin": origin}, "[]" if verb == "PUT" else None)

    assert (status, json.loads(body)["error"]["status"]) == (403, "PERMISSION_DENIED")


def test_its_own_page_may(emulator: RunningEmulator) -> None:
    """As a browser sends it."""
    assert _ask(emulator, "PUT", "/-/faults", {"Origin": emulator.endpoint}, "[]")[0] == 204


def test_an_object_that_is_a_page_runs_nothing_here(emulator: RunningEmulator, project: str) -> None:
    """A browser that opens it treats it as a stranger."""
    storage = emulator.storage()
    storage.buckets().insert(project=project, body={"name": f"{project}-pages"}).execute()
    upload = f"/upload/storage/v1/b/{project}-pages/o?uploadType=media&name=x.html"
    assert _ask(emulator, "POST", upload, {"content-type": "text/html"}, "<script>alert(1)</script>")[0] == 200

    status, headers, _ = _ask(emulator, "GET", f"/storage/v1/b/{project}-pages/o/x.html?alt=media")

    assert status == 200
    assert "sandbox" in headers["content-security-policy"]


def test_a_browser_asks_its_user_for_the_token(
    emulator_factory: Callable[..., RunningEmulator], tmp_path: Path
) -> None:
    """Where the emulator asks for one."""
    (tmp_path / "token").write_text("t" * 20)
    emulator = emulator_factory("--token-file", str(tmp_path / "token"))

    status, headers, _ = _ask(emulator, "GET", "/console")

    assert status == 401
    assert headers["www-authenticate"].startswith("Basic ")


def test_every_file_of_the_page_is_answered(emulator: RunningEmulator) -> None:
    """Each file is served under its name, unchanged."""
    files = sorted(Path(ROOT, "emulator/console/page").iterdir())

    assert len(files) > 10
    for file in files:
        status, _, body = _ask(emulator, "GET", f"/console/{file.name}")
        assert (status, body) == (200, file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path",
    [
        "/-/versions",
        "/-/versions/",
        "/-/versions/projects/p/models/m",
        "/-/versions/projects/p/models/m/versions/v",
        "/-/versions/projects/p/models/m/versions/v/more",
        "/-/versions/projects%2Fp%2Fmodels%2F..%2Fversions%2F..",
        "/-/versions/projects/p/models/m/versions/%00",
        "/-/versions/jobs/p/jobs/m/jobs/v",
    ],
)
def test_a_version_that_does_not_exist_has_no_facts(emulator: RunningEmulator, path: str) -> None:
    """Any name that is not an existing version answers 404."""
    status, _, body = _ask(emulator, "GET", path)

    assert (status, json.loads(body)["error"]["status"]) == (404, "NOT_FOUND")


def test_metrics_say_what_came_last(emulator: RunningEmulator, project: str) -> None:
    """Calls of the APIs, the latest first; those who look are not among them."""
    _ask(emulator, "GET", f"/v1/projects/{project}/models/no%0Athing")
    _ask(emulator, "GET", "/-/status")

    last = json.loads(_ask(emulator, "GET", "/-/metrics")[2])["calls"][0]

    assert (last["method"], last["status"]) == ("ml.projects.models.get", 404)
    assert last["path"] == f"/v1/projects/{project}/models/no%0Athing"
