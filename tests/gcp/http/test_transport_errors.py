"""No answer of the API: why not, and what to do, on one line that names the endpoint and the method."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gcp import errors
from gcp.api import Api
from gcp.http import transport_errors
from gcp.http.connection import Http
from gcp.settings import Settings
from resources.config import local_endpoint
from resources.engine import error_messages
from resources.ml.service import ML
from tests.environment.servers import PAGE, certificate, relaying, serving
from tests.running import BOUND, ROOT, RunningEmulator

NAME = "projects/p/models/m"
METHOD = "ml.projects.models.get"
PREDICTS = """
import sys
import prediction
from gcp import errors
try:
    print(prediction.predict_json("p", "m", [1], endpoint=sys.argv[1]))
except errors.Error as error:
    print(error)
"""


def said(endpoint: str) -> str:
    """The error of a call to this endpoint; no attempt is repeated."""
    api = Api(Settings(endpoint=endpoint, retry_seconds=0, local_hint=local_endpoint.start_hint))
    with pytest.raises(errors.EndpointUnreachable) as caught:
        api.call(api.methods(ML, "projects.models").get(name=NAME))
    api.http().close()
    line = str(caught.value)
    assert line.isprintable()
    assert f" from {endpoint} to {METHOD}" in line
    return line


@pytest.fixture
def nobody() -> Iterator[str]:
    """The URL of a port that nobody listens on, nor can meanwhile: it is held."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def test_nobody_listens(nobody: str) -> None:
    """The command that starts the emulator is in the line."""
    line = said(nobody)

    assert "Connection refused" in line
    assert "`python -m emulator up --port " in line


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, PAGE),
        (200, b"{}"),
        (200, b'{"status": "ok"}'),
        (200, b"[]"),
        (200, b"null"),
        (200, b'{"name": 7}'),
        (403, PAGE),
        (407, PAGE),
        (404, PAGE),
        (404, b'{"detail": "Not Found"}'),
        (404, b'["nothing"]'),
    ],
)
def test_another_server_is_no_api(status: int, content: bytes) -> None:
    """A 404 of its own least of all: it would say that a resource is gone."""
    with serving(status, content) as port:
        line = said(f"http://127.0.0.1:{port}")

    assert f"HTTP {status}" in line
    assert "check tf2-models:endpoint, HTTPS_PROXY and NO_PROXY" in line


def test_a_proxys_failure_is_the_apis_until_it_lasts() -> None:
    """502 passes, as the API's own 5xx do; the page is not shown whole."""
    with serving(502, PAGE) as port:
        api = Api(Settings(endpoint=f"http://127.0.0.1:{port}", retry_seconds=0))
        with pytest.raises(errors.Unavailable, match="not the API's own answer") as caught:
            api.call(api.methods(ML, "projects.models").get(name=NAME))
        api.http().close()

    assert caught.value.method == METHOD
    assert f"({METHOD}: 502 Bad Gateway). Usually" in error_messages.format_error("read model m", caught.value)


def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    """The line says which variable names one's own authority."""
    with serving(200, b"{}", certificate(tmp_path / "own.pem")) as port:
        line = said(f"https://127.0.0.1:{port}")

    assert "its certificate is not trusted (self-signed certificate)" in line
    assert "HTTPLIB2_CA_CERTS" in line


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "[2]"),
        ({"days": -1}, "its certificate is not trusted (certificate has expired)"),
        ({"host": "other.example"}, "its certificate is not trusted (IP address mismatch"),
    ],
    ids=["trusted", "expired", "another host"],
)
def test_an_authority_of_ones_own(tmp_path: Path, options: dict[str, Any], expected: str) -> None:
    """What the line advises works; a certificate that is expired or of another host stays refused."""
    file = certificate(tmp_path / "own.pem", **options)
    with serving(200, b'{"predictions": [2]}', file) as port:
        done = predicted(f"https://127.0.0.1:{port}", file)

    assert expected in done.stdout
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), ("no PEM", "it holds no certificates")])
def test_a_file_of_authorities_that_is_none(tmp_path: Path, content: str | None, reason: str) -> None:
    """The variable is named; the file is not, whose path is of this machine."""
    file = tmp_path / "own.pem"
    if content:
        file.write_text(content)
    done = predicted("https://127.0.0.1:1", file)

    assert done.stdout.startswith(f"HTTPLIB2_CA_CERTS names a file that cannot be used: {reason}")
    assert done.stdout.count("\n") == 1
    assert str(file) not in done.stdout


