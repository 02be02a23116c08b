"""Bodies within their limits that would become very many objects."""

from __future__ import annotations

import pytest

from tests.emulator.http.bounds.peers import Memory, connected
from tests.running import RunningEmulator

_SIZE = 7_500_000
_MOST_MB = 200.0
_HOST = b"host: localhost\r\nconnection: close\r\n"
_BATCH = b"POST /batch HTTP/1.1\r\ncontent-type: multipart/mixed; boundary=b\r\n"

LARGE: list[tuple[str, bytes, bytes, bytes, bytes]] = [
    ("a batch of empty parts", _BATCH, b"", b"--b\r\n\r\n", b"--b--"),
    ("a batch of a part with many headers", _BATCH, b"--b\r\n", b"a: b\r\n", b"\r\n\r\nGET / HTTP/1.1\r\n\r\n--b--"),
    ("a call with many headers", _BATCH, b"--b\r\n\r\nGET / HTTP/1.1\r\n", b"a: b\r\n", b"\r\n--b--"),
    ("batches in a batch", _BATCH, b"--b\r\n", b"content-type: message/rfc822\r\n\r\n", b"--b--"),
    (
        "many wrong items",
        b"POST /v1/projects/p/jobs HTTP/1.1\r\n",
        b'{"predictionInput": {"inputPaths": [0',
        b",0",
        b"]}}",
    ),
    ("many unknown names", b"POST /v1/projects/p/models HTTP/1.1\r\n", b'{"a":0', b',"b":0', b"}"),
]


@pytest.mark.parametrize(
    ("request_", "beginning", "piece", "end"), [row[1:] for row in LARGE], ids=[row[0] for row in LARGE]
)
def test_a_large_body_is_refused_without_an_object_for_each_byte(
    emulator: RunningEmulator, request_: bytes, beginning: bytes, piece: bytes, end: bytes
) -> None:
    """The answer is 400, and memory stays within a few times the body's size."""
    content = beginning + piece * (_SIZE // len(piece)) + end
    memory = Memory(emulator.pid)

    with connected(emulator) as connection:
        connection.sendall(request_ + _HOST + b"content-length: %d\r\n\r\n" % len(content) + content)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert len(answer) < 100_000
    assert memory.grown() < _MOST_MB


@pytest.mark.parametrize("fields", [b"/".join([b"a"] * 5000), b",".join([b"/".join([b"a"] * 2000)] * 2)])
def test_a_field_mask_that_goes_very_deep_is_refused(emulator: RunningEmulator, fields: bytes) -> None:
    """The answer is 400, because it is an error of the caller."""
    with connected(emulator) as connection:
        connection.sendall(b"GET /storage/v1/b?project=p&fields=%b HTTP/1.1\r\n" % fields + _HOST + b"\r\n")
        answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 400 ")
