"""Clients that say all they have to say, and go on listening: `nc -N`, `shutdown(SHUT_WR)`."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.emulator.http.test_connection import connected, said, statuses
from tests.emulator.storage.support import data
from tests.running import RunningEmulator

_HOST = b"host: localhost\r\n"
_MODELS = b"/v1/projects/p/models"
_LIST = b"GET %b HTTP/1.1\r\n%b\r\n" % (_MODELS, _HOST)
_MB = 2**20


@pytest.fixture
def bucket(emulator: RunningEmulator, project: str) -> str:
    """A new bucket."""
    emulator.storage().buckets().insert(project=project, body={"name": f"{project}-b"}).execute()
    return f"{project}-b"


def _asked(emulator: RunningEmulator, request: bytes) -> bytes:
    """All that is answered to a client that sends this and no more, until the server closes."""
    with connected(emulator) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return said(connection)


def test_a_large_object_comes_whole(emulator: RunningEmulator, bucket: str) -> None:
    """Then the connection ends."""
    objects: Any = emulator.storage().objects()
    objects.insert(bucket=bucket, name="big", media_body=data(bytes(40 * _MB))).execute()

    answer = _asked(emulator, b"GET /%b/big HTTP/1.1\r\n%b\r\n" % (bucket.encode(), _HOST))

    assert statuses(answer[:4096]) == [200]
    assert len(answer.partition(b"\r\n\r\n")[2]) == 40 * _MB


def test_an_upload_is_answered(emulator: RunningEmulator, bucket: str) -> None:
    """With the object that it made."""
    content = bytes(3_000_000)
    head = b"POST /upload/storage/v1/b/%b/o?uploadType=media&name=o HTTP/1.1\r\n%bcontent-length: %d\r\n\r\n"

    answer = _asked(emulator, head % (bucket.encode(), _HOST, len(content)) + content)

    assert statuses(answer) == [200]
    assert b'"size": "3000000"' in answer


@pytest.mark.parametrize(
    "rest", [b"", b"GET /v1/pro", b"POST %b HTTP/1.1\r\n%bcontent-length: 9\r\n\r\n{" % (_MODELS, _HOST)]
)
def test_requests_that_are_whole_are_answered(emulator: RunningEmulator, project: str, rest: bytes) -> None:
    """Those that take a while and those that wait for them, too; what is cut off after them has no answer."""
    emulator.faults({"method": "ml.projects.models.list", "delay": 0.3})

    assert statuses(_asked(emulator, 3 * _LIST + rest)) == [200, 200, 200]


@pytest.mark.parametrize("path", [_MODELS, b"/upload/storage/v1/b/%b/o?uploadType=media&name=o"])
def test_a_request_that_is_not_whole_ends_at_once(emulator: RunningEmulator, bucket: str, path: bytes) -> None:
    """Without an answer, and without an effect."""
    path = path.replace(b"%b", bucket.encode())

    answer = _asked(emulator, b"POST %b HTTP/1.1\r\n%bcontent-length: 9000000\r\n\r\n%b" % (path, _HOST, bytes(1000)))

    assert answer == b""
    assert "items" not in emulator.storage().objects().list(bucket=bucket).execute()
