"""Reads by the XML API: `GET` and `HEAD /BUCKET/OBJECT`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.emulator.storage.support import NAMES, Answer, crc32c, data, md5, send

CONTENT = b"0123456789"
POLICY = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}


@pytest.fixture
def made(storage: Any, bucket: str) -> dict[str, Any]:
    """An object `a b/ü` of ten bytes."""
    body = {"metadata": {"K": "ü"}, "customTime": "2024-05-06T07:08:09Z", "cacheControl": "no-store"}
    insert = storage.objects().insert(bucket=bucket, name="a b/ü", body=body, media_body=data(CONTENT, "text/html"))
    found: dict[str, Any] = insert.execute()
    return found


def _url(endpoint: str, bucket: str, name: str = "a b/ü", query: str = "") -> str:
    return f"{endpoint}/{bucket}/{quote(name)}{query}"


def _code(answer: Answer) -> str:
    assert answer.headers["content-type"] == "application/xml; charset=UTF-8"
    return answer.content.decode().partition("<Code>")[2].partition("</Code>")[0]


def test_the_whole_object(endpoint: str, bucket: str, made: dict[str, Any]) -> None:
    """Bytes, checksums, generation and metadata come in one answer; HEAD has the same head and no body."""
    whole = send("GET", _url(endpoint, bucket))
    head = send("HEAD", _url(endpoint, bucket))

    expected = {
        "content-type": "text/html",
        "content-length": "10",
        "cache-control": "no-store",
        "etag": f'"{made["etag"]}"',
        "x-goog-generation": made["generation"],
        "x-goog-metageneration": "1",
        "x-goog-hash": f"crc32c={crc32c(CONTENT)},md5={md5(CONTENT)}",
        "x-goog-stored-content-length": "10",
        "x-goog-meta-k": "ü".encode().decode("latin-1"),
        "x-goog-custom-time": "2024-05-06T07:08:09Z",
    }
    assert (whole.status, whole.content) == (200, CONTENT)
    assert (head.status, head.content) == (200, b"")
    for answer in (whole, head):
        assert {name: answer.headers.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("wanted", "status", "content", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("chapters=1-2", 200, CONTENT, None),
    ],
)
@pytest.mark.usefixtures("made")
def test_ranges(
    endpoint: str, bucket: str, wanted: str, status: int, content: bytes | None, content_range: str | None
) -> None:
    """One range of bytes is answered with 206, or 416 in XML."""
    answer = send("GET", _url(endpoint, bucket), headers={"range": wanted})

    assert (answer.status, answer.headers.get("content-range")) == (status, content_range)
    assert answer.content == content if content is not None else _code(answer) == "InvalidRange"


def test_conditions(endpoint: str, bucket: str, made: dict[str, Any]) -> None:
    """A failed condition is 412 if the state must be this one, and 304 if it must be another."""
    tag, generation = f'"{made["etag"]}"', made["generation"]
    rows: list[tuple[str, str, int]] = [
        ("x-goog-if-generation-match", generation, 200),
        ("x-goog-if-generation-match", "1", 412),
        ("x-goog-if-generation-match", "x", 400),
        ("x-goog-if-generation-not-match", generation, 304),
        ("x-goog-if-metageneration-match", "2", 412),
        ("x-goog-if-metageneration-not-match", "1", 304),
        ("if-match", tag, 200),
        ("if-match", '"x"', 412),
        ("if-none-match", tag, 304),
        ("if-none-match", '"x"', 200),
        ("if-modified-since", "Mon, 06 May 2024 07:08:09 GMT", 200),
        ("if-modified-since", "Fri, 06 May 2044 07:08:09 GMT", 304),
        ("if-modified-since", "yesterday", 200),
        ("if-unmodified-since", "Mon, 06 May 2024 07:08:09 GMT", 412),
        ("if-unmodified-since", "Fri, 06 May 2044 07:08:09 GMT", 200),
    ]

    answers = [send("GET", _url(endpoint, bucket), headers={name: value}) for name, value, _ in rows]

    assert [(*row[:2], answer.status) for row, answer in zip(rows, answers, strict=True)] == rows
    assert {_code(answer) for answer in answers if answer.status == 412} == {"PreconditionFailed"}
    assert not any("content-length" in answer.headers for answer in answers if answer.status == 304)


def test_generations(endpoint: str, storage: Any, bucket: str, made: dict[str, Any]) -> None:
    """A noncurrent generation is read by its number."""
    storage.buckets().patch(bucket=bucket, body={"versioning": {"enabled": True}}).execute()
    storage.objects().insert(bucket=bucket, name="a b/ü", media_body=data(b"new")).execute()

    assert send("GET", _url(endpoint, bucket)).content == b"new"
    assert send("GET", _url(endpoint, bucket, query=f"?generation={made['generation']}")).content == CONTENT
    assert _code(send("GET", _url(endpoint, bucket, query="?generation=1"))) == "NoSuchKey"
    assert _code(send("GET", _url(endpoint, bucket, query=f"?generation={'9' * 18}"))) == "NoSuchKey"
    assert _code(send("GET", _url(endpoint, bucket, query=f"?generation={'9' * 19}"))) == "InvalidArgument"


@pytest.mark.parametrize(
    ("verb", "place", "status", "code"),
    [
        ("GET", "{bucket}/absent", 404, "NoSuchKey"),
        ("GET", "no-such-bucket-here/o", 404, "NoSuchBucket"),
        ("PUT", "{bucket}/o", 405, "MethodNotAllowed"),
        ("DELETE", "{bucket}/o", 405, "MethodNotAllowed"),
        ("POST", "{bucket}/o", 405, "MethodNotAllowed"),
        ("GET", "{bucket}/o?acl", 405, "MethodNotAllowed"),
        ("GET", "{bucket}/o?uploadId=x", 405, "MethodNotAllowed"),
        ("PUT", "{bucket}/o?tagging", 405, "MethodNotAllowed"),
    ],
)
def test_errors_are_xml(endpoint: str, bucket: str, verb: str, place: str, status: int, code: str) -> None:
    """An error has the XML API's code; a request that is not emulated does not return the bytes of an object."""
    answer = send(verb, f"{endpoint}/{place.format(bucket=bucket)}")

    assert (answer.status, _code(answer)) == (status, code)


