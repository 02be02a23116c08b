"""`storage.objects.insert`: uploads in one request; those in several are in `uploads`."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from emulator.core import disk_errors
from emulator.rest import discovery, json_body
from emulator.rest.request import Request, Response
from emulator.storage import blobs, names, resource_json, row_lookup
from emulator.storage.commit import NewObject, put, require
from emulator.storage.fields import object_fields
from emulator.storage.preconditions import Preconditions
from emulator.storage.uploads import promised_checksums, resumable
from emulator.storage.uploads.multipart_body import Multipart
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator

_METADATA_BYTES = 1024 * 1024


async def objects_insert(emulator: Emulator, request: Request) -> Response:
    """Writes an object: `uploadType` is `media`, `multipart` or `resumable`.

    Conditions are checked before the bytes are taken, and again when the object is made. Predefined ACLs and Cloud KMS
    keys are accepted and have no effect; customer-supplied encryption keys are refused.
    """
    try:
        return await _insert(emulator, request)
    except (errors.ApiError, *disk_errors.FAILURES):
        # A client that is still sending reads no answer: take the rest first.
        async for _ in request.chunks:
            pass
        raise


async def _insert(emulator: Emulator, request: Request) -> Response:
    if request.params.get("upload_id"):
        return await resumable.proceed(emulator, request)
    if request.verb != "POST":
        raise errors.InvalidArgument("Missing upload_id: an upload session is named by the URL that its start gave.")
    kind = request.params.get("uploadType")
    if kind == "media":
        return await _media(emulator, request)
    if kind == "multipart":
        return await _multipart(emulator, request)
    if kind == "resumable":
        return await _resumable(emulator, request)
    raise errors.InvalidArgument(f"Unknown uploadType {kind!r}: give media, multipart or resumable.")


async def _media(emulator: Emulator, request: Request) -> Response:
    name, fields = _new(emulator, request, {}, request.headers.get("content-type"))
    promised = {"md5Hash": request.headers.get("content-md5")}
    return await _write(emulator, request, name, fields, promised, request.chunks)


async def _multipart(emulator: Emulator, request: Request) -> Response:
    body = Multipart(request.headers.get("content-type", ""), request.chunks)
    metadata = json_body.parse(_method(), await body.metadata())
    name, fields = _new(emulator, request, metadata, await body.media_type())
    return await _write(emulator, request, name, fields, metadata, body.media())


async def _resumable(emulator: Emulator, request: Request) -> Response:
    try:
        metadata = json_body.parse(_method(), await request.read(_METADATA_BYTES))
    except ValueError as exc:
        raise errors.PayloadTooLarge(f"The metadata of an upload may take {_METADATA_BYTES} bytes.") from exc
    name, fields = _new(emulator, request, metadata, request.headers.get("x-upload-content-type"))
    return resumable.start(emulator, request, name, fields, metadata)


def _new(
    emulator: Emulator, request: Request, metadata: dict[str, Any], content_type: str | None
) -> tuple[str, dict[str, Any]]:
    """Name and fields of the object to be, after the checks that need no bytes."""
    params = request.params
    bucket = row_lookup.bucket(emulator, params["bucket"])
    name = params.get("name") or metadata.get("name") or ""
    if not name:
        raise errors.InvalidArgument("Required: name")
    names.check_object(name)
    given = {"contentType": content_type, "contentEncoding": params.get("contentEncoding")}
    wanted = {**{key: value for key, value in given.items() if value}, **metadata}
    fields = object_fields.given(wanted, json.loads(bucket["resource"]), emulator.now())
    require(Preconditions.of(params), row_lookup.live(emulator, params["bucket"], name))
    return name, fields


async def _write(
    emulator: Emulator,
    request: Request,
    name: str,
    fields: dict[str, Any],
    metadata: dict[str, Any],
    chunks: AsyncIterator[bytes],
) -> Response:
    promised = promised_checksums.expected(metadata, request.headers)
    with blobs.writing(emulator) as writer:
        await writer.take(chunks)
        promised_checksums.verify(writer.digest, promised)
        new = NewObject(
            bucket=request.params["bucket"],
            name=name,
            blob=writer.blob,
            size=writer.size,
            crc32c=writer.digest.crc32c,
            md5=writer.digest.md5,
            resource=fields,
        )
        row = put(emulator, new, Preconditions.of(request.params))
    return Response(body=resource_json.object_(row, request.base_url, request.params.get("projection")))


@functools.cache
def _method() -> discovery.Method:
    return next(method for method in discovery.methods() if method.id == "storage.objects.insert")
