"""Endless input from a peer is refused or paused, and memory does not grow."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

import pytest

from tests.emulator.http.bounds.peers import ENOUGH, Memory, connected, send, statuses
from tests.running import RunningEmulator

_MOST_MB = 48.0
_HOST = b"host: localhost\r\n"
_LONG = b"content-length: 99999999999\r\n\r\n"
_MODELS = b"POST /v1/projects/p/models HTTP/1.1\r\n" + _HOST
_CHUNKED = _MODELS + b"transfer-encoding: chunked\r\n\r\n"
_PREDICT = b"POST /v1/projects/p/models/m:predict HTTP/1.1\r\n" + _HOST
_UPLOAD = b"POST /upload/storage/v1/b/endless/o?name=o&uploadType="
_SESSION = _UPLOAD + b"resumable HTTP/1.1\r\n" + _HOST + b"content-type: application/json\r\n"
_MULTIPART = _UPLOAD + b"multipart HTTP/1.1\r\n" + _HOST + b"content-type: multipart/related; boundary=b\r\n"
_BATCH = b"POST /batch HTTP/1.1\r\n" + _HOST + b"content-type: multipart/mixed; boundary=b\r\n"
_PACKED = b"content-encoding: gzip\r\n"
_BOMB = gzip.compress(bytes(2**20))
_FORM = b"x-http-method-override: GET\r\ncontent-type: application/x-www-form-urlencoded\r\n"

REFUSED: list[tuple[str, bytes, bytes, int]] = [
    ("a request line", b"GET /", b"x", 431),
    ("a query", b"GET /?", b"a=b&", 431),
    ("empty lines before a request", b"\r\n", b"\r\n", 431),
    ("the name of a header", b"GET / HTTP/1.1\r\n", b"x", 431),
    ("the value of a header", b"GET / HTTP/1.1\r\nx: ", b"x", 431),
    ("headers", b"GET / HTTP/1.1\r\n", b"a: b\r\n", 431),
    ("headers of one name", b"GET / HTTP/1.1\r\n", b"cookie: c\r\n", 431),
    ("trailers", _CHUNKED + b"0\r\n", b"a: b\r\n", 431),
    ("the value of a trailer", _CHUNKED + b"0\r\nx: ", b"x", 431),
    ("the extension of a chunk", _CHUNKED + b"1;x=", b"x", 431),
    ("extensions of a chunk", _CHUNKED + b"1", b";x=y", 431),
    ("small chunks with extensions", _CHUNKED, b"1;" + b"x" * 100 + b"\r\n \r\n", 431),
    ("zeros of a chunk's size", _CHUNKED, b"0", 431),
    ("digits of a chunk's size", _CHUNKED, b"1", 400),
    ("a body without a length", _MODELS + b"\r\n", b" " * 64, 400),
    ("no HTTP", b"", b"\x16\x03\x01", 400),
    ("a JSON body", _MODELS + _LONG, b" ", 413),
    ("a JSON body in chunks", _CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n", 413),
    ("a JSON body that unpacks", _MODELS + _PACKED + _LONG, _BOMB, 413),
    ("a query in a body", _MODELS + _FORM + _LONG, b"fields=a/b&", 413),
    ("a prediction", _PREDICT + _LONG, b" ", 400),
    ("a prediction that unpacks", _PREDICT + _PACKED + _LONG, _BOMB, 400),
    ("parts of a batch", _BATCH + _LONG, b"--b\r\n\r\n", 413),
    ("faults", b"PUT /-/faults HTTP/1.1\r\n" + _HOST + _LONG, b"[", 413),
]
PASSED_OVER: list[tuple[str, bytes, bytes]] = [
    ("empty lines before a part", _MULTIPART + _LONG, b"\r\n"),
    ("the line before a part", _MULTIPART + _LONG, b"x"),
    ("headers of a part", _MULTIPART + _LONG + b"--b\r\n", b"a: b\r\n"),
    ("the metadata of an upload", _MULTIPART + _LONG + b"--b\r\n\r\n", b" "),
    ("headers of the second part", _MULTIPART + _LONG + b"--b\r\n\r\n{}\r\n--b\r\n", b"a: b\r\n"),
    ("what follows the parts", _MULTIPART + _LONG + b"--b\r\n\r\n{}\r\n--b\r\n\r\n\r\n--b--\r\n", b"x"),
    ("the metadata of a session", _SESSION + _LONG, b" "),
    ("a part of an upload that is over", b"PUT /endless/o?uploadId=x&partNumber=1 HTTP/1.1\r\n" + _HOST + _LONG, b"x"),
]  # fmt: skip  # one row, one line


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator whose memory is measured: no other test uses it."""
    with RunningEmulator(tmp_path_factory.mktemp("endless")) as running:
        running.storage().buckets().insert(project="p", body={"name": "endless"}).execute()
        running.ml().projects().models().create(parent="projects/p", body={"name": "m"}).execute()
        yield running


