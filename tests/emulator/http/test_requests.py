"""What every request needs, and what a request for the head alone is answered: raw sockets against a real server."""

from __future__ import annotations

import gzip

import pytest

from tests.emulator.http.test_connection import LIST, body, exchanged, statuses
from tests.running import RunningEmulator

_HOST = b"host: localhost\r\n"
_CLOSE = b"connection: close\r\n\r\n"

HOSTS: list[tuple[str, bytes, int]] = [
    ("none", b"GET %b HTTP/1.1\r\n" % LIST, 400),
    ("none, to Cloud Storage", b"GET /storage/v1/b?project=p HTTP/1.1\r\n", 400),
    ("none, for a prediction", b"POST %b/m:predict HTTP/1.1\r\ncontent-length: 2\r\n" % LIST, 400),
    ("an empty one", b"GET %b HTTP/1.1\r\nhost:\r\n" % LIST, 400),
    ("one with a path", b"GET %b HTTP/1.1\r\nhost: localhost/x\r\n" % LIST, 400),
    ("two", b"GET %b HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n" % LIST, 400),
    ("in the target alone", b"GET http://localhost%b HTTP/1.1\r\n" % LIST, 400),
    ("in the target alone, in HTTP/1.0", b"GET http://localhost%b HTTP/1.0\r\n" % LIST, 200),
    ("none, in HTTP/1.0", b"GET %b HTTP/1.0\r\n" % LIST, 400),
]


@pytest.mark.parametrize(("request_", "status"), [row[1:] for row in HOSTS], ids=[row[0] for row in HOSTS])
def test_a_request_names_its_host(emulator: RunningEmulator, request_: bytes, status: int) -> None:
    """A request without `Host` answers 400 in the API's shape; links in answers are built from it."""
    answer = exchanged(emulator, request_ + _CLOSE + b"{}")

    assert statuses(answer) == [status]
    assert status == 200 or body(answer)["error"]["code"] == status
    assert b"/storage/" not in request_ or body(answer)["error"]["errors"][0]["reason"] == "invalid"


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/2.0\r\n" + _HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/3.0\r\n" + _HOST + b"\r\n",
        b"GET / HTTP/1.2\r\n" + _HOST + b"\r\n",
        b"GET /\r\n\r\n",
    ],
)
def test_an_unknown_version_is_refused(emulator: RunningEmulator, request_: bytes) -> None:
    """The answer is 505, in the shape of both APIs, and the connection is closed."""
    answer = exchanged(emulator, request_)

    assert statuses(answer) == [505]
    assert body(answer)["error"]["errors"][0]["reason"] == "httpVersionNotSupported"
    assert body(answer)["error"]["status"] == "UNIMPLEMENTED"


def test_head_works_where_get_does(emulator: RunningEmulator, project: str) -> None:
    """The same status and the same headers, without a body."""
    bucket = f"{project}-head"
    emulator.storage().buckets().insert(project=project, body={"name": bucket}).execute()
    for name, content in (("small", b"x" * 10), ("large", bytes(2**20)), ("packed", gzip.compress(bytes(2**20)))):
        insert = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}&contentEncoding="
        insert += "gzip" if name == "packed" else ""
        exchanged(
            emulator,
            f"POST {insert} HTTP/1.1\r\ncontent-length: {len(content)}\r\n".encode() + _HOST + _CLOSE + content,
        )
    targets = ["/-/faults", "/console", "/discovery/v1/apis", "/v1/projects/p/models", "/v2/nothing"]
    targets += [f"/storage/v1/b/{bucket}", f"/storage/v1/b/{bucket}/o", f"/storage/v1/b/{bucket}/o/none?alt=media"]
    targets += [f"/storage/v1/b/{bucket}/o/{name}?alt=media" for name in ("small", "large", "packed")]

    for target in targets:
        rest = f" {target} HTTP/1.1\r\n".encode() + _HOST
        head, _, nothing = exchanged(emulator, b"HEAD" + rest + _CLOSE).partition(b"\r\n\r\n")
        got, _, content = exchanged(emulator, b"GET" + rest + _CLOSE).partition(b"\r\n\r\n")

        assert (nothing, bool(content)) == (b"", True), target
        assert _fields(head) == _fields(got), target


def _fields(head: bytes) -> list[bytes]:
    """The lines of a head that stay the same."""
    changing = (b"date:", b"transfer-encoding:")
    return sorted(line for line in head.split(b"\r\n") if not line.startswith(changing))
