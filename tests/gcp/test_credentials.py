"""Credentials: found, impersonated, refused in one line, sent to nobody else. Real google-auth over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gcp import errors
from gcp.api import Api
from gcp.credentials import Credentials
from gcp.http.authorized_http import AuthorizedHttp
from gcp.http.connection import Http
from gcp.settings import Settings
from resources.ml.service import ML

TOKEN = "ya29.planted-token"  # noqa: S105 - what must not be seen
ROBOT = "robot@demo.iam.gserviceaccount.com"
Answer = tuple[int, dict[str, Any], dict[str, str]]
GIVEN: Answer = (200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}, {})
LENT: Answer = (200, {"accessToken": f"{TOKEN}-lent", "expireTime": "2999-01-01T00:00:00Z"}, {})
DONE: Answer = (200, {"name": "done"}, {})


class Server:
    """A server on loopback that answers from a table, and keeps what it was asked.

    Attributes:
        answers: path -> answer.
        asked: path and Authorization header of each call.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.do_GET()

            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("authorization")))
                status, body, headers = outer.answers.get(self.path, (404, {}, {}))
                content = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"content-length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer((address, 0), Handler)
        self.url = f"http://{address}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers."""
    started: list[Server] = []

    def start(address: str = "127.0.0.1") -> Server:
        started.append(Server(address))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server that gives tokens and answers calls."""
    server = serve()
    server.answers = {"/token": GIVEN, "/v1/x": DONE, "/robot:generateAccessToken": LENT}
    return server


@pytest.fixture(scope="module")
def key() -> str:
    """A private key."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.private_bytes(*form).decode()


@pytest.fixture
def account(server: Server, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The key file of a service account whose tokens come from the server, as the application's default."""
    facts = {"type": "service_account", "client_email": "me@demo.iam.gserviceaccount.com", "private_key": key}
    file = tmp_path / "key.json"
    file.write_text(json.dumps({**facts, "project_id": "demo", "token_uri": f"{server.url}/token"}), encoding="utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    return file


def call(server: Server, uri: str = "", **more: Any) -> Any:
    """One call with the credentials of this machine."""
    endpoint = {"iam_endpoint": f"{server.url}/robot:generateAccessToken"}
    credentials = Credentials(**(endpoint if more else {}), **more).get()
    http = AuthorizedHttp(credentials, Http(10.0), host="127.0.0.1", **more)
    try:
        return http.request(uri or f"{server.url}/v1/x")
    finally:
        http.close()


@pytest.mark.usefixtures("account")
def test_a_key_file_gives_the_token_that_is_sent(server: Server) -> None:
    """One call for the token, one with it."""
    call(server)

    assert server.asked == [("/token", None), ("/v1/x", f"Bearer {TOKEN}")]


@pytest.mark.usefixtures("account")
def test_a_service_account_is_impersonated(server: Server) -> None:
    """Its token is asked for with that of the credentials found; the call carries it alone."""
    call(server, principal=ROBOT)

    lent = ("/robot:generateAccessToken", f"Bearer {TOKEN}")
    assert server.asked == [("/token", None), lent, ("/v1/x", f"Bearer {TOKEN}-lent")]


REFUSED = [
    pytest.param(
        {"/token": (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, {})},
        {},
        r"^the credentials are expired, revoked or wrong \(invalid_grant: Token has been expired or revoked\): "
        r"run `gcloud auth application-default login`",
        id="revoked",
    ),
    pytest.param(
        {"/robot:generateAccessToken": (403, {"error": {"code": 403, "message": "Permission denied."}}, {})},
        {"principal": ROBOT},
        rf"^these credentials may not impersonate {ROBOT} \(Permission denied\): run `gcloud iam service-accounts "
        rf"add-iam-policy-binding {ROBOT} ",
        id="impersonation refused",
    ),
    pytest.param(
        {"/token": (400, {"error": "invalid_grant"}, {})},
        {"principal": ROBOT},
        r"^the credentials are expired, revoked or wrong \(invalid_grant",
        id="revoked, before the impersonation",
    ),
    pytest.param(
        {"/token": (200, {"id_token": TOKEN, "refresh_token": TOKEN}, {})},
        {},
        r"^the credentials are expired, revoked or wrong \(No access token in response\)",
        id="no token",
    ),
]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(("answers", "more", "said"), REFUSED)
def test_a_refusal_is_one_line_with_the_command_that_helps(
    server: Server, answers: dict[str, Answer], more: dict[str, str], said: str, account: Path
) -> None:
    """No token, no key and no path is in it, and nothing was sent to the endpoint."""
    server.answers |= answers

    with pytest.raises(errors.NoCredentials, match=said) as caught:
        call(server, **more)

    text = f"{caught.value!r} {caught.value}"
    assert "\n" not in str(caught.value)
    for secret in (TOKEN, str(account), "PRIVATE"):
        assert secret not in text
    assert "/v1/x" not in [path for path, _ in server.asked]


@pytest.mark.usefixtures("account")
def test_a_token_server_that_is_out_of_order_is_named(server: Server) -> None:
    """That passes: it is not reported as an error of the credentials."""
    server.answers["/token"] = (503, {"error": "temporarily_unavailable"}, {})

    with pytest.raises(errors.EndpointUnreachable, match=r"^no token from 127\.0\.0\.1:\d+: "):
        call(server)


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("socks5://127.0.0.1:9", "the proxy refuses (HTTPS_PROXY starts with socks5://, "),
        ("http://user:planted@127.0.0.1:1", "the proxy refuses (127.0.0.1:1: "),
    ],
)
def test_a_proxy_on_the_way_to_the_token_server_is_named(
    server: Server, account: Path, monkeypatch: pytest.MonkeyPatch, proxy: str, said: str
) -> None:
    """That does not pass: what to check is in the line, and no password."""
    facts = {**json.loads(account.read_text(encoding="utf-8")), "token_uri": "https://tokens.example.invalid/token"}
    account.write_text(json.dumps(facts), encoding="utf-8")
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(errors.EndpointUnreachable) as caught:
        call(server)

    line = str(caught.value)
    assert line.startswith(f"no token from tokens.example.invalid: {said}")
    assert line.endswith("; check HTTPS_PROXY and NO_PROXY")
    assert "planted" not in line
    assert caught.value.lasting