@pytest.mark.parametrize(
    ("beginning", "piece", "status"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_has_no_end_is_refused(peer: RunningEmulator, beginning: bytes, piece: bytes, status: int) -> None:
    """Endless input is soon refused with an error, and other clients are answered."""
    memory = Memory(peer.pid)

    with connected(peer) as connection:
        sent = send(connection, beginning, piece)
        answered = statuses(connection)

    assert set(answered) == {status}
    assert sent < ENOUGH
    assert memory.grown() < _MOST_MB
    assert peer.status()["models"] == 1


@pytest.mark.parametrize(("beginning", "piece"), [row[1:] for row in PASSED_OVER], ids=[row[0] for row in PASSED_OVER])
def test_what_is_refused_after_its_end_is_not_kept(peer: RunningEmulator, beginning: bytes, piece: bytes) -> None:
    """A client that sends an object reads no answer before it has sent all of it."""
    memory = Memory(peer.pid)

    with connected(peer) as connection:
        sent = send(connection, beginning, piece)

    assert sent >= ENOUGH
    assert memory.grown() < _MOST_MB
    assert peer.status()["models"] == 1


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(_BOMB, id="to very much"),
        pytest.param(gzip.compress(b"") * 1000, id="to nothing, in very many streams"),
    ],
)
def test_others_are_answered_while_a_body_unpacks(peer: RunningEmulator, piece: bytes) -> None:
    """A few bytes that unpack to very many are not kept in memory, and do not block other clients."""
    memory = Memory(peer.pid)
    nowhere = b"POST /upload/storage/v1/b/none/o?name=o&uploadType=media HTTP/1.1\r\n"

    with connected(peer) as connection:
        send(connection, nowhere + _HOST + _PACKED + _LONG, piece, 500_000)
        assert peer.status()["models"] == 1

    assert memory.grown() < _MOST_MB


def test_a_list_of_parts_without_end_is_refused(peer: RunningEmulator) -> None:
    """The XML of the last call of a multipart upload."""
    with connected(peer) as connection:
        connection.sendall(b"POST /endless/o?uploads HTTP/1.1\r\n" + _HOST + b"content-length: 0\r\n\r\n")
        upload = re.search(rb"<UploadId>(.*)</UploadId>", connection.recv(65536))
    assert upload
    memory = Memory(peer.pid)

    with connected(peer) as connection:
        beginning = b"POST /endless/o?uploadId=%b HTTP/1.1\r\n" % upload[1] + _HOST + _LONG
        send(connection, beginning, b"<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>", 9_000_000)

    assert memory.grown() < _MOST_MB


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"GET /v2 HTTP/1.1\r\n" + _HOST + b"\r\n", id="of nothing"),
        pytest.param(b"GET /v1/projects/p/models/m HTTP/1.1\r\n" + _HOST + b"\r\n", id="of a model"),
        pytest.param(_PREDICT + b"content-length: 2\r\n\r\n{}", id="for predictions"),
    ],
)
def test_requests_without_end_wait_for_their_turn(peer: RunningEmulator, request_: bytes) -> None:
    """A client that takes no answers is not read any more."""
    memory = Memory(peer.pid)

    with connected(peer) as connection:
        sent = send(connection, b"", request_, deaf=True)

    assert 0 < sent < ENOUGH
    assert memory.grown() < _MOST_MB
