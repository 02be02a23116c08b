"""Uploads files, in one request or in chunks; the API verifies each checksum."""

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
"""Advice for a file that differs from its declaration, or is unreadable."""
_TYPE = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One file to upload: its path or bytes, the object's name, and the declared size and checksum."""

    file: Path | bytes
    name: str
    size: int
    crc32c: str
    replaces: int = 0
    """The generation that it replaces; 0 if the name must not exist."""


def upload_all(call: Call, bucket: str, uploads: list[Upload]) -> None:
    """`objects.insert` of all files, in parallel; stops at the first failure."""
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
    """A request that uploads a whole file, `uploadType=multipart`; `Api.call` can execute and repeat it.

    For each request, googleapiclient builds the URL and a MIME message, which takes as much CPU time as the rest of a
    small file's upload: `python -m benchmarks sending` would miss its bound. So URL, headers and response parser are
    taken from one request of googleapiclient.

    Args:
        pattern: that request: `objects.insert` into the bucket, without a name or content.
        upload: the file. It is read here. Raises `ArtifactError` if it is unreadable.

    Attributes:
        body: the request's body: the object's metadata and its bytes.
    """

    method = "POST"

    def __init__(self, pattern: Any, upload: Upload) -> None:
        self._pattern = pattern
        self.uri = f"{pattern.uri}&ifGenerationMatch={upload.replaces}"
        self.methodId, self.service = pattern.methodId, pattern.service
        boundary = secrets.token_hex(16)
        facts = json.dumps({"name": upload.name, "crc32c": upload.crc32c})  # the API verifies it
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
    """A request that uploads one chunk of a resumable upload; `Api.call` can execute and repeat it."""

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
    """Uploads in chunks; after a transient failure, resumes at the offset that the API reports."""
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
    """The error for an unreadable file."""
    return ArtifactError(f"{file} cannot be read: {error.strerror}; {AGAIN}")


def _content(file: Path | bytes) -> bytes:
    if isinstance(file, bytes):
        return file
    try:
        return file.read_bytes()
    except OSError as error:
        raise unreadable(file, error) from None
