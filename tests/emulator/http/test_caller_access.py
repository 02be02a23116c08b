"""Who may call, and how slowly: tokens, names, and raw sockets."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from googleapiclient.http import MediaInMemoryUpload

from emulator.http.server import MOST
from gcp import errors
from gcp.api import Api
from gcp.settings import Settings
from prediction.cli import error_hints as hints
from resources.engine import error_messages
from resources.ml.service import ML
from tests.emulator.ml.caller import until
from tests.running import BOUND, ROOT, RunningEmulator

TOKEN = "correct-horse-battery"  # noqa: S105  # of this test
_TOLD = f"authorization: Bearer {TOKEN}\r\n".encode()
_CALL = b"GET /v1/projects/p/models HTTP/1.1\r\nhost: localhost\r\n"
_POST = b"POST /v1/projects/p/models HTTP/1.1\r\nhost: localhost\r\n"


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the token in it."""
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, token_file: Path) -> Iterator[RunningEmulator]:
    """An emulator with a token and another name."""
    options = ("--token-file", str(token_file), "--host-name", "models.test")
    with RunningEmulator(tmp_path_factory.mktemp("guarded"), *options) as running:
        yield running


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, token_file: Path) -> Iterator[RunningEmulator]:
    """One with little patience: it may be less than a busy machine lets a client wait between two steps."""
    options = ("--token-file", str(token_file), "--client-seconds", "0.5")
    with RunningEmulator(tmp_path_factory.mktemp("hasty"), *options) as running:
        yield running


def _connect(emulator: RunningEmulator) -> socket.socket:
    parts = urlsplit(emulator.endpoint)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)


def _said(connection: socket.socket) -> bytes:
    """All that comes until the connection is closed."""
    said = b""
    try:
        while data := connection.recv(65536):
            said += data
    except ConnectionResetError:
        pass  # closed with something unread: closed all the same
    return said


def _answer(emulator: RunningEmulator, *headers: str, host: str = "localhost") -> tuple[int, dict[str, Any]]:
    head = [f"GET /v1/projects/p/models HTTP/1.1\r\nhost: {host}", "connection: close", *headers]
    with _connect(emulator) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        start, _, body = _said(connection).partition(b"\r\n\r\n")
    return int(start.split()[1]), json.loads(body)


def _basic(password: str) -> str:
    return "authorization: Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("x-none: 1", 401),
        ("authorization: Bearer wrong", 401),
        ("authorization: Bearer", 401),
        (f"authorization: Bearer {TOKEN}x", 401),
        (f"authorization: {TOKEN}", 401),
        ("authorization: Basic ???", 401),
        (_basic("wrong"), 401),
        (f"authorization: Bearer {TOKEN}", 200),
        (f"authorization: bearer {TOKEN}", 200),
        (_basic(TOKEN), 200),
    ],
)
def test_every_call_needs_the_token(guarded: RunningEmulator, header: str, status: int) -> None:
    """As Bearer, or as the password of Basic; without it 401 in Google's shape, which does not say what is right."""
    answered, body = _answer(guarded, header)

    assert answered == status
    if status != 200:
        assert (body["error"]["code"], body["error"]["status"]) == (401, "UNAUTHENTICATED")
        assert TOKEN not in json.dumps(body)


@pytest.mark.parametrize(
    ("host", "status"), [("models.test", 200), ("MODELS.test:80", 200), ("127.0.0.1", 200), ("other.test", 403)]
)
def test_only_its_own_names_are_answered(guarded: RunningEmulator, host: str, status: int) -> None:
    """Those of loopback and the one that it was given; a name that leads here by chance is refused."""
    assert _answer(guarded, f"authorization: Bearer {TOKEN}", host=host)[0] == status


