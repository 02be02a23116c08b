"""Downloads: whole, in parts, while the object goes away."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from googleapiclient.http import MediaIoBaseDownload

from tests.emulator.ml.caller import until
from tests.emulator.storage.support import crc32c, data, md5, send
from tests.running import RunningEmulator


def test_headers_of_a_download(endpoint: str, storage: Any, bucket: str) -> None:
    """A download has the object's type, checksums and generations, and the headers of its metadata."""
    body = {"name": "o", "contentDisposition": "attachment; filename=ü.txt", "cacheControl": "no-store"}
    made = storage.objects().insert(bucket=bucket, body=body, media_body=data(b"hello", "text/plain")).execute()

    answer = send("GET", made["mediaLink"])

    assert answer.content == b"hello"
    expected = {
        "content-type": "text/plain",
        "content-length": "5",
        "accept-ranges": "bytes",
        "cache-control": "no-store",
        "etag": made["etag"],
        "x-goog-hash": f"crc32c={crc32c(b'hello')},md5={md5(b'hello')}",
        "x-goog-generation": made["generation"],
        "x-goog-metageneration": "1",
        "x-goog-storage-class": "STANDARD",
    }
    assert {name: answer.headers.get(name) for name in expected} == expected
    assert answer.headers["content-disposition"].encode("latin-1").decode() == "attachment; filename=ü.txt"


