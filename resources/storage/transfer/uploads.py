"""Files on their way into a bucket: in one request each, or chunk by chunk, each held against its checksum."""

from __future__ import annotations

import contextlib
import json
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from gcp import errors
from resources.deploy_errors import ArtifactError
from resources.engine.provider import Call
from resources.storage.transfer import parallel

RESUMABLE_ABOVE = 5 * 2**20
CHUNK = 8 * 2**20
AGAIN = "build it again with `python -m models build`, or copy it again"
"""What to do about a file that is not as it was declared, or cannot be read."""
_TYPE = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One file on its way: where it is, or its bytes, what it will be called, and what its bytes must be."""

    file: Path | bytes
    name: str
    size: int
    crc32c: str
    replaces: int = 0
    """The generation that it takes the place of; 0 means that no such object may be there."""


def upload_all(call: Call, bucket: str, uploads: list[Upload]) -> None:
    """`objects.insert` of all, in parallel; stops at the first that fails."""
    from googleapiclient.http import MediaInMemoryUpload

    done = parallel.Progress(call, "uploading", sum(upload.size for upload in uploads))
    pattern = _insert(call, bucket, MediaInMemoryUpload(b"", mimetype=_TYPE), body={})

    def upload(each: Upload) -> None:
        try:
            if each.size > RESUMABLE_ABOVE:
                _send(call, bucket, each, done)
            else:
                call.api.call(Whole(pattern, each), repeatable=True)
                done.add(each.size)
        except errors.PreconditionFailed:
            parallel.confirm(call, bucket, each.name, each.size, each.crc32c)

    parallel.each(uploads, upload)


class Whole:
    """A file in one request, `uploadType=multipart`, as a request that `Api.call` can execute and repeat.

    What googleapiclient makes anew for each request, its address and a MIME message, costs as much time of a core as
    all the rest of a small file's way: with it `python -m benchmarks sending` does not hold. So address, headers and
    what an answer means are taken from one request of its own.

    Args:
        pattern: `objects.insert` into the bucket, without a name and with no byte.
        upload: the file. It is read here. Raises `ArtifactError` where it cannot be.

    Attributes:
        body: what is sent: the object's facts and its bytes.
    """

    method = "POST"

    def __init__(self, pattern: Any, upload: Upload) -> None:
        self._pattern = pattern
        self.uri = f"{pattern.uri}&ifGenerationMatch={upload.replaces}"
        self.methodId, self.service = pattern.methodId, pattern.service
        boundary = secrets.token_hex(16)
        facts = json.dumps({"name": upload.name, "crc32c": upload.crc32c})  # the API refuses bytes that do not match
        begin = (
            f"--{boundary}\r\ncontent-type: application/json\r\n\r\n{facts}\r\n--{boundary}\r\ncontent-type: {_TYPE}"
        )
        self.body = b"".join([begin.encode(), b"\r\n\r\n", _content(upload.file), f"\r\n--{boundary}--".encode()])
        self._headers = {
            **pattern.headers,
            "content-type": f'multipart/related; boundary="{boundary}"',
            "content-length": str(len(self.body)),
        }

    def execute(self, http: Any) -> Any:
        """Sends it; returns the object. Raises googleapiclient's `HttpError`."""
        from googleapiclient.errors import HttpError

        response, content = http.request(self.uri, method=self.method, body=self.body, headers=self._headers)
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise HttpError(response, content, uri=self.uri)
        return self._pattern.postproc(response, content)


class Chunk:
    """One chunk of a resumable upload, as a request that `Api.call` can execute and repeat."""

    method = "PUT"

    def __init__(self, request: Any) -> None:
        self._request = request
        self.uri, self.methodId, self.service = request.uri, request.methodId, request.service

    def execute(self, http: Any) -> Any:
        """Sends the next chunk; returns the upload's status and, after the last, the object.

        Raises:
            EndpointUnreachable: the response is not the API's.
        """
        status, body = self._request.next_chunk(http=http)
        # A proxy's page, or JSON of its own, with a good status looks like the end of the upload.
        if status is None and not self.service.is_answer(self.methodId, body):
            raise errors.EndpointUnreachable(f"no response of the API to {self.methodId}: got something else")
        return status, body


def _send(call: Call, bucket: str, upload: Upload, done: parallel.Progress) -> None:
    """Chunk by chunk; after a passing failure it goes on where the API says that it is."""
    media = _media(upload.file)
    facts = {"name": upload.name, "crc32c": upload.crc32c}
    sent = 0
    with contextlib.closing(media.stream()):
        request = _insert(call, bucket, media, body=facts, ifGenerationMatch=str(upload.replaces))
        body = None
        while body is None:
            status, body = call.api.call(Chunk(request), repeatable=True)
            now = int(status.resumable_progress) if status else upload.size
            done.add(now - sent)
            sent = now


def _media(file: Path | bytes) -> Any:
    from googleapiclient.http import MediaFileUpload, MediaInMemoryUpload

    if isinstance(file, bytes):
        return MediaInMemoryUpload(file, mimetype=_TYPE, chunksize=CHUNK, resumable=True)
    return MediaFileUpload(str(file), mimetype=_TYPE, chunksize=CHUNK, resumable=True)


def _insert(call: Call, bucket: str, media: Any, **more: Any) -> Any:
    return call.methods("objects").insert(bucket=bucket, media_body=media, **more)


def unreadable(file: Path, error: OSError) -> ArtifactError:
    """The error about a file that cannot be read."""
    return ArtifactError(f"{file} cannot be read: {error.strerror}; {AGAIN}")


def _content(file: Path | bytes) -> bytes:
    if isinstance(file, bytes):
        return file
    try:
        return file.read_bytes()
    except OSError as error:
        raise unreadable(file, error) from None
