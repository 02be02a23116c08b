"""`storage.objects.insert`: uploads in one request. Those that take several are in `resumable`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from emulator.core import disk_errors
from emulator.rest.request import Request, Response
from emulator.storage import names
from emulator.storage.numbers import whole_number
from emulator.storage.object_store import ObjectStore
from emulator.storage.preconditions import Preconditions
from emulator.storage.resource_json import object_response
from emulator.storage.uploads.multipart_body import Multipart
from emulator.storage.uploads.resumable import ResumableUploads
from emulator.storage.uploads.upload import Upload, promised_checksums
from gcp import errors

_METADATA_BYTES = 1024 * 1024

ParseMetadata = Callable[[bytes], dict[str, Any]]
"""Parses the JSON resource of an object, and checks it as the body of a method. Raises `InvalidArgument`."""


class Uploads:
    """The method that writes objects.

    Args:
        objects: gets them.
        resumable: takes the uploads of several requests.
        parse_metadata: reads the metadata in a body.
    """

    def __init__(self, objects: ObjectStore, resumable: ResumableUploads, parse_metadata: ParseMetadata) -> None:
        self._objects, self._resumable, self._parse_metadata = objects, resumable, parse_metadata

    async def objects_insert(self, request: Request) -> Response:
        """Writes an object: `uploadType` is `media`, `multipart` or `resumable`.

        Conditions are checked before the bytes are taken, and again when the object is made. Predefined ACLs and Cloud
        KMS keys are accepted and have no effect; customer-supplied encryption keys are refused.
        """
        try:
            return await self._insert(request)
        except (errors.ApiError, *disk_errors.FAILURES):
            await request.drain()
            raise

    async def _insert(self, request: Request) -> Response:
        if request.params.get("upload_id"):
            return await self._resumable.proceed(request)
        if request.verb != "POST":
            raise errors.InvalidArgument("upload_id is required: the start of an upload session returned its URL.")
        kind = request.params.get("uploadType")
        if kind == "resumable":
            return await self._start(request)
        if kind == "media":
            promised = {"md5Hash": request.headers.get("content-md5")}
            upload = self._upload(request, {}, request.headers.get("content-type"), promised)
            return await self._take(request, upload, request.chunks)
        if kind == "multipart":
            body = Multipart(request.headers.get("content-type", ""), request.chunks)
            metadata = self._parse_metadata(await body.metadata())
            upload = self._upload(request, metadata, await body.media_type(), metadata)
            return await self._take(request, upload, body.media())
        raise errors.InvalidArgument(f"uploadType must be media, multipart or resumable; got {kind!r}.")

    async def _take(self, request: Request, upload: Upload, chunks: AsyncIterator[bytes]) -> Response:
        with self._objects.blobs.writing() as writer:
            await writer.take(chunks)
            row = self._objects.commit(upload.received(writer.blob, writer.digest))
        return object_response(row, request.base_url, request.params)

    async def _start(self, request: Request) -> Response:
        try:
            metadata = self._parse_metadata(await request.read(_METADATA_BYTES))
        except ValueError as exc:
            raise errors.PayloadTooLarge(f"The metadata of an upload may take {_METADATA_BYTES} bytes.") from exc
        upload = self._upload(request, metadata, request.headers.get("x-upload-content-type"), metadata)
        total = whole_number(request.headers.get("x-upload-content-length", ""))
        return self._resumable.start(request, upload, total)

    def _upload(
        self,
        request: Request,
        metadata: Mapping[str, Any],
        content_type: str | None,
        promised: Mapping[str, Any],
    ) -> Upload:
        """Returns what the request uploads, after all checks that need no bytes."""
        params = request.params
        bucket, name = params["bucket"], params.get("name") or metadata.get("name") or ""
        given = {"contentType": content_type, "contentEncoding": params.get("contentEncoding")}
        wanted = {**{key: value for key, value in given.items() if value}, **metadata}
        resource, conditions = self._objects.new_fields(bucket, wanted), Preconditions.of(params)
        if not name:
            raise errors.InvalidArgument("Required: name")
        names.check_object(name)
        conditions.require(self._objects.live(bucket, name))
        return Upload(
            bucket=bucket,
            name=name,
            resource=resource,
            promised=promised_checksums(promised, request.headers),
            conditions=conditions,
        )
