"""Resumable uploads: sessions that survive a lost connection and a killed emulator.

What has arrived is in the object's blob from the start, so the length of that file is the state of a session. A session
ends with its object, with DELETE, after a week, or when its object is refused (checksum, condition); then the answer is
410. Google answers DELETE with its own status 499; here it is 204.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import OrderedDict
from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode

from emulator.core import checksums
from emulator.core.checksums import Digest
from emulator.rest.request import Request, Response
from emulator.storage import blobs
from emulator.storage.object_store import ObjectStore
from emulator.storage.preconditions import Preconditions
from emulator.storage.resource_json import object_response
from emulator.storage.uploads.content_range import ContentRange
from emulator.storage.uploads.sessions import UploadSessions
from emulator.storage.uploads.upload import Upload, promised_checksums
from gcp import errors

_MOST_DIGESTS = 1000


class _Digests:
    """Checksums of sessions between their requests, so that no byte is read again at the end.

    They are only in memory: where one is missing, after a restart for example, the file is read.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Digest] = OrderedDict()

    def take(self, session: str) -> Digest:
        """Removes and returns the checksums of a session; only this request uses them until it puts them back."""
        return self._kept.pop(session, None) or Digest()

    def put(self, session: str, digest: Digest) -> None:
        """Keeps them for the next request; beyond 1000 sessions, those that were put back first are dropped."""
        self._kept[session] = digest
        while len(self._kept) > _MOST_DIGESTS:
            self._kept.popitem(last=False)


class ResumableUploads:
    """Takes uploads in several requests.

    Args:
        objects: gets the objects.
        sessions: keeps the uploads between requests.
    """

    def __init__(self, objects: ObjectStore, sessions: UploadSessions) -> None:
        self._objects, self._sessions, self._digests = objects, sessions, _Digests()

    def start(self, request: Request, upload: Upload, total: int | None) -> Response:
        """Opens a session, whose address is in `Location` of the answer.

        Args:
            request: the POST; its parameters hold for the whole session.
            upload: what it is to become.
            total: size of the object in bytes, if the caller gave it.
        """
        session = self._sessions.begin(upload, request.params, total)
        query = urlencode({"uploadType": "resumable", "upload_id": session})
        location = f"{request.base_url}{quote(request.path)}?{query}"
        return Response(body=b"", headers={"location": location, "x-guploader-uploadid": session})

    async def proceed(self, request: Request) -> Response:
        """Takes bytes, reports the state of the session (`Content-Range: bytes */N`), or ends it (DELETE)."""
        session = self._find(request)
        if request.verb == "DELETE":
            self._end(session)
            return Response(status=204)
        if session["generation"] is not None:
            await request.drain()
            return self._done(request, session)
        given = ContentRange.parse(request.headers.get("content-range")).of_size(session["total"])
        if given.query:
            size = self._objects.blobs.path(session["blob"]).stat().st_size
        else:
            size = await self._take(request, session, given)
        return await self._finish(request, session, size) if given.is_complete(size) else _incomplete(request, size)

    def _find(self, request: Request) -> sqlite3.Row:
        session = self._sessions.find(request.params["upload_id"], request.params["bucket"])
        if session is None:
            raise errors.Gone("This upload session has ended or never existed: start a new one.")
        return session

    def _end(self, session: sqlite3.Row) -> None:
        self._sessions.end(session["id"])
        self._objects.blobs.remove_unused([session["blob"]])

    async def _take(self, request: Request, session: sqlite3.Row, given: ContentRange) -> int:
        """Takes the bytes of a request; returns how many the session has then."""
        with self._objects.blobs.path(session["blob"]).open("r+b", buffering=0) as file:
            size = blobs.length(file)
            if given.first > size:
                raise errors.Unavailable(
                    f"Invalid request.  According to the Content-Range header, the upload offset is {given.first}"
                    f" byte(s), which exceeds already uploaded size of {size} byte(s)."
                )
            writer = blobs.Writer(session["blob"], file, size, self._digests.take(session["id"]))
            try:
                await writer.take(_new_bytes(request.chunks, given, size))
            finally:
                self._digests.put(session["id"], writer.digest)
        return writer.size

    async def _finish(self, request: Request, session: sqlite3.Row, size: int) -> Response:
        """Makes the object of all bytes, once: another request may have done it, or ended the session, meanwhile."""
        digest = self._digests.take(session["id"])
        if digest.size != size:
            digest = await asyncio.to_thread(checksums.of_file, self._objects.blobs.path(session["blob"]))
        session = self._find(request)
        if session["generation"] is not None:
            return self._done(request, session)
        try:
            new = _upload(request, session).received(session["blob"], digest)
            row = self._objects.commit(new, lambda generation: self._sessions.complete(session["id"], generation))
        except errors.ApiError:
            self._end(session)
            raise
        return object_response(row, request.base_url, json.loads(session["params"]))

    def _done(self, request: Request, session: sqlite3.Row) -> Response:
        row = self._objects.find(session["bucket"], session["name"], session["generation"])
        return object_response(row, request.base_url, json.loads(session["params"]))


def _upload(request: Request, session: sqlite3.Row) -> Upload:
    """Returns what a session uploads; the last request may promise checksums, too."""
    params = json.loads(session["params"])
    return Upload(
        bucket=session["bucket"],
        name=session["name"],
        resource=json.loads(session["resource"]),
        promised={**params["promised"], **promised_checksums({}, request.headers)},
        conditions=Preconditions.of(params),
    )


async def _new_bytes(chunks: AsyncIterator[bytes], given: ContentRange, size: int) -> AsyncIterator[bytes]:
    """Gives the bytes that a session of `size` bytes does not have yet; those that it has are skipped."""
    skip, position = size - given.first, size
    async for chunk in chunks:
        piece = chunk[skip:]
        skip = max(0, skip - len(chunk))
        position += len(piece)
        if given.end is not None and position > given.end:
            raise errors.InvalidArgument(f"More bytes came than Content-Range says: it ends before byte {given.end}.")
        yield piece


def _incomplete(request: Request, size: int) -> Response:
    """Returns 308 with what has arrived; 200 for clients that ask for it, since some proxies and clients follow 308."""
    headers = {"range": f"bytes=0-{size - 1}"} if size else {}
    if request.headers.get("x-guploader-no-308", "").lower() != "yes":
        return Response(status=308, headers=headers)
    return Response(body=b"", headers={"x-http-status-code-override": "308", **headers})
