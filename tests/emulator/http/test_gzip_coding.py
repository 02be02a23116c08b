"""Gzip on the wire, in both directions, and other forms of a request."""

from __future__ import annotations

import gzip
import json
import secrets
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.emulator.storage.support import Answer, send
from tests.running import RunningEmulator

_PLAIN = b"plain " * 100_000
_TAKEN = {"accept-encoding": "gzip", "user-agent": "test (gzip)"}


@pytest.fixture
def bucket(emulator: RunningEmulator, project: str) -> str:
    """The address of a bucket's objects, below `storage/v1`."""
    emulator.storage().buckets().insert(project=project, body={"name": f"{project}-b"}).execute()
    return f"b/{project}-b/o"


def _put(emulator: RunningEmulator, bucket: str, content: bytes, query: str = "", **headers: str) -> Answer:
    url = f"{emulator.endpoint}/upload/storage/v1/{bucket}?uploadType=media&name=o{query}"
    return send("POST", url, content, {name.replace("_", "-"): value for name, value in headers.items()})


def test_json_is_packed_for_who_asks_for_it(emulator: RunningEmulator) -> None:
    """`Accept-Encoding` and `User-Agent` must both say gzip, as Google has it; short answers are never packed."""
    long, short = f"{emulator.endpoint}/discovery/v1/apis/ml/v1/rest", f"{emulator.endpoint}/storage/v1/b/none"

    packed = send("GET", long, headers=_TAKEN)

    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.content)) == send("GET", long).json
    for headers in ({"accept-encoding": "gzip"}, {**_TAKEN, "accept-encoding": "gzip;q=0, br"}, {}):
        assert "content-encoding" not in send("GET", long, headers=headers).headers
    assert "content-encoding" not in send("GET", short, headers=_TAKEN).headers


def test_bodies_may_be_packed(emulator: RunningEmulator, bucket: str, project: str) -> None:
    """JSON and media with `Content-Encoding: gzip` are unpacked as they arrive, several streams in a row, too."""
    packed = gzip.compress(_PLAIN) + gzip.compress(b"end")
    body = gzip.compress(json.dumps({"name": "m"}).encode())

    assert _put(emulator, bucket, packed, content_encoding="gzip").json["size"] == str(len(_PLAIN) + 3)
    made = send("POST", f"{emulator.endpoint}/v1/projects/{project}/models", body, {"content-encoding": "gzip"})
    assert made.json["name"].endswith("/m")


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress(_PLAIN)[:-9], b""])
def test_what_is_not_packed_is_refused(emulator: RunningEmulator, bucket: str, content: bytes) -> None:
    """A body that is no gzip stream, or is cut off, makes no object: 400."""
    assert _put(emulator, bucket, content, content_encoding="gzip").status == 400
    assert send("GET", f"{emulator.endpoint}/storage/v1/{bucket}/o").status == 404


def test_a_bomb_is_bounded(emulator: RunningEmulator) -> None:
    """The limit of a JSON body holds for what it unpacks to."""
    bomb = gzip.compress(b" " * (9 * 1024 * 1024))

    assert send("POST", f"{emulator.endpoint}/v1/projects/p/models", bomb, {"content-encoding": "gzip"}).status == 413


def test_a_packed_object_is_unpacked_for_who_does_not_take_gzip(emulator: RunningEmulator, bucket: str) -> None:
    """Decompressive transcoding: whole, without a length, and not where `no-transform` forbids it."""
    stored = gzip.compress(_PLAIN)
    _put(emulator, bucket, stored, "&contentEncoding=gzip")
    url = f"{emulator.endpoint}/storage/v1/{bucket}/o?alt=media"

    unpacked = send("GET", url, headers={"range": "bytes=0-1"})
    taken = send("GET", url, headers={"accept-encoding": "gzip"})

    assert (unpacked.status, unpacked.content) == (200, _PLAIN)
    assert {"content-encoding", "content-length"} & set(unpacked.headers) == set()
    assert unpacked.headers["x-goog-stored-content-encoding"] == "gzip"
    assert (taken.headers["content-encoding"], taken.content) == ("gzip", stored)
    objects: Any = emulator.storage().objects()
    name = bucket.split("/")[1]
    objects.patch(bucket=name, object="o", body={"cacheControl": "no-transform"}).execute()
    assert send("GET", url).content == stored


def test_the_whole_address_may_stand_in_a_request(emulator: RunningEmulator, project: str) -> None:
    """As clients of a proxy write it."""
    place = urlsplit(emulator.endpoint)
    target = f"{emulator.endpoint}/v1/projects/{project}/models?pageSize=1"
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            assert answer.readline().split()[1] == b"200"
            assert answer.read().endswith(b"\r\n\r\n{}\n")


@pytest.mark.parametrize("place", ["storage/v1/{}/o?alt=media", "download/storage/v1/{}/o", "{}/o"])
def test_objects_are_sent_as_they_are(emulator: RunningEmulator, bucket: str, place: str) -> None:
    """JSON, too: what is stored packed is not packed again, and a part of an object is that part."""
    content = json.dumps(list(range(1000))).encode()
    bucket = bucket if "storage" in place else bucket.split("/")[1]
    url = f"{emulator.endpoint}/{place.format(bucket)}"
    objects = bucket if "storage" in place else f"b/{bucket}/o"

    _put(emulator, objects, content, content_type="application/json")
    whole, part = send("GET", url, headers=_TAKEN), send("GET", url, headers={**_TAKEN, "range": "bytes=0-1999"})
    stored = gzip.compress(json.dumps([secrets.token_hex(999) for _ in range(3)]).encode())
    _put(emulator, objects, stored, "&contentEncoding=gzip", content_type="application/json")
    packed = send("GET", url, headers=_TAKEN)

    assert (whole.content, part.content, packed.content) == (content, content[:2000], stored)
    assert (part.status, part.headers["content-range"]) == (206, f"bytes 0-1999/{len(content)}")
    assert [answer.headers.get("content-encoding") for answer in (whole, part, packed)] == [None, None, "gzip"]
