"""Resumable uploads: chunks, lost chunks, lost answers, ends."""

from __future__ import annotations

from typing import Any

import httplib2
import pytest
from googleapiclient.errors import HttpError

from tests.emulator.ml.caller import until
from tests.emulator.storage.support import KIB_256, Answer, crc32c, data, md5, refused, send

_CONTENT = bytes(index * 11 % 253 for index in range(3 * KIB_256 + 1000))


def _start(endpoint: str, bucket: str, query: str = "", **headers: str) -> str:
    url = f"{endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name=o{query}"
    answer = send("POST", url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status == 200
    return answer.headers["location"]


def _put(session: str, first: int, last: int, total: int | str = "*", content: bytes = _CONTENT) -> Answer:
    headers = {"content-range": f"bytes {first}-{last - 1}/{total}"}
    return send("PUT", session, content[first:last], headers)


def _state(session: str, total: int | str = "*") -> Answer:
    return send("PUT", session, headers={"content-range": f"bytes */{total}"})


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("chunks", [1, 3])
def test_chunks_of_a_client(storage: Any, bucket: str, chunks: int, extra: int) -> None:
    """A client's chunks of 256 KiB, the last one shorter, full or of one byte, become one object."""
    content = (_CONTENT * 2)[: chunks * KIB_256 + extra]
    body = data(content, "text/x-test", resumable=True, chunksize=KIB_256)
    call, made, progress = storage.objects().insert(bucket=bucket, name="o", media_body=body), None, []

    while made is None:
        status, made = call.next_chunk()
        progress += [status.resumable_progress] if status else []

    assert progress == [KIB_256 * number for number in range(1, len(progress) + 1)]
    assert (made["size"], made["md5Hash"], made["crc32c"]) == (str(len(content)), md5(content), crc32c(content))
    assert made["contentType"] == "text/x-test"
    assert storage.objects().get_media(bucket=bucket, object="o").execute() == content


class _Dropping(httplib2.Http):  # type: ignore[misc]  # httplib2 ships no types
    """Loses the nth PUT, before it is sent, or loses its answer."""

    def __init__(self, lost: int, *, sent: bool) -> None:
        super().__init__(timeout=30)
        self.redirect_codes: Any = frozenset({301, 302, 303, 307})  # 308 means that the upload continues
        self._lost, self._sent, self._puts = lost, sent, 0

    def request(self, uri: str, method: str = "GET", **how: Any) -> Any:
        self._puts += method == "PUT"
        lose = method == "PUT" and self._puts == self._lost
        if lose and not self._sent:
            raise ConnectionResetError("dropped before it was sent")
        answer = super().request(uri, method, **how)
        if lose:
            raise ConnectionResetError("dropped the answer")
        return answer


def _finish(call: Any, http: httplib2.Http) -> Any:
    made = None
    while made is None:
        _, made = call.next_chunk(http=http)
    return made


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("lost", [1, 2, 4])
def test_a_lost_chunk_is_sent_again(storage: Any, bucket: str, lost: int, *, sent: bool) -> None:
    """After a lost chunk or a lost answer the client requests the state and continues; the object is complete."""
    body = data(_CONTENT, resumable=True, chunksize=KIB_256)
    call = storage.objects().insert(bucket=bucket, name="o", media_body=body, ifGenerationMatch=0)
    http = _Dropping(lost, sent=sent)

    with pytest.raises(ConnectionResetError):
        _finish(call, http)
    call._in_error_state = True  # the client's own mark after an HTTP error: it asks for the state first
    made = _finish(call, http)

    http.close()
    assert made["md5Hash"] == md5(_CONTENT)


@pytest.mark.parametrize("said", ["yes", "no"])
def test_clients_that_do_not_accept_308(endpoint: str, bucket: str, said: str) -> None:
    """With `X-GUploader-No-308: yes`, which Go's client sends, an incomplete upload is 200 with a status header."""
    session, header = _start(endpoint, bucket), {"x-guploader-no-308": said}

    answers = [
        send("PUT", session, headers={"content-range": "bytes */*", **header}),
        send("PUT", session, _CONTENT[:KIB_256], {"content-range": f"bytes 0-{KIB_256 - 1}/*", **header}),
        send("PUT", session, headers={"content-range": "bytes */*", **header}),
        send(
            "PUT",
            session,
            _CONTENT[KIB_256:],
            {"content-range": f"bytes {KIB_256}-{len(_CONTENT) - 1}/{len(_CONTENT)}", **header},
        ),
    ]

    incomplete = [
        (answer.status, answer.headers.get("x-http-status-code-override"), answer.headers.get("range"))
        for answer in answers[:3]
    ]
    status, override = {"yes": (200, "308"), "no": (308, None)}[said]
    assert incomplete == [(status, override, taken) for taken in (None, *[f"bytes=0-{KIB_256 - 1}"] * 2)]
    assert {answer.content for answer in answers[:3]} == {b""}
    assert (answers[3].status, "x-http-status-code-override" in answers[3].headers) == (200, False)
    assert answers[3].json["crc32c"] == crc32c(_CONTENT)


def test_the_state_of_a_session(endpoint: str, bucket: str) -> None:
    """A session reports what it has; a completed one returns its object again."""
    session, total = _start(endpoint, bucket), len(_CONTENT)

    empty = _state(session)
    part = _put(session, 0, KIB_256)
    asked = _state(session, total)
    done = _put(session, KIB_256, total, total)
    again = _state(session, total)

    assert (empty.status, "range" in empty.headers) == (308, False)
    assert (part.status, part.headers["range"]) == (308, f"bytes=0-{KIB_256 - 1}")
    assert (asked.status, asked.headers["range"]) == (308, f"bytes=0-{KIB_256 - 1}")
    assert done.status == again.status == 200
    assert done.json == again.json
    assert done.json["md5Hash"] == md5(_CONTENT)


def test_bytes_that_have_arrived_are_skipped(endpoint: str, bucket: str) -> None:
    """A chunk that overlaps earlier bytes adds only the new ones."""
    session, total = _start(endpoint, bucket), len(_CONTENT)
    _put(session, 0, 2 * KIB_256)

    overlapping = _put(session, KIB_256, 3 * KIB_256)
    done = _put(session, 0, total, total)

    assert overlapping.headers["range"] == f"bytes=0-{3 * KIB_256 - 1}"
    assert done.json["md5Hash"] == md5(_CONTENT)


def test_an_upload_of_unknown_size_ends_with_a_total(endpoint: str, bucket: str) -> None:
    """Chunks that end in `/*` are completed by a request that names the total, with or without bytes."""
    session = _start(endpoint, bucket)
    assert _put(session, 0, KIB_256).status == 308

    done = _state(session, KIB_256)

    assert (done.status, done.json["size"]) == (200, str(KIB_256))
    assert done.json["md5Hash"] == md5(_CONTENT[:KIB_256])


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({}, "no header"), ({"content-range": "bytes 0-*/*"}, "a stream"), ({"content-range": "bytes 0-*/5"}, "a total")],
)
@pytest.mark.parametrize("path", ["upload", "resumable/upload"])
def test_the_whole_object_in_one_request(
    endpoint: str, bucket: str, path: str, headers: dict[str, str], reason: str
) -> None:
    """A session takes the whole object at once, at either of the two addresses that clients use."""
    answer = send("POST", f"{endpoint}/{path}/storage/v1/b/{bucket}/o?uploadType=resumable&name=o")
    assert f"/{path}/storage/v1/b/{bucket}/o?" in answer.headers["location"]

    done = send("PUT", answer.headers["location"], b"whole", headers)

    assert done.status == 200, reason
    assert done.json["crc32c"] == crc32c(b"whole")