@pytest.mark.parametrize(
    ("wanted", "status", "content", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=9-9", 206, b"9", "bytes 9-9/10"),
        ("bytes=2-9223372036854775807", 206, b"23456789", "bytes 2-9/10"),
        ("bytes=2-18446744073709551615", 206, b"23456789", "bytes 2-9/10"),
        (f"bytes={'0' * 5000}2-{'9' * 5000}", 206, b"23456789", "bytes 2-9/10"),
        (f"bytes=-{'9' * 5000}", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=9223372036854775807-", 416, None, "bytes */10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=5-2", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("chapters=1-2", 200, b"0123456789", None),
    ],
)
def test_ranges(
    endpoint: str,
    storage: Any,
    bucket: str,
    wanted: str,
    status: int,
    content: bytes | None,
    content_range: str | None,
) -> None:
    """One range of bytes gets 206 or 416; anything else is ignored."""
    storage.objects().insert(bucket=bucket, name="o", media_body=data(b"0123456789")).execute()

    answer = send("GET", f"{endpoint}/storage/v1/b/{bucket}/o/o?alt=media", headers={"range": wanted})

    assert answer.status == status
    assert answer.headers.get("content-range") == content_range
    if content is not None:
        assert answer.content == content


def test_the_rest_of_an_object_that_changed_meanwhile(endpoint: str, storage: Any, bucket: str) -> None:
    """With `If-Range`, a range is returned only of the object that the client knows; of a changed one, all bytes."""
    url = f"{endpoint}/storage/v1/b/{bucket}/o/o?alt=media"
    storage.objects().insert(bucket=bucket, name="o", media_body=data(b"01234567")).execute()
    begun = send("GET", url, headers={"range": "bytes=0-3"}).headers
    known = [begun["etag"], f'"{begun["etag"]}"', begun["last-modified"]]

    rests = [send("GET", url, headers={"range": "bytes=4-", "if-range": state}) for state in known]
    storage.objects().insert(bucket=bucket, name="o", media_body=data(b"abcdefgh")).execute()
    changed = send("GET", url, headers={"range": "bytes=4-", "if-range": begun["etag"]})

    assert [(rest.status, rest.content) for rest in rests] == [(206, b"4567")] * 3
    assert (changed.status, changed.content) == (200, b"abcdefgh")


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_client_downloads_in_chunks(storage: Any, bucket: str, size: int) -> None:
    """The client's own chunked download returns the bytes, also of an empty object."""
    content = bytes(index % 256 for index in range(size))
    storage.objects().insert(bucket=bucket, name="o", media_body=data(content)).execute()
    received = io.BytesIO()

    download = MediaIoBaseDownload(received, storage.objects().get_media(bucket=bucket, object="o"), chunksize=30_000)
    while not download.next_chunk()[1]:
        pass

    assert received.getvalue() == content


def test_an_object_deleted_while_it_is_read_is_read_to_its_end(storage: Any, bucket: str, endpoint: str) -> None:
    """A download that has begun returns all bytes, even if the object is deleted or replaced meanwhile."""
    content = bytes(range(251)) * 64_000
    storage.objects().insert(bucket=bucket, name="o", media_body=data(content)).execute()
    parts = urlsplit(endpoint)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.request("GET", f"/storage/v1/b/{bucket}/o/o?alt=media")
    answer = connection.getresponse()
    head = answer.read(1000)

    storage.objects().delete(bucket=bucket, object="o").execute()

    assert head + answer.read() == content
    connection.close()


def test_large_and_small_downloads_that_are_asked_for_at_once_come_in_their_order(
    storage: Any, bucket: str, endpoint: str
) -> None:
    """A part of a file is sent after what was written before it, and before what comes after it."""
    content = bytes(range(251)) * 8_000
    storage.objects().insert(bucket=bucket, name="o", media_body=data(content)).execute()
    parts = urlsplit(endpoint)
    spans = [(0, 9), (5, 1_500_004), (7, 7), (2_000, 2_007_999), (1, 3)]
    request = f"GET /storage/v1/b/{bucket}/o/o?alt=media HTTP/1.1\r\nhost: localhost\r\nrange: bytes=%d-%d\r\n"
    ends = ["\r\n"] * 4 + ["connection: close\r\n\r\n"]

    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall("".join(request % span + end for span, end in zip(spans, ends, strict=True)).encode())
        came = b"".join(iter(lambda: connection.recv(65536), b""))

    for first, last in spans:
        head, _, came = came.partition(b"\r\n\r\n")
        length = last - first + 1
        assert f"content-range: bytes {first}-{last}/{len(content)}".encode() in head
        assert came[:length] == content[first : last + 1]
        came = came[length:]
    assert came == b""


def test_a_download_that_its_client_leaves_holds_nothing_open(
    storage: Any, bucket: str, endpoint: str, emulator: RunningEmulator
) -> None:
    """The object's file and the connection are closed."""
    storage.objects().insert(bucket=bucket, name="o", media_body=data(bytes(32 * 2**20))).execute()
    parts = urlsplit(endpoint)
    folder = emulator.data.resolve() / "objects"

    def opened() -> list[Path]:
        found = []
        for link in Path(f"/proc/{emulator.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found.append(link.readlink())
        return [target for target in found if target.is_relative_to(folder)]

    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall(f"GET /storage/v1/b/{bucket}/o/o?alt=media HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        assert connection.recv(1000)
        assert opened()

    until(lambda: not opened(), "the file is closed")


@pytest.mark.parametrize(
    ("place", "headers", "status", "text"),
    [
        ("storage/v1/b/{}/o/absent?alt=media", {}, 404, "No such object: {}/absent"),
        ("download/storage/v1/b/{}/o/absent", {}, 404, "No such object: {}/absent"),
        ("download/storage/v1/b/{}/o/o", {"range": "bytes=9-"}, 416, "The requested range cannot be satisfied."),
        ("storage/v1/b/{}/o/o?alt=media&generation=x", {}, 400, "Invalid value at 'generation' (TYPE_INT64), \"x\""),
        (
            "storage/v1/b/{}/o/o?alt=media&ifGenerationMatch=1",
            {},
            412,
            "At least one of the pre-conditions you specified did not hold.",
        ),
    ],
)
def test_errors_of_downloads_are_plain_text(
    endpoint: str, storage: Any, bucket: str, place: str, headers: dict[str, str], status: int, text: str
) -> None:
    """Cloud Storage writes errors of downloads as text, and errors of metadata as JSON."""
    storage.objects().insert(bucket=bucket, name="o", media_body=data(b"01234567")).execute()

    answer = send("GET", f"{endpoint}/{place.format(bucket)}", headers=headers)

    assert (answer.status, answer.headers["content-type"]) == (status, "text/plain; charset=UTF-8")
    assert answer.content.decode() == text.format(bucket)
    json_ = send("GET", f"{endpoint}/storage/v1/b/{bucket}/o/absent")
    assert json_.json["error"]["message"] == f"No such object: {bucket}/absent"


def test_a_fault_of_a_download_is_plain_text(emulator: RunningEmulator, storage: Any, bucket: str) -> None:
    """An injected fault of a download keeps its `Retry-After`."""
    storage.objects().insert(bucket=bucket, name="o", media_body=data(b"01234567")).execute()
    emulator.faults({"method": "storage.objects.get", "status": 503, "message": "busy", "retryAfter": 3})
    try:
        answer = send("GET", f"{emulator.endpoint}/storage/v1/b/{bucket}/o/o?alt=media")
    finally:
        emulator.faults()

    assert (answer.status, answer.content, answer.headers["retry-after"]) == (503, b"busy", "3")


def test_fast_reads_equal_usual_reads(storage: Any, bucket: str, endpoint: str, emulator: RunningEmulator) -> None:
    """The fast path of small objects returns the same headers and bytes, is counted, and sees each change."""
    name = "a b/ü%2F.txt"
    storage.objects().insert(
        bucket=bucket, body={"name": name, "cacheControl": "no-store"}, media_body=data(b"hello", "text/plain")
    ).execute()
    url = f"{endpoint}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
    emulator.reset_calls()

    short = send("GET", url)
    long = send("GET", f"{url}&prettyPrint=false")
    storage.objects().insert(bucket=bucket, name=name, media_body=data(b"anew")).execute()
    changed = send("GET", url)
    emulator.faults({"method": "storage.objects.get", "status": 503})
    faulted = send("GET", url)
    emulator.faults()
    storage.objects().delete(bucket=bucket, object=name).execute()
    gone = send("GET", url)

    assert (short.status, short.content) == (long.status, long.content) == (200, b"hello")
    assert {**short.headers, "date": ""} == {**long.headers, "date": ""}
    assert (changed.content, faulted.status, gone.status) == (b"anew", 503, 404)
    assert emulator.calls()["storage.objects.get"] >= 5


def test_hundreds_of_small_reads_that_are_asked_for_at_once(storage: Any, bucket: str, endpoint: str) -> None:
    """All are answered in order, even if one system call reads many of them."""
    for number in range(10):
        storage.objects().insert(bucket=bucket, name=str(number), media_body=data(b"%d" % number)).execute()
    parts = urlsplit(endpoint)
    request = f"GET /storage/v1/b/{bucket}/o/%d?alt=media HTTP/1.1\r\nhost: localhost\r\n\r\n"
    last = request.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")

    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall("".join(request % (number % 10) for number in range(999)).encode() + (last % 9).encode())
        came = b"".join(iter(lambda: connection.recv(65536), b""))

    bodies = [answer.partition(b"\r\n\r\n")[2] for answer in came.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [b"%d" % (number % 10) for number in range(1000)]
