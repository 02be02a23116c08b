"""Multipart uploads of the XML API, which google-cloud-storage's `upload_chunks_concurrently` sends.

`POST /BUCKET/OBJECT?uploads` begins one, `PUT ...?partNumber=N&uploadId=ID` sends a part, in any order, `POST
...?uploadId=ID` makes the object from the parts that its body lists, `DELETE` aborts it. Google does not support
preconditions of such uploads: here they are rejected, so that they are not ignored silently.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import escape, unescape
from typing import IO, Any

from emulator.core import rfc3339
from emulator.core.checksums import Digest
from emulator.rest.http_call import Call
from emulator.rest.request import Response
from emulator.storage import blobs, names, retention
from emulator.storage.blobs import Writer
from emulator.storage.fields import object_fields
from emulator.storage.numbers import whole_number
from emulator.storage.object_store import NewObject, ObjectStore
from emulator.storage.uploads.sessions import UploadSessions
from emulator.storage.uploads.upload import Upload, mismatches, promised_checksums
from emulator.storage.xml.xml_errors import XmlError, document
from gcp import errors

METHOD = "storage.objects.insert"
"""The method that such a call counts as."""

_PART = re.compile(rb"<PartNumber>\s*([0-9]{1,5})\s*</PartNumber>\s*<ETag>([^<]*)</ETag>")
_MOST = 10_000
_META = "x-goog-meta-"
_REFUSED = ("x-goog-if-", "x-goog-object-lock-")
"""Prefixes of headers that are rejected, because they would have no effect here."""

_DIGESTS = {
    "crc32c": ("CrcMismatch", "The CRC32C you specified did not match what was received."),
    "md5": ("BadDigest", "The Content-MD5 or x-goog-hash you specified did not match what was received."),
}
"""Kind of a checksum -> code and message if it does not match."""

_KEPT = {
    retention.HELD: ("ObjectUnderActiveHold", "active hold on the object"),
    retention.RETAINED: ("RetentionPolicyNotMet", "retention policy"),
}
"""Reason in the JSON API -> code here, and what keeps the object."""


def is_one(verb: str, query: Mapping[str, str]) -> bool:
    """Whether a request is one of a multipart upload."""
    begins = verb == "POST" and "uploads" in query
    return begins or (verb in ("PUT", "POST", "DELETE") and "uploadId" in query)


class MultipartUploads:
    """Takes multipart uploads.

    Args:
        objects: gets the objects.
        sessions: keeps the uploads between requests.
    """

    def __init__(self, objects: ObjectStore, sessions: UploadSessions) -> None:
        self._objects, self._sessions = objects, sessions

    async def respond(self, call: Call, bucket: str, name: str, query: Mapping[str, str]) -> Response:
        """Returns the answer to a request of one.

        Raises:
            XmlError, errors.ApiError: the request is refused.
        """
        refused = sorted(header for header in call.headers if header.startswith(_REFUSED))
        if refused:
            kind = "Preconditions" if refused[0].startswith(_REFUSED[0]) else "Retention configurations"
            raise errors.InvalidArgument(f"{kind} are not supported in multipart uploads: {refused[0]}.")
        if "uploadId" not in query:
            return self._begin(call.headers, bucket, name)
        # Here this header says how the object is packed, not how the body is.
        call.headers = {name: value for name, value in call.headers.items() if name != "content-encoding"}
        session = self._sessions.find(query["uploadId"], bucket)
        if session is None or session["name"] != name:
            raise XmlError(404, "NoSuchUpload", "The specified upload does not exist: it has ended, or never existed.")
        if call.verb == "PUT":
            return await self._take(call, session, query.get("partNumber", ""))
        if call.verb == "POST":
            return await self._finish(session, await call.read())
        parts = self._parts(session)
        self._sessions.end(session["id"])
        self._remove_blobs(session, parts)
        return Response(status=204)

    def _begin(self, headers: Mapping[str, str], bucket: str, name: str) -> Response:
        names.check_object(name)
        resource = self._objects.new_fields(bucket, _fields(headers))
        session = self._sessions.begin(Upload(bucket=bucket, name=name, resource=resource, promised={}), {})
        return _result("InitiateMultipartUploadResult", bucket, name, f"<UploadId>{session}</UploadId>")

    async def _take(self, call: Call, session: sqlite3.Row, part: str) -> Response:
        number = whole_number(part)
        if number is None or not 1 <= number <= _MOST:
            raise errors.InvalidArgument(f"partNumber must be from 1 to {_MOST}.")
        promised = _promised(call.headers)
        with self._objects.blobs.writing() as writer:
            await writer.take(call.chunks())
            _verify(writer.digest, promised)
            replaced = self._keep(session, number, writer)
        self._objects.blobs.remove_unused([replaced])
        hashes = f"crc32c={writer.digest.crc32c},md5={writer.digest.md5}"
        return Response(body=b"", headers={"etag": _etag(writer.digest.md5), "x-goog-hash": hashes})

    def _keep(self, session: sqlite3.Row, number: int, writer: Writer) -> str | None:
        """Makes a blob a part of an upload; returns the blob of the part that it replaces."""
        store = self._objects.store
        with store.transaction():
            if store.one("SELECT 1 FROM storage_uploads WHERE id = ?", session["id"]) is None:
                raise XmlError(404, "NoSuchUpload", "The specified upload has ended.")
            query = "SELECT blob FROM storage_parts WHERE upload = ? AND number = ?"
            before = store.one(query, session["id"], number)
            values = (session["id"], number, writer.blob, writer.digest.md5)
            store.run("INSERT OR REPLACE INTO storage_parts VALUES (?, ?, ?, ?)", *values)
        return before["blob"] if before else None

    async def _finish(self, session: sqlite3.Row, content: bytes) -> Response:
        parts = self._parts(session)
        chosen = _chosen({row["number"]: row for row in parts}, content)
        bucket, name = session["bucket"], session["name"]
        upload = Upload(bucket=bucket, name=name, resource=json.loads(session["resource"]), promised={})
        with self._objects.blobs.writing() as writer:
            await asyncio.to_thread(blobs.concatenate, self._opened(chosen), writer)
            self._commit(replace(upload.received(writer.blob, writer.digest), md5=None), session)
        self._remove_blobs(session, parts)
        etag = f"<ETag>{escape(_etag(writer.digest.md5), quote=False)}</ETag>"
        return _result("CompleteMultipartUploadResult", bucket, name, etag)

    def _opened(self, parts: list[sqlite3.Row]) -> Iterator[IO[bytes]]:
        """Gives the files of parts, one open at a time: there may be more of them than a process may have open.

        Raises:
            XmlError: another request has ended the upload, or replaced a part, in the meantime.
        """
        for part in parts:
            try:
                file = self._objects.blobs.path(part["blob"]).open("rb")
            except FileNotFoundError:
                raise XmlError(404, "NoSuchUpload", "The upload has ended, or one of its parts was replaced.") from None
            with file:
                yield file

    def _commit(self, new: NewObject, session: sqlite3.Row) -> None:
        try:
            self._objects.commit(new, lambda _: self._sessions.end(session["id"]))
        except errors.PermissionDenied as exc:  # a hold or a retention period keeps the object of this name
            code, cause = _KEPT[exc.reason]
            message = f"Object overwrite or deletion is not allowed due to {cause}."
            raise XmlError(403, code, message, exc.message) from None

    def _parts(self, session: sqlite3.Row) -> list[sqlite3.Row]:
        return self._objects.store.all("SELECT * FROM storage_parts WHERE upload = ?", session["id"])

    def _remove_blobs(self, session: sqlite3.Row, parts: list[sqlite3.Row]) -> None:
        self._objects.blobs.remove_unused([session["blob"], *(row["blob"] for row in parts)])


def _fields(headers: Mapping[str, str]) -> dict[str, Any]:
    """Returns the fields of the new object, from the headers of the first request."""
    named = {
        **object_fields.HEADERS,
        "x-goog-storage-class": "storageClass",
        "x-goog-custom-time": "customTime",
        "x-goog-encryption-kms-key-name": "kmsKeyName",
    }
    fields: dict[str, Any] = {field: _text(headers[header]) for header, field in named.items() if headers.get(header)}
    if "customTime" in fields and not rfc3339.is_time(fields["customTime"]):
        raise errors.InvalidArgument(
            f"x-goog-custom-time must be an RFC 3339 time; got {fields['customTime'][:100]!r}."
        )
    fields["metadata"] = {
        name.removeprefix(_META): _text(value) for name, value in headers.items() if name.startswith(_META)
    }
    return fields


def _text(header: str) -> str:
    """Returns the value of a header, which is decoded as Latin-1: as UTF-8 if it is valid UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


