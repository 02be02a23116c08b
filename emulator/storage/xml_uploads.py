"""Multipart uploads of the XML API, which google-cloud-storage's `upload_chunks_concurrently` sends.

`POST /BUCKET/OBJECT?uploads` begins one, `PUT ...?partNumber=N&uploadId=ID` sends a part, in any order, `POST
...?uploadId=ID` makes the object of the parts that its body lists, `DELETE` gives up. Nothing else of that API is
spoken. Google knows no preconditions of such uploads: here they are refused, so that nobody relies on them.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import secrets
import sqlite3
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from html import escape, unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from emulator.call import Call
from emulator.request import Response
from emulator.storage import blobs, digests, names, object_fields, rows, times
from emulator.storage.commit import NewObject, put
from emulator.storage.preconditions import Preconditions
from emulator.storage.tables import end_old_uploads
from resources import errors

if TYPE_CHECKING:
    from emulator.context import Emulator

METHOD = "storage.objects.insert"
"""What such a call counts as."""

_PATH = re.compile(r"/([^/]+)/(.+)")
_PART = re.compile(rb"<PartNumber>\s*([0-9]{1,5})\s*</PartNumber>\s*<ETag>([^<]*)</ETag>")
_MOST = 10_000
_META = "x-goog-meta-"
_CONDITION = "x-goog-if-"


@dataclass(frozen=True, slots=True)
class _Place:
    """What a call is about."""

    bucket: str
    name: str
    upload: str | None
    part: str | None


def answers_at(call: Call) -> bool:
    """Whether a call is one of a multipart upload."""
    query = parse_qs(call.query, keep_blank_values=True)
    begins = call.verb == "POST" and "uploads" in query
    goes_on = call.verb in ("PUT", "POST", "DELETE") and "uploadId" in query
    return (begins or goes_on) and _PATH.fullmatch(call.raw_path) is not None


async def respond(emulator: Emulator, call: Call) -> Response:
    """The answer to one of them. Raises `ApiError`, which `in_xml` puts into XML."""
    found = _PATH.fullmatch(call.raw_path)
    assert found is not None  # `answers_at` said so
    query = {name: values[-1] for name, values in parse_qs(call.query, keep_blank_values=True).items()}
    place = _Place(unquote(found[1]), unquote(found[2]), query.get("uploadId"), query.get("partNumber"))
    # Here it says how the object is packed, not how the body is.
    call.headers = {name: value for name, value in call.headers.items() if name != "content-encoding"}
    conditions = sorted(name for name in call.headers if name.startswith(_CONDITION))
    if conditions:
        raise errors.InvalidArgument(f"Preconditions are not supported in multipart uploads: {conditions[0]}.")
    return await _answer(emulator, call, place)


async def in_xml(call: Call, answer: Awaitable[Response]) -> Response:
    """The same answer, with its errors in XML: those of this API, and those that a fault asks for."""
    try:
        response = await answer
    except errors.ApiError as exc:
        async for _ in call.chunks():  # a client that is still sending reads no answer
            pass
        return _xml(_error(exc.reason, exc.message), exc.code)
    if not isinstance(response.body, dict):
        return response
    told = response.body["error"]
    translated = _xml(_error(errors.of_code(response.status)[0].reason, told["message"]), response.status)
    return replace(translated, headers={**response.headers, **translated.headers})


def _error(code: str, message: str) -> str:
    return f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"


async def _answer(emulator: Emulator, call: Call, place: _Place) -> Response:
    end_old_uploads(emulator)
    if place.upload is None:
        return _begin(emulator, call, place)
    session = emulator.store.one(
        "SELECT * FROM storage_uploads WHERE id = ? AND bucket = ? AND name = ?",
        *(place.upload, place.bucket, place.name),
    )
    if session is None:
        raise errors.NotFound("The specified upload does not exist: it is over, or was never there.")
    if call.verb == "PUT":
        return await _take(emulator, call, session, place.part or "")
    if call.verb == "POST":
        return await _finish(emulator, session, await call.read())
    parts = _parts(emulator, session)
    _end(emulator, session)
    blobs.remove_unused(emulator, [session["blob"], *(row["blob"] for row in parts)])
    return Response(status=204)


def _begin(emulator: Emulator, call: Call, place: _Place) -> Response:
    bucket = rows.bucket(emulator, place.bucket)
    names.check_object(place.name)
    fields: dict[str, Any] = {
        field: call.headers[header] for header, field in object_fields.HEADERS.items() if header in call.headers
    }
    if "x-goog-storage-class" in call.headers:
        fields["storageClass"] = call.headers["x-goog-storage-class"]
    fields["metadata"] = {
        name.removeprefix(_META): value for name, value in call.headers.items() if name.startswith(_META)
    }
    session = secrets.token_urlsafe(24)
    emulator.store.run(
        "INSERT INTO storage_uploads VALUES (?, ?, ?, ?, NULL, NULL, ?, ?, ?)",
        *(session, place.bucket, place.name, blobs.create(emulator), json.dumps({"promised": {}})),
        *(json.dumps(object_fields.given(fields, json.loads(bucket["resource"]))), times.text(emulator.now())),
    )
    return _result("InitiateMultipartUploadResult", place.bucket, place.name, f"<UploadId>{session}</UploadId>")


async def _take(emulator: Emulator, call: Call, session: sqlite3.Row, part: str) -> Response:
    if not re.fullmatch("[0-9]{1,5}", part) or not 1 <= int(part) <= _MOST:
        raise errors.InvalidArgument(f"partNumber must be from 1 to {_MOST}.")
    promised = digests.expected({"md5Hash": call.headers.get("content-md5")}, call.headers)
    with blobs.writing(emulator) as writer:
        await writer.take(call.chunks())
        digests.verify(writer.digest, promised)
        with emulator.store.transaction():
            if emulator.store.one("SELECT 1 FROM storage_uploads WHERE id = ?", session["id"]) is None:
                raise errors.NotFound("The specified upload is over.")
            query = "SELECT blob FROM storage_parts WHERE upload = ? AND number = ?"
            before = emulator.store.one(query, session["id"], int(part))
            values = (session["id"], int(part), writer.blob, writer.digest.md5)
            emulator.store.run("INSERT OR REPLACE INTO storage_parts VALUES (?, ?, ?, ?)", *values)
    blobs.remove_unused(emulator, [before["blob"] if before else None])
    hashes = f"crc32c={writer.digest.crc32c},md5={writer.digest.md5}"
    return Response(body=b"", headers={"etag": _etag(writer.digest.md5), "x-goog-hash": hashes})


async def _finish(emulator: Emulator, session: sqlite3.Row, content: bytes) -> Response:
    parts = _parts(emulator, session)
    chosen = _chosen({row["number"]: row for row in parts}, content)
    with blobs.writing(emulator) as writer, contextlib.ExitStack() as opened:
        files = [opened.enter_context(blobs.path(emulator, row["blob"]).open("rb")) for row in chosen]
        await asyncio.to_thread(blobs.concatenate, files, writer)
        new = NewObject(
            bucket=session["bucket"],
            name=session["name"],
            blob=writer.blob,
            size=writer.size,
            crc32c=writer.digest.crc32c,
            md5=None,
            resource=json.loads(session["resource"]),
        )
        put(emulator, new, Preconditions(), lambda _: _end(emulator, session))
    blobs.remove_unused(emulator, [session["blob"], *(row["blob"] for row in parts)])
    etag = f"<ETag>{escape(_etag(writer.digest.md5), quote=False)}</ETag>"
    return _result("CompleteMultipartUploadResult", session["bucket"], session["name"], etag)


def _parts(emulator: Emulator, session: sqlite3.Row) -> list[sqlite3.Row]:
    return emulator.store.all("SELECT * FROM storage_parts WHERE upload = ?", session["id"])


def _chosen(parts: dict[int, sqlite3.Row], content: bytes) -> list[sqlite3.Row]:
    """The parts that a body lists. Raises `InvalidArgument` where one is not there, or they are not in order."""
    listed = [(int(number), unescape(etag.decode("latin-1")).strip()) for number, etag in _PART.findall(content)]
    numbers = [number for number, _ in listed]
    if not listed or numbers != sorted(set(numbers)):
        raise errors.InvalidArgument("The list of parts must not be empty, and in ascending order.")
    for number, etag in listed:
        if number not in parts or etag.strip('"') != _etag(parts[number]["md5"]).strip('"'):
            raise errors.InvalidArgument(f"The part {number} could not be found, or its ETag is another.")
    return [parts[number] for number in numbers]


def _end(emulator: Emulator, session: sqlite3.Row) -> None:
    """Ends a session; its parts go with it."""
    emulator.store.run("DELETE FROM storage_uploads WHERE id = ?", session["id"])


def _etag(md5: str) -> str:
    return f'"{base64.b64decode(md5).hex()}"'


def _result(kind: str, bucket: str, name: str, inner: str) -> Response:
    names_ = f"<Bucket>{escape(bucket)}</Bucket><Key>{escape(names.printable(name))}</Key>"
    return _xml(f'<{kind} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{names_}{inner}</{kind}>', 200)


def _xml(text: str, status: int) -> Response:
    body = f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode()
    return Response(body=body, status=status, headers={"content-type": "application/xml; charset=UTF-8"})
