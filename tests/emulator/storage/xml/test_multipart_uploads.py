"""Errors of the XML API's multipart uploads; `tests/clients` tests that such uploads work."""

from __future__ import annotations

import gzip
import http.client
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from tests.emulator.storage.support import Answer, crc32c, md5, send
from tests.running import RunningEmulator

INSERT = "storage.objects.insert"
PARTS = b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></CompleteMultipartUpload>"


@pytest.fixture
def bucket(emulator: RunningEmulator, bucket: str) -> Iterator[str]:
    """A new bucket; injected faults are removed after the test."""
    yield bucket
    emulator.faults()


class Upload:
    """One upload of the object `o`, request by request."""

    def __init__(self, emulator: RunningEmulator, bucket: str) -> None:
        self._object, self._id, self._etag = f"{emulator.endpoint}/{bucket}/o", "", ""

    def begin(self, headers: dict[str, str] | None = None) -> Answer:
        """`POST ?uploads`."""
        answer = send("POST", f"{self._object}?uploads", headers=headers)
        self._id = "".join(re.findall("<UploadId>(.*)</UploadId>", answer.content.decode()))
        return answer

    def part(self, headers: dict[str, str] | None = None, content: bytes = b"bytes") -> Answer:
        """`PUT ?partNumber=1`."""
        answer = send("PUT", f"{self._object}?partNumber=1&uploadId={self._id}", content, headers)
        self._etag = answer.headers.get("etag", "")
        return answer

    def end(self, headers: dict[str, str] | None = None) -> Answer:
        """`POST` of the list of parts."""
        return send("POST", f"{self._object}?uploadId={self._id}", PARTS % self._etag.encode(), headers)


def names(emulator: RunningEmulator, bucket: str) -> list[str]:
    """Lists the bucket."""
    found: dict[str, Any] = emulator.storage().objects().list(bucket=bucket).execute()
    return [item["name"] for item in found.get("items", [])]


@pytest.mark.parametrize("wrong", ["begin", "part", "end"])
def test_a_fault_meets_each_request_of_an_upload(wrong: str, emulator: RunningEmulator, bucket: str) -> None:
    """The error is XML with its seconds to wait, the request has no effect, and a retry succeeds."""
    upload = Upload(emulator, bucket)
    for step in ("begin", "part", "end"):
        if step == wrong:
            emulator.faults({"method": INSERT, "status": 503, "message": "<busy>", "retryAfter": 3})
            refused = getattr(upload, step)()
            assert (refused.status, refused.headers["retry-after"]) == (503, "3")
            assert b"<Error><Code>ServiceUnavailable</Code><Message>&lt;busy&gt;</Message></Error>" in refused.content
            assert names(emulator, bucket) == []
        assert getattr(upload, step)().status == 200

    assert emulator.storage().objects().get(bucket=bucket, object="o").execute()["crc32c"] == crc32c(b"bytes")


def test_an_upload_whose_last_answer_is_lost_took_effect(emulator: RunningEmulator, bucket: str) -> None:
    """A fault that drops the connection after the call drops it after the object exists."""
    upload = Upload(emulator, bucket)
    upload.begin()
    upload.part()
    emulator.faults({"method": INSERT, "drop": "after"})

    with pytest.raises(http.client.RemoteDisconnected):
        upload.end()

    assert names(emulator, bucket) == ["o"]


@pytest.mark.parametrize("header", ["x-goog-if-generation-match", "x-goog-if-metageneration-match"])
def test_preconditions_are_rejected(header: str, emulator: RunningEmulator, bucket: str) -> None:
    """Google does not support them in such uploads: neither the first nor the last request may have one."""
    upload = Upload(emulator, bucket)

    begun = upload.begin({header: "0"})
    upload.begin()
    upload.part()
    ended = upload.end({header: "0"})

    assert (begun.status, ended.status) == (400, 400)
    assert header.encode() in ended.content
    assert names(emulator, bucket) == []


def test_the_first_request_sets_the_fields(emulator: RunningEmulator, bucket: str) -> None:
    """Its headers are the object's fields; `Content-Encoding` describes the object, not the bodies of parts."""
    upload, packed = Upload(emulator, bucket), gzip.compress(b"plain" * 1000)
    fields = {
        "content-type": "text/plain",
        "content-encoding": "gzip",
        "content-disposition": "inline",
        "cache-control": "no-store",
        "content-language": "de",
        "x-goog-custom-time": "2024-05-06T09:08:09+02:00",
        "x-goog-storage-class": "NEARLINE",
        "x-goog-meta-k": "ü".encode().decode("latin-1"),
    }

    begun = upload.begin(fields)
    upload.part({"content-encoding": "gzip"}, packed)
    upload.end()

    found = emulator.storage().objects().get(bucket=bucket, object="o").execute()
    expected = {
        "contentType": "text/plain",
        "contentEncoding": "gzip",
        "contentDisposition": "inline",
        "cacheControl": "no-store",
        "contentLanguage": "de",
        "customTime": "2024-05-06T07:08:09Z",
        "storageClass": "NEARLINE",
        "metadata": {"k": "ü"},
        "crc32c": crc32c(packed),
    }
    assert begun.status == 200
    assert {field: found.get(field) for field in expected} == expected
    plain = send("GET", f"{emulator.endpoint}/{bucket}/o")
    assert (plain.content, plain.headers["x-goog-custom-time"]) == (b"plain" * 1000, expected["customTime"])


def test_an_invalid_custom_time_is_rejected(emulator: RunningEmulator, bucket: str) -> None:
    """An invalid custom time is an error, not ignored."""
    begun = Upload(emulator, bucket).begin({"x-goog-custom-time": "yesterday"})

    assert (begun.status, b"<Code>InvalidArgument</Code>" in begun.content) == (400, True)


@pytest.mark.parametrize(
    ("headers", "code", "details"),
    [
        ({"content-md5": md5(b"other")}, "BadDigest", [md5(b"other"), md5(b"bytes")]),
        ({"x-goog-hash": f"md5={md5(b'other')}"}, "BadDigest", [md5(b"other"), md5(b"bytes")]),
        ({"x-goog-hash": f"crc32c={crc32c(b'other')}"}, "CrcMismatch", [crc32c(b"other"), crc32c(b"bytes")]),
        ({"content-md5": "!"}, "InvalidDigest", ["MD5"]),
        ({"x-goog-hash": "crc32c=AAAA"}, "InvalidDigest", ["CRC32C"]),
    ],
)
def test_checksum_errors(
    emulator: RunningEmulator, bucket: str, headers: dict[str, str], code: str, details: list[str]
) -> None:
    """A part with another checksum is rejected; the error has the expected and the found one."""
    upload = Upload(emulator, bucket)
    upload.begin()

    refused = upload.part(headers)

    error = refused.content.decode()
    assert (refused.status, re.findall("<Code>(.*)</Code>", error)) == (400, [code])
    assert all(text in unescape("".join(re.findall("<Details>(.*)</Details>", error))) for text in details)
    assert [upload.part().status, upload.end().status] == [200, 200]


def test_an_upload_that_does_not_exist(emulator: RunningEmulator, bucket: str) -> None:
    """Its error names what is missing: the upload, or the bucket."""
    answers = [
        send("PUT", f"{emulator.endpoint}/{name}/o?partNumber=1&uploadId=x", b"") for name in (bucket, f"{bucket}-no")
    ]

    codes = [re.findall("<Code>(.*)</Code>", answer.content.decode()) for answer in answers]
    assert [answer.status for answer in answers] == [404, 404]
    assert codes == [["NoSuchUpload"], ["NoSuchBucket"]]