def test_the_announced_length_counts(endpoint: str, bucket: str) -> None:
    """Fewer bytes than announced leave the session open, more are 400."""
    session = _start(endpoint, bucket, x_upload_content_length="10")

    assert send("PUT", session, b"01234").headers["range"] == "bytes=0-4"
    assert _put(session, 5, 20, 20).status == 400
    assert send("PUT", session, b"0123456789A").status == 400
    assert _put(session, 5, 10, 10, b"0123456789").json["md5Hash"] == md5(b"0123456789")


@pytest.mark.parametrize("length", ["9" * 19, "9" * 5000, "-1", "ten"])
def test_an_announced_length_that_no_object_has_is_ignored(endpoint: str, bucket: str, length: str) -> None:
    """The session starts without a size, and its object has the bytes that arrive."""
    session = _start(endpoint, bucket, x_upload_content_length=length)

    assert send("PUT", session, b"01234").json["size"] == "5"


@pytest.mark.parametrize(
    ("content_range", "code", "reason"),
    [
        ("bytes 0-99/*", 400, "not the last one, and not a multiple of 256 KiB"),
        ("bytes 0-99/1000", 400, "not the last one, and not a multiple of 256 KiB"),
        ("bytes 9-0/10", 400, "ends before it begins"),
        ("bytes 0-99/50", 400, "ends after its total"),
        ("bytes=0-99/100", 400, "another header's form"),
        ("bytes 0-4/5", 400, "more bytes than it says"),
        (f"bytes 0-99/{'9' * 19}", 400, "a number of more than 18 digits"),
        ("bytes 262144-262243/262244", 503, "starts after what has arrived"),
    ],
)
def test_wrong_ranges(endpoint: str, bucket: str, content_range: str, code: int, reason: str) -> None:
    """An invalid range is rejected, and the session can continue."""
    session = _start(endpoint, bucket)

    assert send("PUT", session, bytes(100), {"content-range": content_range}).status == code, reason
    assert _put(session, 0, 100, 100).json["size"] == "100"


