"""Multipart uploads of the XML API, which google-cloud-storage's `upload_chunks_concurrently` sends.

`POST /BUCKET/OBJECT?uploads` begins one, `PUT ...?partNumber=N&uploadId=ID` sends a part, in any order, `POST
...?uploadId=ID` makes the object of the parts that its body lists, `DELETE` gives up. Google knows no preconditions of
such uploads: here they are refused, so that nobody relies on them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from html import escape, unescape
from typing import IO, TYPE_CHECKING, Any

from emulator.core import rfc3339
from emulator.core.checksums import Digest
from emulator.rest.http_call import Call
from emulator.rest.request import Response
from emulator.storage import blobs, names, retention, row_lookup
from emulator.storage.commit import NewObject, put
from emulator.storage.fields import object_fields
from emulator.storage.preconditions import Preconditions
from emulator.storage.tables import end_old_uploads
from emulator.storage.uploads import promised_checksums
from emulator.storage.xml.xml_errors import XmlError, document
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator

METHOD = "storage.objects.insert"
"""What such a call counts as."""

_PART = re.compile(rb"<PartNumber>\s*([0-9]{1,5})\s*</PartNumber>\s*<ETag>([^<]*)</ETag>")
_MOST = 10_000
_META = "x-goog-meta-"
_REFUSED = ("x-goog-if-", "x-goog-object-lock-")
"""Prefixes of headers that are refused, because they would have no effect here."""

_DIGESTS = {
    "crc32c": ("CrcMismatch", "The CRC32C you specified did not match what was received."),
    "md5": ("BadDigest", "The Content-MD5 or x-goog-hash you specified did not match what was received."),
}
"""Kind of a checksum -> code and message where it does not match."""

_KEPT = {
    retention.HELD: ("ObjectUnderActiveHold", "active hold on the object"),
    retention.RETAINED: ("RetentionPolicyNotMet", "retention policy"),
}
"""Reason in JSON -> code here, and what keeps the object."""


def is_one(verb: str, query: Mapping[str, str]) -> bool:
    """Whether a request is one of a multipart upload."""
    begins = verb == "POST" and "uploads" in query
    return begins or (verb in ("PUT", "POST", "DELETE") and "uploadId" in query)


async def respond(emulator: Emulator, call: Call, bucket: str, name: str, query: Mapping[str, str]) -> Response:
    """The answer to one of them.

    Raises:
        XmlError, errors.ApiError: the request is refused.
    """
    refused = sorted(header for header in call.headers if header.startswith(_REFUSED))
    if refused:
        kind = "Preconditions" if refused[0].startswith(_REFUSED[0]) else "Retention configurations"
        raise errors.InvalidArgument(f"{kind} are not supported in multipart uploads: {refused[0]}.")
    end_old_uploads(emulator)
    if "uploadId" not in query:
        return _begin(emulator, call.headers, bucket, name)
    # Here it says how the object is packed, not how the body is.
    call.headers = {name: value for name, value in call.headers.items() if name != "content-encoding"}
    session = emulator.store.one(
        "SELECT * FROM storage_uploads WHERE id = ? AND bucket = ? AND name = ?", query["uploadId"], bucket, name
    )
    if session is None:
        raise XmlError(404, "NoSuchUpload", "The specified upload does not exist: it has ended, or never existed.")
    if call.verb == "PUT":
        return await _take(emulator, call, session, query.get("partNumber", ""))
    if call.verb == "POST":
        return await _finish(emulator, session, await call.read())
    parts = _parts(emulator, session)
    _end(emulator, session)
    blobs.remove_unused(emulator, [session["blob"], *(row["blob"] for row in parts)])
    return Response(status=204)


def _begin(emulator: Emulator, headers: Mapping[str, str], bucket: str, name: str) -> Response:
    stored = json.loads(row_lookup.bucket(emulator, bucket)["resource"])
    names.check_object(name)
    fields = object_fields.given(_fields(headers), stored, emulator.now())
    session = secrets.token_urlsafe(24)
    emulator.store.run(
        "INSERT INTO storage_uploads VALUES (?, ?, ?, ?, NULL, NULL, ?, ?, ?)",
        *(session, bucket, name, blobs.create(emulator), json.dumps({"promised": {}})),
        *(json.dumps(fields), rfc3339.milliseconds(emulator.now())),
    )
    return _result("InitiateMultipartUploadResult", bucket, name, f"<UploadId>{session}</UploadId>")


def _fields(headers: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the object to be, as the headers of the starting request give them."""
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
    """The value of a header, which travels as Latin-1: UTF-8 where it is that."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


async def _take(emulator: Emulator, call: Call, session: sqlite3.Row, part: str) -> Response:
    if not re.fullmatch("[0-9]{1,5}", part) or not 1 <= int(part) <= _MOST:
        raise errors.InvalidArgument(f"partNumber must be from 1 to {_MOST}.")
    promised = _promised(call.headers)
    with blobs.writing(emulator) as writer:
        await writer.take(call.chunks())
        _verify(writer.digest, promised)
        with emulator.store.transaction():
            if emulator.store.one("SELECT 1 FROM storage_uploads WHERE id = ?", session["id"]) is None:
                raise XmlError(404, "NoSuchUpload", "The specified upload has ended.")
            query = "SELECT blob FROM storage_parts WHERE upload = ? AND number = ?"
            before = emulator.store.one(query, session["id"], int(part))
            values = (session["id"], int(part), writer.blob, writer.digest.md5)
            emulator.store.run("INSERT OR REPLACE INTO storage_parts VALUES (?, ?, ?, ?)", *values)
    blobs.remove_unused(emulator, [before["blob"] if before else None])
    hashes = f"crc32c={writer.digest.crc32c},md5={writer.digest.md5}"
    return Response(body=b"", headers={"etag": _etag(writer.digest.md5), "x-goog-hash": hashes})


def _promised(headers: Mapping[str, str]) -> dict[str, str]:
    try:
        return promised_checksums.expected({"md5Hash": headers.get("content-md5")}, headers)
    except errors.InvalidArgument as exc:
        raise XmlError(400, "InvalidDigest", "The checksum you specified is not valid.", exc.message) from None


def _verify(digest: Digest, promised: Mapping[str, str]) -> None:
    for kind, details in promised_checksums.mismatches(digest, promised):
        code, message = _DIGESTS[kind]
        raise XmlError(400, code, message, details)


async def _finish(emulator: Emulator, session: sqlite3.Row, content: bytes) -> Response:
    parts = _parts(emulator, session)
    chosen = _chosen({row["number"]: row for row in parts}, content)
    with blobs.writing(emulator) as writer:
        await asyncio.to_thread(blobs.concatenate, _opened(emulator, chosen), writer)
        new = NewObject(
            bucket=session["bucket"],
            name=session["name"],
            blob=writer.blob,
            size=writer.size,
            crc32c=writer.digest.crc32c,
            md5=None,
            resource=json.loads(session["resource"]),
        )
        _put(emulator, new, session)
    blobs.remove_unused(emulator, [session["blob"], *(row["blob"] for row in parts)])
    etag = f"<ETag>{escape(_etag(writer.digest.md5), quote=False)}</ETag>"
    return _result("CompleteMultipartUploadResult", session["bucket"], session["name"], etag)


def _opened(emulator: Emulator, parts: list[sqlite3.Row]) -> Iterator[IO[bytes]]:
    """The files of parts, one open at a time: there may be more of them than a process may have open.

    Raises:
        XmlError: another request has ended the upload, or replaced a part, meanwhile.
    """
    for part in parts:
        try:
            file = blobs.path(emulator, part["blob"]).open("rb")
        except FileNotFoundError:
            raise XmlError(404, "NoSuchUpload", "The upload is over, or one of its parts was replaced.") from None
        with file:
            yield file


def _put(emulator: Emulator, new: NewObject, session: sqlite3.Row) -> None:
    try:
        put(emulator, new, Preconditions(), lambda _: _end(emulator, session))
    except errors.PermissionDenied as exc:  # a hold or a retention period keeps the object of this name
        code, cause = _KEPT[exc.reason]
        raise XmlError(403, code, f"Object overwrite or deletion is not allowed due to {cause}.", exc.message) from None


def _parts(emulator: Emulator, session: sqlite3.Row) -> list[sqlite3.Row]:
    return emulator.store.all("SELECT * FROM storage_parts WHERE upload = ?", session["id"])


def _chosen(parts: dict[int, sqlite3.Row], content: bytes) -> list[sqlite3.Row]:
    """The parts that a body lists. Raises `XmlError` where one is not there, or they are not in order."""
    listed = [(int(number), unescape(etag.decode("latin-1")).strip()) for number, etag in _PART.findall(content)]
    numbers = [number for number, _ in listed]
    if not listed or numbers != sorted(set(numbers)):
        raise XmlError(400, "InvalidPartOrder", "The list of parts must not be empty, and must be in ascending order.")
    for number, etag in listed:
        if number not in parts or etag.strip('"') != _etag(parts[number]["md5"]).strip('"'):
            raise XmlError(400, "InvalidPart", f"Part {number} could not be found, or its ETag differs.")
    return [parts[number] for number in numbers]


def _end(emulator: Emulator, session: sqlite3.Row) -> None:
    """Ends a session; its parts go with it."""
    emulator.store.run("DELETE FROM storage_uploads WHERE id = ?", session["id"])


def _etag(md5: str) -> str:
    return f'"{base64.b64decode(md5).hex()}"'


def _result(kind: str, bucket: str, name: str, inner: str) -> Response:
    names_ = f"<Bucket>{escape(bucket)}</Bucket><Key>{escape(names.printable(name))}</Key>"
    return document(f'<{kind} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{names_}{inner}</{kind}>')