def test_an_error_of_head_has_no_body(endpoint: str, bucket: str) -> None:
    """An error of HEAD has a status and no body."""
    answer = send("HEAD", _url(endpoint, bucket, "absent"))

    assert (answer.status, answer.content) == (404, b"")


def test_hostile_names(endpoint: str, storage: Any, bucket: str) -> None:
    """Every valid name reads its object, and never a file of this machine."""
    for name in NAMES:
        storage.objects().insert(bucket=bucket, name=name, media_body=data(name.encode())).execute()

    contents = [send("GET", f"{endpoint}/{bucket}/{quote(name, safe='')}").content for name in NAMES]

    assert contents == [name.encode() for name in NAMES]


@pytest.mark.parametrize("name", ["storage", "upload", "download", "resumable", "batch", "console", "discovery"])
def test_fixed_addresses_come_first(endpoint: str, storage: Any, new_name: Callable[[], str], name: str) -> None:
    """A bucket named like a fixed address is reached only by the JSON API, percent-encoded or not."""
    found = storage.buckets().list(project="p-fixed", prefix=name).execute().get("items", [])
    if not found:
        storage.buckets().insert(project="p-fixed", body={"name": name}).execute()
    storage.objects().insert(bucket=name, name="o", media_body=data(CONTENT)).execute()

    for first in (name, f"%{ord(name[0]):02x}{name[1:]}"):
        answer = send("GET", f"{endpoint}/{first}/o")
        assert (answer.status, "x-goog-generation" in answer.headers) == (404, False), first
    assert storage.objects().get_media(bucket=name, object="o").execute() == CONTENT


def test_an_object_runs_nothing_in_a_browser(endpoint: str, storage: Any, bucket: str, made: dict[str, Any]) -> None:
    """Each answer has the sandbox policy and `nosniff`, even if the object's metadata or the URL give other values."""
    hostile = {"a b": "x", "k\r\nset-cookie": "x", "v": "a\r\nset-cookie: b", "content-security-policy": "x"}
    storage.objects().patch(bucket=bucket, object="a b/ü", body={"metadata": hostile}).execute()
    query = "?response-content-type=text/html&response-content-disposition=inline%0d%0aset-cookie:%20c"

    answers = [
        send("GET", _url(endpoint, bucket)),
        send("GET", _url(endpoint, bucket, query=query)),
        send("GET", _url(endpoint, bucket, "absent")),
        send("HEAD", _url(endpoint, bucket)),
    ]

    for answer in answers:
        assert {name: answer.headers.get(name) for name in POLICY} == POLICY
        assert "set-cookie" not in answer.headers
    assert answers[0].headers["x-goog-meta-v"] == "a  set-cookie: b"
    assert answers[1].headers["content-disposition"] == "inline  set-cookie: c"


@pytest.mark.usefixtures("made")
def test_reads_count_as_the_method_of_the_json_api(endpoint: str, emulator: Any, bucket: str) -> None:
    """Faults and quotas apply to XML reads; errors are XML with `Retry-After`."""
    emulator.faults({"method": "storage.objects.get", "status": 503, "message": "<busy>", "retryAfter": 3})
    try:
        refused = send("GET", _url(endpoint, bucket))
    finally:
        emulator.faults()

    assert (refused.status, refused.headers["retry-after"]) == (503, "3")
    assert b"<Code>ServiceUnavailable</Code><Message>&lt;busy&gt;</Message>" in refused.content
    assert send("GET", _url(endpoint, bucket)).content == CONTENT
