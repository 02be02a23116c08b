"""Multipart uploads of the XML API: what is refused, and what is left behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.emulator.storage.support import Answer, client, send
from tests.running import RunningEmulator


def _begin(place: str) -> str:
    found = re.search("<UploadId>(.+)</UploadId>", send("POST", f"{place}?uploads").content.decode())
    assert found is not None
    return f"{place}?uploadId={found[1]}"


def _send(upload: str, number: int, content: bytes) -> str:
    return send("PUT", f"{upload}&partNumber={number}", content).headers["etag"]


def _finish(upload: str, *parts: tuple[int, str]) -> Answer:
    listed = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>" for number, etag in parts)
    return send("POST", upload, f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode())


def test_parts_come_in_any_order_and_twice(storage: Any, endpoint: str, bucket: str) -> None:
    """A part that comes again takes the place of the one before; those that are not listed are left out."""
    upload = _begin(f"{endpoint}/{bucket}/o")
    second = _send(upload, 2, b"second")
    _send(upload, 3, b"left out")
    stale = _send(upload, 1, b"stale")
    first = _send(upload, 1, b"first")

    for parts in ([], [(1, stale)], [(2, second), (1, first)], [(1, first), (1, first)], [(9, first)]):
        refused = _finish(upload, *parts)
        assert (refused.status, refused.content[:50].count(b"<Error>")) == (400, 1)
    assert _finish(upload, (1, first), (2, second)).status == 200
    assert storage.objects().get_media(bucket=bucket, object="o").execute() == b"firstsecond"
    assert _finish(upload, (1, first)).status == 404


def test_what_is_no_upload_is_refused(endpoint: str, bucket: str) -> None:
    """A bucket or an upload that is not there, numbers out of range, wrong checksums."""
    upload = _begin(f"{endpoint}/{bucket}/o")

    assert send("POST", f"{endpoint}/no-such-bucket/o?uploads").status == 404
    assert send("PUT", f"{endpoint}/{bucket}/o?uploadId=x&partNumber=1", b"1").status == 404
    assert send("PUT", f"{upload.replace('/o?', '/p?')}&partNumber=1", b"1").status == 404
    for number in ("0", "10001", "x", ""):
        assert send("PUT", f"{upload}&partNumber={number}", b"1").status == 400
    assert send("PUT", f"{upload}&partNumber=1", b"1", {"x-goog-hash": "crc32c=AAAAAA=="}).status == 400
    assert send("DELETE", upload).status == 204
    assert send("DELETE", upload).status == 404


def test_nothing_is_left_of_an_upload_that_ended(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """Its files go with it, however it ends; one that goes on survives a kill."""
    running = emulator_factory()

    def files() -> list[Path]:
        return list((running.data / "objects").glob("??/*"))

    with client(running.endpoint) as storage:
        storage.buckets().insert(project="p", body={"name": "bucket-of-parts"}).execute()
        given_up, kept = (_begin(f"{running.endpoint}/bucket-of-parts/{name}") for name in ("a", "b"))
        _send(given_up, 1, b"1")
        etag = _send(kept, 1, b"1")
        _send(kept, 2, b"2")
        send("DELETE", given_up)
    running.kill()
    again = emulator_factory(data=running.data)
    kept = kept.replace(running.endpoint, again.endpoint)

    assert len(files()) == 3  # two parts, and the file of the session
    assert _finish(kept, (1, etag)).status == 200
    assert len(files()) == 1
    with client(again.endpoint) as storage:
        _send(_begin(f"{again.endpoint}/bucket-of-parts/c"), 1, b"1")
        storage.objects().delete(bucket="bucket-of-parts", object="b").execute()
        storage.buckets().delete(bucket="bucket-of-parts").execute()
    assert files() == []