def predicted(endpoint: str, authorities: Path) -> subprocess.CompletedProcess[str]:
    """What a program that predicts prints, in a process of its own: httplib2 reads the variable when it is imported."""
    return subprocess.run(
        [sys.executable, "-c", PREDICTS, endpoint],
        cwd=ROOT,
        env={**os.environ, "HTTPLIB2_CA_CERTS": str(authorities)},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=True,
    )


def test_tls_to_a_plain_port() -> None:
    """Scheme and port are what to look at."""
    with serving(200, b"{}") as port:
        line = said(f"https://127.0.0.1:{port}")

    assert "TLS failed (" in line
    assert "scheme and port" in line


def test_plain_to_a_tls_port(tmp_path: Path) -> None:
    """The line says that the connection was closed; whatever bytes came are not in it."""
    with serving(200, b"{}", certificate(tmp_path / "own.pem")) as port:
        line = said(f"http://127.0.0.1:{port}")

    assert ": the connection was closed without a response: " in line


def through(url: str) -> str:
    """The error of a call to another machine that fails on the way."""
    http = Http(60)
    try:
        http.request(url)
    except transport_errors.FAILURES as error:
        return str(transport_errors.failed(url, error))
    finally:
        http.close()
    raise AssertionError(url)


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """It is reported as the proxy's answer, with its status, and is not retried."""
    with serving(status, PAGE) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("https_proxy", raising=False)
        line = through("https://ml.example.invalid/")

    assert f"the proxy refuses (127.0.0.1:{port}: Tunnel connection failed: {status} " in line
    assert "HTTPS_PROXY and NO_PROXY" in line


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        ("socks5://127.0.0.1:1", "HTTPS_PROXY starts with socks5://, but only http:// proxies are supported"),
        ("http://[", "HTTPS_PROXY is not a valid URL"),
        ("127.0.0.1:1", "127.0.0.1:1: "),
        ("http://nowhere.invalid:1", "nowhere.invalid:1: "),
    ],
)
def test_a_proxy_that_cannot_be_asked(monkeypatch: pytest.MonkeyPatch, proxy: str, reason: str) -> None:
    """The line says what is wrong with it, and which variable names it."""
    monkeypatch.setenv("https_proxy", proxy)

    line = through("https://ml.example.invalid/")

    assert f"the proxy refuses ({reason}" in line
    assert "check tf2-models:endpoint, HTTPS_PROXY and NO_PROXY" in line


def test_a_tunnel_leads_to_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate behind it is the host's to show; name and password go to the proxy."""
    with serving(200, b"", certificate(tmp_path / "own.pem")) as far, relaying(far) as (port, asked):
        monkeypatch.setenv("https_proxy", f"http://me:p%40ss@127.0.0.1:{port}")
        line = through("https://ml.example.invalid/")

    assert "its certificate is not trusted" in line
    assert asked == ["CONNECT ml.example.invalid:443", "Basic bWU6cEBzcw=="]


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint and the region are what to look at."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)

    line = through("https://ml.example.invalid/")

    assert "does not resolve" in line
    assert "tf2-models:endpoint" in line


def test_what_would_be_the_same_again_is_not_repeated(tmp_path: Path) -> None:
    """A certificate does not become trusted within a bound."""
    pauses: list[str] = []
    with serving(200, b"{}", certificate(tmp_path / "own.pem")) as port:
        api = Api(Settings(endpoint=f"https://127.0.0.1:{port}", retry_seconds=60)).reporting(pauses.append)
        with pytest.raises(errors.EndpointUnreachable):
            api.call(api.methods(ML, "projects.models").get(name=NAME))
        api.http().close()

    assert pauses == []


def test_no_call_to_this_machine_goes_through_a_proxy(
    emulator: RunningEmulator, project: str, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says of proxies."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, nobody)
    api = Api(Settings(endpoint=emulator.endpoint, retry_seconds=0))

    assert api.call(api.methods(ML, "projects.models").list(parent=f"projects/{project}")) == {}
    api.http().close()
