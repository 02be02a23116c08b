"""Multipart uploads of the XML API, where something goes wrong; that they work is for `tests/clients`."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.storage.support import Answer, crc32c, send
from tests.running import RunningEmulator

INSERT = "storage.objects.insert"
PARTS = b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></CompleteMultipartUpload>"


@pytest.fixture
def bucket(emulator: RunningEmulator, bucket: str) -> Iterator[str]:
    """A new bucket; nothing goes wrong any more after the test."""
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

    def part(self) -> Answer:
        """`PUT ?partNumber=1`."""
        answer = send("PUT", f"{self._object}?partNumber=1&uploadId={self._id}", b"bytes")
        self._etag = answer.headers.get("etag", "")
        return answer

    def end(self, headers: dict[str, str] | None = None) -> Answer:
        """`POST` of the list of parts."""
        return send("POST", f"{self._object}?uploadId={self._id}", PARTS % self._etag.encode(), headers)


def names(emulator: RunningEmulator, bucket: str) -> list[str]:
    """What is in the bucket."""
    found: dict[str, Any] = emulator.storage().objects().list(bucket=bucket).execute()
    return [item["name"] for item in found.get("items", [])]


@pytest.mark.parametrize("wrong", ["begin", "part", "end"])
def test_a_fault_meets_each_request_of_an_upload(wrong: str, emulator: RunningEmulator, bucket: str) -> None:
    """It is told in XML with its seconds to wait, has no effect, and the same request goes well afterwards."""
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
    """A fault that drops the connection after the call drops it after the object is there."""
    upload = Upload(emulator, bucket)
    upload.begin()
    upload.part()
    emulator.faults({"method": INSERT, "drop": "after"})

    with pytest.raises(http.client.RemoteDisconnected):
        upload.end()

    assert names(emulator, bucket) == ["o"]


@pytest.mark.parametrize("header", ["x-goog-if-generation-match", "x-goog-if-metageneration-match"])
def test_preconditions_are_refused_not_passed_over(header: str, emulator: RunningEmulator, bucket: str) -> None:
    """Google has none for such uploads: neither the beginning nor the end of one is taken with them."""
    upload = Upload(emulator, bucket)

    begun = upload.begin({header: "0"})
    upload.begin()
    upload.part()
    ended = upload.end({header: "0"})

    assert (begun.status, ended.status) == (400, 400)
    assert header.encode() in ended.content
    assert names(emulator, bucket) == []