def _promised(headers: Mapping[str, str]) -> dict[str, str]:
    try:
        return promised_checksums({"md5Hash": headers.get("content-md5")}, headers)
    except errors.InvalidArgument as exc:
        raise XmlError(400, "InvalidDigest", "The checksum you specified is not valid.", exc.message) from None


def _verify(digest: Digest, promised: Mapping[str, str]) -> None:
    for kind, details in mismatches(digest, promised):
        code, message = _DIGESTS[kind]
        raise XmlError(400, code, message, details)


def _chosen(parts: dict[int, sqlite3.Row], content: bytes) -> list[sqlite3.Row]:
    """Returns the parts that a body lists. Raises `XmlError` if one does not exist, or they are not in order."""
    listed = [(int(number), unescape(etag.decode("latin-1")).strip()) for number, etag in _PART.findall(content)]
    numbers = [number for number, _ in listed]
    if not listed or numbers != sorted(set(numbers)):
        raise XmlError(400, "InvalidPartOrder", "The list of parts must not be empty, and must be in ascending order.")
    for number, etag in listed:
        if number not in parts or etag.strip('"') != _etag(parts[number]["md5"]).strip('"'):
            raise XmlError(400, "InvalidPart", f"Part {number} could not be found, or its ETag differs.")
    return [parts[number] for number in numbers]


def _etag(md5: str) -> str:
    return f'"{base64.b64decode(md5).hex()}"'


def _result(kind: str, bucket: str, name: str, inner: str) -> Response:
    names_ = f"<Bucket>{escape(bucket)}</Bucket><Key>{escape(names.printable(name))}</Key>"
    return document(f'<{kind} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{names_}{inner}</{kind}>')
