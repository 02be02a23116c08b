"""Files on their way into a bucket: in one request each, or chunk by chunk, each held against its checksum."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources import errors
from resources._provider import Call
from resources.storage import _objects

RESUMABLE_ABOVE = 5 * 2**20
CHUNK = 8 * 2**20
_TYPE = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One file on its way: where it is, what it will be called, and what its bytes must be."""

    file: Path
    name: str
    size: int
    crc32c: str
    replaces: int = 0
    """The generation that it takes the place of; 0 means that no such object may be there."""


def upload_all(call: Call, bucket: str, uploads: list[Upload]) -> None:
    """`objects.insert` of all, in parallel; stops at the first that fails."""
    from googleapiclient.http import MediaInMemoryUpload

    done = _objects.Progress(call, "uploading", sum(upload.size for upload in uploads))

    def upload(each: Upload) -> None:
        try:
            if each.size > RESUMABLE_ABOVE:
                _send(call, bucket, each, done)
            else:
                media = MediaInMemoryUpload(_content(each.file), mimetype=_TYPE)
                call.api.call(_insert(call, bucket, each, media), repeatable=True)
                done.add(each.size)
        except errors.PreconditionFailed:
            _objects.confirm(call, bucket, each.name, each.size, each.crc32c)

    _objects.each(uploads, upload)


class Chunk:
    """One chunk of a resumable upload, as a request that `Api.call` can execute and repeat."""

    method = "PUT"

    def __init__(self, request: Any) -> None:
        self._request = request
        self.uri, self.methodId = request.uri, request.methodId

    def execute(self, http: Any) -> Any:
        """Sends the next chunk; returns the upload's status and, after the last, the object."""
        status, body = self._request.next_chunk(http=http)
        if isinstance(body, str):  # a proxy's page with a good status looks like the end of the upload
            raise errors.EndpointUnreachable(f"no answer of the API to {self.methodId}: what came is no JSON")
        return status, body


def _send(call: Call, bucket: str, upload: Upload, done: _objects.Progress) -> None:
    """Chunk by chunk; after a passing failure it goes on where the API says that it is."""
    from googleapiclient.http import MediaFileUpload

    media = MediaFileUpload(str(upload.file), mimetype=_TYPE, chunksize=CHUNK, resumable=True)
    sent = 0
    with contextlib.closing(media.stream()):
        request = _insert(call, bucket, upload, media)
        body = None
        while body is None:
            status, body = call.api.call(Chunk(request), repeatable=True)
            now = int(status.resumable_progress) if status else upload.size
            done.add(now - sent)
            sent = now


def _insert(call: Call, bucket: str, upload: Upload, media: Any) -> Any:
    return call.api.storage("objects").insert(
        bucket=bucket,
        name=upload.name,
        body={"crc32c": upload.crc32c},  # the API refuses bytes that do not match
        media_body=media,
        ifGenerationMatch=str(upload.replaces),
    )


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise errors.ArtifactError(
            f"{file} cannot be read: {error.strerror}; build it again, or copy it again"
        ) from None