def test_the_projects_own_clients_send_the_token(guarded: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment; without it the refusal is an error of its own class, whose next step is that variable."""

    def listed() -> Any:
        api = Api(Settings(endpoint=guarded.endpoint))
        try:
            return api.call(api.methods(ML, "projects.models").list(parent="projects/p"))
        finally:
            api.http().close()

    with pytest.raises(errors.Unauthenticated) as caught:
        listed()
    step = "set TF2_MODELS_TOKEN to the token that tf2-models:endpoint asks for"
    assert error_messages.format_error("read models", caught.value).endswith(f"401 UNAUTHENTICATED). Log in: {step}")
    assert hints.format_error(caught.value).endswith(f"(401 UNAUTHENTICATED): {step}")

    monkeypatch.setenv("TF2_MODELS_TOKEN", TOKEN)

    assert listed() == {}


def test_the_command_line_knows_the_token(tmp_path: Path, token_file: Path) -> None:
    """`up` and `status` read it from the file that `up` was given; neither shows it."""
    data = ["--data", str(tmp_path / "data")]
    command = [sys.executable, "-m", "emulator"]
    try:
        up = subprocess.run(
            [*command, "up", "--port", "0", "--token-file", str(token_file), *data],
            cwd=ROOT,
            check=True,
            text=True,
            capture_output=True,
        )
        status = subprocess.run([*command, "status", *data], cwd=ROOT, check=True, text=True, capture_output=True)
    finally:
        subprocess.run([*command, "down", *data], cwd=ROOT, check=True, capture_output=True)

    assert "emulator is up on" in up.stdout
    assert status.stdout.startswith("endpoint")
    assert TOKEN not in up.stdout + status.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "needs --token-file"),  # noqa: S104  # it is refused
        (["--token-file", "no-such-file"], "cannot be read"),
        (["--token-file", "/dev/null"], "holds no token"),
    ],
)
def test_it_does_not_start_open_to_others(tmp_path: Path, options: list[str], said: str) -> None:
    """Without a token others cannot be let in; the reason is one line."""
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--data", str(tmp_path / "data"), *options]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BOUND, check=False)

    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1


SLOW: list[tuple[str, bytes]] = [
    ("nothing at all", b""),
    ("half a line", b"GET /v1/pro"),
    ("a head without an end", _CALL),
    ("a body that stops", _POST + b"content-length: 100\r\n\r\n{"),
    ("a chunk that stops", _POST + b"transfer-encoding: chunked\r\n\r\n5\r\n{"),
]


@pytest.mark.parametrize("sent", [row[1] for row in SLOW], ids=[row[0] for row in SLOW])
def test_a_client_that_stands_still_is_cut_off(hasty: RunningEmulator, sent: bytes) -> None:
    """The connection is closed, and others are answered."""
    head = sent.replace(b"localhost\r\n", b"localhost\r\n" + _TOLD)
    with _connect(hasty) as connection:
        with contextlib.suppress(ConnectionError):  # it stood still before it sent anything
            connection.sendall(head)
        assert _said(connection) == b""

    until(lambda: _served(hasty), "an answer")


def test_a_head_without_end_is_cut_off(guarded: RunningEmulator) -> None:
    """However quickly it comes."""
    with _connect(guarded) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it is cut off in the middle
            connection.sendall(_CALL + b"x: " + b"y" * (4 << 20))
        assert b"200" not in _said(connection)


def test_a_client_that_does_not_read_is_cut_off(emulator_factory: Callable[..., RunningEmulator], project: str) -> None:
    """Its answers are not kept for it without end; the connection is closed."""
    emulator = emulator_factory("--client-seconds", "2")
    storage = emulator.storage()
    storage.buckets().insert(project=project, body={"name": project}).execute()
    media = MediaInMemoryUpload(b"x" * (32 << 20), mimetype="application/octet-stream")
    storage.objects().insert(bucket=project, name="large", media_body=media).execute()

    with _connect(emulator) as connection:
        path = f"/storage/v1/b/{project}/o/large?alt=media"
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        until(lambda: "storage.objects.get" in (emulator.data / "log").read_text(), "the end of the call")
        assert len(_said(connection)) < 32 << 20


def test_connections_are_bounded(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """One too many is answered with 503 and closed; when the others have gone, calls are answered again."""
    emulator = emulator_factory()
    connections = [_connect(emulator) for _ in range(MOST)]
    try:
        with _connect(emulator) as last:
            said = _said(last)
    finally:
        for connection in connections:
            connection.close()

    assert said.startswith(b"HTTP/1.1 503 ")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["status"] == "UNAVAILABLE"
    until(lambda: _served(emulator), "an answer")


def _served(emulator: RunningEmulator) -> bool:
    with _connect(emulator) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(_CALL + _TOLD + b"connection: close\r\n\r\n")
        return b"200" in _said(connection)[:20]
