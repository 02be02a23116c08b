"""Uploads in one request: media and multipart; checksums."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from googleapiclient.http import MediaFileUpload

from tests.emulator.ml.caller import until
from tests.emulator.storage.support import crc32c, data, md5, refused, send
from tests.running import RunningEmulator


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 3_000_000])
def test_a_file_arrives_whole(storage: Any, bucket: str, tmp_path: Path, size: int) -> None:
    """A file of any size, sent as media or as multipart, reads back the same."""
    content = bytes(index * 7 % 251 for index in range(size))
    file = tmp_path / "file.bin"
    file.write_bytes(content)
    objects = storage.objects()

    for how in ({"name": "o"}, {"body": {"name": "o"}}):
        made = objects.insert(bucket=bucket, media_body=MediaFileUpload(str(file)), **how).execute()

        assert (made["size"], made["crc32c"], made["md5Hash"]) == (str(size), crc32c(content), md5(content))
        assert objects.get_media(bucket=bucket, object="o").execute() == content


@pytest.mark.parametrize(
    ("boundary", "reason"),
    [
        ('"=== x"', "double quotes, as google-api-python-client"),
        ("'===x=='", "single quotes, as gcloud"),
        ("===x==", "no quotes, as google-cloud-storage"),
    ],
)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("content", [b"", b"x", b"\r\n", b"ends in\r", b"--===x\r\n--=== y\n--==="])
def test_boundaries(endpoint: str, bucket: str, boundary: str, reason: str, end: bytes, content: bytes) -> None:
    """A multipart body is understood with any quoting of its boundary, either line ending and any content."""
    mark = b"--" + boundary.strip("\"'").encode()
    body = end.join(
        [
            *(mark, b"Content-Type: application/json", b"", b'{"name": "m"}'),
            *(mark, b"Content-Type: text/x-test", b"", content),
            *(mark + b"--", b""),
        ]
    )
    url = f"{endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=multipart"

    made = send("POST", url, body, {"content-type": f"multipart/related; boundary={boundary}"})

    assert made.status == 200, reason
    assert made.json["contentType"] == "text/x-test"
    assert send("GET", f"{endpoint}/storage/v1/b/{bucket}/o/m?alt=media").content == content


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("multipart/related", b"--x\r\n\r\n{}\r\n--x\r\n\r\na\r\n--x--", "no boundary"),
        ("text/plain; boundary=x", b"--x\r\n\r\n{}\r\n--x\r\n\r\na\r\n--x--", "not multipart"),
        ("multipart/related; boundary=x", b"", "nothing"),
        ("multipart/related; boundary=x", b"--y\r\n\r\n{}\r\n--y\r\n\r\na\r\n--y--", "another boundary"),
        ("multipart/related; boundary=x", b'--x\r\n\r\n{"name": "m"}\r\n--x--', "one part"),
        ("multipart/related; boundary=x", b'--x\r\n\r\n{"name": "m"}\r\n--x\r\n\r\nabc', "no end"),
        ("multipart/related; boundary=x", b"--x\r\n\r\n{name}\r\n--x\r\n\r\na\r\n--x--", "not JSON"),
        ("multipart/related; boundary=x", b'--x\r\n\r\n{"nam": "m"}\r\n--x\r\n\r\na\r\n--x--', "unknown field"),
        ("multipart/related; boundary=x", b"--x\r\n\r\n{}\r\n--x\r\n\r\na\r\n--x--", "no name"),
    ],
)
def test_broken_multipart(
    endpoint: str, storage: Any, bucket: str, content_type: str, body: bytes, reason: str
) -> None:
    """A body without two valid parts is 400 and stores nothing."""
    url = f"{endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=multipart"

    assert send("POST", url, body, {"content-type": content_type}).status == 400, reason
    assert "items" not in storage.objects().list(bucket=bucket).execute()


@pytest.mark.parametrize("kind", ["", "?uploadType=carrier-pigeon"])
def test_unknown_kinds_of_upload(endpoint: str, bucket: str, kind: str) -> None:
    """An unknown or missing `uploadType` is 400."""
    assert send("POST", f"{endpoint}/upload/storage/v1/b/{bucket}/o{kind}", b"x").status == 400


@pytest.mark.parametrize(
    ("promise", "code"),
    [
        ({"crc32c": crc32c(b"right")}, 200),
        ({"md5Hash": md5(b"right")}, 200),
        ({"crc32c": crc32c(b"right"), "md5Hash": md5(b"right")}, 200),
        ({"crc32c": crc32c(b"wrong")}, 400),
        ({"md5Hash": md5(b"wrong")}, 400),
        ({"crc32c": crc32c(b"right"), "md5Hash": md5(b"wrong")}, 400),
        ({"crc32c": "no base64!"}, 400),
        ({"md5Hash": "AAAA"}, 400),
    ],
)
@pytest.mark.parametrize("resumable", [False, True])
def test_promised_checksums_in_metadata(
    storage: Any, bucket: str, promise: dict[str, str], code: int, *, resumable: bool
) -> None:
    """Bytes with another checksum are 400, and the existing object stays."""
    objects = storage.objects()
    before = objects.insert(bucket=bucket, name="o", media_body=data(b"before")).execute()

    call = objects.insert(bucket=bucket, body={"name": "o", **promise}, media_body=data(b"right", resumable=resumable))

    if code == 200:
        call.execute()
        return
    assert refused(call)[0] == code
    assert objects.get(bucket=bucket, object="o").execute() == before


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x-goog-hash": f"crc32c={crc32c(b'right')},md5={md5(b'right')}"}, 200),
        ({"x-goog-hash": f"crc32c={crc32c(b'right')}, md5={md5(b'wrong')}"}, 400),
        ({"x-goog-hash": f"crc32c={crc32c(b'wrong')}"}, 400),
        ({"content-md5": md5(b"right")}, 200),
        ({"content-md5": md5(b"wrong")}, 400),
    ],
)
def test_promised_checksums_in_headers(
    endpoint: str, storage: Any, bucket: str, headers: dict[str, str], code: int
) -> None:
    """Checksums in headers are verified like those in the metadata."""
    url = f"{endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=media&name=o"

    assert send("POST", url, b"right", headers).status == code
    assert ("items" in storage.objects().list(bucket=bucket).execute()) == (code == 200)


def test_refused_uploads_leave_no_files(endpoint: str, bucket: str, blobs: Any) -> None:
    """A rejected upload and an aborted one leave no file."""
    url = f"{endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=media&name=o"

    assert send("POST", url, b"x" * 100_000, {"x-goog-hash": f"crc32c={crc32c(b'')}"}).status == 400
    _break_off(url, blobs)

    until(lambda: not blobs(), "the end of every file")


def _break_off(url: str, blobs: Any) -> None:
    """Sends less than it announces, until its file exists."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        head = f"POST {parts.path}?{parts.query} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-length: 1000000\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 400_000)
        until(blobs, "the file")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_does_not_grow_with_an_object(emulator: RunningEmulator, storage: Any, bucket: str) -> None:
    """Uploading and downloading 96 MiB takes less than 16 MiB of additional memory."""
    content = bytes(range(256)) * 4096 * 96
    storage.objects().insert(bucket=bucket, name="small", media_body=data(b"1")).execute()
    before = _peak_kib(emulator.pid)

    storage.objects().insert(bucket=bucket, name="o", media_body=data(content)).execute()
    assert storage.objects().get_media(bucket=bucket, object="o").execute() == content

    assert _peak_kib(emulator.pid) - before < 16 * 1024