@pytest.mark.parametrize("token", ["planted\nplanted", "planted\x7f", "pl\u00e4nted", "\u2192planted"])
def test_a_token_that_cannot_be_sent_is_not_shown(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """Two lines of a file, say: the variable is named, and nothing is sent."""
    monkeypatch.setenv("TF2_MODELS_TOKEN", token)
    api = Api(Settings(endpoint="http://127.0.0.1:1"))

    with pytest.raises(errors.NoCredentials, match=r"^TF2_MODELS_TOKEN must be printable ASCII") as caught:
        api.call(api.methods(ML, "projects.models").get(name="projects/p/models/m"))

    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", '{"type": "nothing"}', None])
def test_a_wrong_file_of_credentials_is_named_by_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    """Empty, cut short, of no known type, not there; its path is not shown."""
    file = tmp_path / "key.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))

    with pytest.raises(
        errors.NoCredentials, match=r"^GOOGLE_APPLICATION_CREDENTIALS is not a valid credentials file"
    ) as caught:
        Credentials().get()
    assert str(tmp_path) not in str(caught.value)


def test_no_credentials_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the command."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(errors.NoCredentials, match=r"on this machine: run `gcloud auth application-default login`"):
        Credentials().get()


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_redirect_is_not_followed(server: Server, serve: Callable[..., Server], status: int) -> None:
    """Neither credentials nor anything else goes where an answer sends on to."""
    other = serve("127.0.0.2")
    server.answers["/v1/x"] = (status, {}, {"location": f"{other.url}/v1/x"})

    response, _ = call(server)

    assert response.status == status
    assert other.asked == []


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    "uri", ["https://example.com/upload", "http://storage.googleapis.com/x", "http://127.0.0.2:1/x"]
)
def test_credentials_go_to_no_stranger_and_not_in_the_clear(server: Server, uri: str) -> None:
    """An upload session, say, that an answer places on another host: not even a token is asked for."""
    with pytest.raises(errors.NoCredentials, match="credentials are not sent there"):
        call(server, uri)
    assert server.asked == []
