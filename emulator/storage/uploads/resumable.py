"""Resumable uploads: sessions that outlive a dropped connection and a killed emulator.

What has arrived stands in the object's file from the start, so the length of that file is the state of a session.
A session ends with its object, with DELETE, after a week, or when its object is refused (checksum, condition); then it
is gone (410). Google answers DELETE with its own status 499; here it is 204.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from emulator.core import checksums, rfc3339
from emulator.core.checksums import Digest
from emulator.rest.request import Request, Response
from emulator.storage import blobs, resource_json, row_lookup
from emulator.storage.commit import NewObject, put
from emulator.storage.preconditions import Preconditions
from emulator.storage.tables import end_old_uploads
from emulator.storage.uploads import promised_checksums
from emulator.storage.uploads.content_range import ContentRange
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator


def start(
    emulator: Emulator, request: Request, name: str, fields: dict[str, Any], metadata: dict[str, Any]
) -> Response:
    """Opens a session; its address is in `Location`.

    Args:
        emulator: whose state it is.
        request: the POST; its conditions and promised checksums hold for the whole session.
        name: of the object to be.
        fields: of the object to be, checked.
        metadata: the request's body.
    """
    end_old_uploads(emulator)
    promised = promised_checksums.expected(metadata, request.headers)
    session, blob = secrets.token_urlsafe(24), blobs.create(emulator)
    total = request.headers.get("x-upload-content-length", "")
    emulator.store.run(
        "INSERT INTO storage_uploads VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?)",
        *(session, request.params["bucket"], name, blob, int(total) if total.isdecimal() else None),
        *(
            json.dumps({**request.params, "promised": promised}),
            json.dumps(fields),
            rfc3339.milliseconds(emulator.now()),
        ),
    )
    query = urlencode({"uploadType": "resumable", "upload_id": session})
    location = f"{request.base_url}{quote(request.path)}?{query}"
    return Response(body=b"", headers={"location": location, "x-guploader-uploadid": session})


async def proceed(emulator: Emulator, request: Request) -> Response:
    """Takes bytes into a session, tells its state (`Content-Range: bytes */N`), or ends it (DELETE)."""
    session = _find(emulator, request)
    if request.verb == "DELETE":
        _end(emulator, session)
        return Response(status=204)
    if session["generation"] is not None:
        async for _ in request.chunks:
            pass
        return _done(emulator, session, request)
    given = ContentRange.parse(request.headers.get("content-range"))
    if given.total is not None and session["total"] not in {None, given.total}:
        raise errors.InvalidArgument(
            f"Content-Range says {given.total} bytes in all, but the upload was started with {session['total']}."
        )
    given = replace(given, total=session["total"] if given.total is None else given.total)
    if given.query:
        size = blobs.path(emulator, session["blob"]).stat().st_size
        return await _state(emulator, request, session, size, complete=size == given.total)
    return await _take(emulator, request, session, given)


def _find(emulator: Emulator, request: Request) -> sqlite3.Row:
    end_old_uploads(emulator)
    query = "SELECT * FROM storage_uploads WHERE id = ? AND bucket = ?"
    session = emulator.store.one(query, request.params["upload_id"], request.params["bucket"])
    if session is None:
        raise errors.Gone("This upload session is over or was never there: start a new one.")
    return session


def _end(emulator: Emulator, session: sqlite3.Row) -> None:
    emulator.store.run("DELETE FROM storage_uploads WHERE id = ?", session["id"])
    blobs.remove_unused(emulator, [session["blob"]])


async def _take(emulator: Emulator, request: Request, session: sqlite3.Row, given: ContentRange) -> Response:
    with blobs.path(emulator, session["blob"]).open("r+b", buffering=0) as file:
        size = blobs.length(file)
        if given.first > size:
            raise errors.Unavailable(
                f"Invalid request.  According to the Content-Range header, the upload offset is {given.first} byte(s),"
                f" which exceeds already uploaded size of {size} byte(s)."
            )
        writer = blobs.Writer(session["blob"], file, size, emulator.running.taken(session["id"]))
        try:
            await writer.take(_new(request.chunks, given, size))
        finally:
            emulator.running.put(session["id"], writer.digest)
    complete = given.last is None if given.total is None else writer.size == given.total
    return await _state(emulator, request, session, writer.size, complete=complete)


async def _new(chunks: AsyncIterator[bytes], given: ContentRange, size: int) -> AsyncIterator[bytes]:
    """The bytes that are new in a session that has `size` already; what has arrived is skipped."""
    skip, position = size - given.first, size
    async for chunk in chunks:
        piece = chunk[skip:]
        skip = max(0, skip - len(chunk))
        position += len(piece)
        if given.end is not None and position > given.end:
            raise errors.InvalidArgument(f"More bytes came than Content-Range says: it ends before byte {given.end}.")
        yield piece


async def _state(
    emulator: Emulator,
    request: Request,
    session: sqlite3.Row,
    size: int,
    *,
    complete: bool,
) -> Response:
    """The answer after `size` bytes: 308, or the object where they are all."""
    if not complete:
        return _incomplete(request, size)
    digest = emulator.running.taken(session["id"])
    if digest.size != size:
        digest = await asyncio.to_thread(checksums.of_file, blobs.path(emulator, session["blob"]))
    session = _find(emulator, request)  # it may have ended during the wait
    if session["generation"] is not None:
        return _done(emulator, session, request)
    try:
        _finish(emulator, request, session, size, digest)
    except errors.ApiError:
        _end(emulator, session)
        raise
    return _done(emulator, _find(emulator, request), request)


def _incomplete(request: Request, size: int) -> Response:
    """308 with what has arrived; 200 for clients that say so, since some proxies and clients follow a 308."""
    headers = {"range": f"bytes=0-{size - 1}"} if size else {}
    if request.headers.get("x-guploader-no-308", "").lower() != "yes":
        return Response(status=308, headers=headers)
    return Response(body=b"", headers={"x-http-status-code-override": "308", **headers})


def _finish(emulator: Emulator, request: Request, session: sqlite3.Row, size: int, digest: Digest) -> None:
    params = json.loads(session["params"])
    promised_checksums.verify(digest, {**params["promised"], **promised_checksums.expected({}, request.headers)})
    new = NewObject(
        bucket=session["bucket"],
        name=session["name"],
        blob=session["blob"],
        size=size,
        crc32c=digest.crc32c,
        md5=digest.md5,
        resource=json.loads(session["resource"]),
    )

    def close(generation: int) -> None:
        statement = "UPDATE storage_uploads SET blob = NULL, generation = ? WHERE id = ?"
        emulator.store.run(statement, generation, session["id"])

    put(emulator, new, Preconditions.of(params), close)


def _done(emulator: Emulator, session: sqlite3.Row, request: Request) -> Response:
    row = row_lookup.object_(emulator, session["bucket"], session["name"], session["generation"])
    return Response(body=resource_json.object_(row, request.base_url, json.loads(session["params"]).get("projection")))