def _peak_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmHWM:")[2].split()[0])


def test_an_early_refusal_reaches_a_client_that_is_still_sending(storage: Any, bucket: str) -> None:
    """A condition that fails early is answered on the same connection, however much the client sends."""
    objects = storage.objects()
    objects.insert(bucket=bucket, name="o", media_body=data(b"1")).execute()
    big = data(bytes(20_000_000))

    assert refused(objects.insert(bucket=bucket, name="o", media_body=big, ifGenerationMatch=0))[0] == 412
    assert objects.get_media(bucket=bucket, object="o").execute() == b"1"


def test_conditions_hold_at_the_end_of_an_upload(endpoint: str, storage: Any, bucket: str) -> None:
    """Of two writers that both found no object, the one that ends later gets 412."""
    objects = storage.objects()
    url = f"{endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name=o&ifGenerationMatch=0"
    session = send("POST", url).headers["location"]
    first = objects.insert(bucket=bucket, name="o", media_body=data(b"first"), ifGenerationMatch=0).execute()

    late = send("PUT", session, b"late", {"content-range": "bytes 0-3/4"})

    assert late.status == 412
    assert objects.get(bucket=bucket, object="o").execute() == first
    assert send("PUT", session, b"late", {"content-range": "bytes 0-3/4"}).status == 410


def test_an_insert_without_an_upload_is_rejected(storage: Any, bucket: str) -> None:
    """A JSON body without an upload is 400, at once."""
    assert refused(storage.objects().insert(bucket=bucket, name="o", body={"contentType": "text/plain"}))[0] == 400