def test_a_cancelled_session_is_gone(endpoint: str, storage: Any, bucket: str, blobs: Any) -> None:
    """DELETE ends a session and removes what has arrived; it answers 204 and later requests 410."""
    session = _start(endpoint, bucket)
    _put(session, 0, KIB_256)
    assert len(blobs()) == 1

    assert send("DELETE", session).status == 204

    until(lambda: not blobs(), "the end of what has arrived")
    assert _put(session, 0, KIB_256).status == 410
    assert send("DELETE", session).status == 410
    assert "items" not in storage.objects().list(bucket=bucket).execute()


def test_a_session_belongs_to_its_bucket(endpoint: str, bucket: str) -> None:
    """A session's id is not valid in another bucket, and ends with its own."""
    session = _start(endpoint, bucket)

    assert _state(session.replace(f"/b/{bucket}/", "/b/another-bucket/")).status == 410
    assert send("DELETE", f"{endpoint}/storage/v1/b/{bucket}").status == 204
    assert _state(session).status == 410


def test_wrong_checksums_at_the_end(endpoint: str, storage: Any, bucket: str, blobs: Any) -> None:
    """A checksum sent with the last chunk is compared with all bytes; a mismatch ends the session."""
    session = _start(endpoint, bucket)
    _put(session, 0, KIB_256)
    headers = {"content-range": f"bytes {KIB_256}-{KIB_256 + 4}/{KIB_256 + 5}", "x-goog-hash": f"md5={md5(b'x')}"}

    refusal = send("PUT", session, b"12345", headers)

    assert refusal.status == 400
    until(lambda: not blobs(), "the end of what has arrived")
    assert "items" not in storage.objects().list(bucket=bucket).execute()


def test_the_start_is_checked(storage: Any, bucket: str) -> None:
    """What can be checked without bytes is checked at the start of a session."""
    objects = storage.objects()
    objects.insert(bucket=bucket, name="o", media_body=data(b"1")).execute()

    for name, conditions, code in (("o", {"ifGenerationMatch": 0}, 412), ("..", {}, 400)):
        call = objects.insert(bucket=bucket, name=name, media_body=data(b"2", resumable=True), **conditions)
        with pytest.raises(HttpError) as caught:
            call.next_chunk()
        assert caught.value.status_code == code
        assert call.resumable_uri is None
    missing = objects.insert(bucket="no-such-bucket-here", name="o", media_body=data(b"", resumable=True))
    assert refused(missing)[0] == 404
