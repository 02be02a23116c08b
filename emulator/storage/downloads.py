"""Downloads. Bytes are sent as they are stored, except to clients that do not accept gzip: see `_transcoded`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import replace

import orjson

from emulator.core import rfc3339
from emulator.http import gzip_coding
from emulator.rest import response_writer
from emulator.rest.error_body import with_reasons
from emulator.rest.http_call import Call, Dropped
from emulator.rest.request import Response
from emulator.storage import resource_json
from emulator.storage.blobs import SMALL, BlobFolder
from emulator.storage.fields.object_fields import HEADERS
from emulator.storage.numbers import whole_number
from gcp import errors

_RANGE = re.compile(r"bytes=(?:([0-9]+)-([0-9]+)?|-([0-9]+))")
_LARGEST = 10**18
"""More than the size of any file: clients write the largest number that they know for "to the end"."""


def download(blobs: BlobFolder, row: sqlite3.Row, request: Mapping[str, str]) -> Response:
    """Returns the bytes of an object, or a range of them.

    Args:
        blobs: holds the bytes.
        row: of `storage_objects`.
        request: headers of the request. One `Range` is answered with 206, or with 416 if it begins after the end.
            Anything but one range in bytes is ignored, as HTTP allows, and so is a range with an `If-Range` of another
            state: a client that resumes a download then gets all of the new bytes, not the rest of them.
    """
    size, headers = row["size"], _headers(row)
    if _must_unpack(headers, request):
        return _transcoded(blobs, row, headers)
    wanted = _wanted(headers, request)
    bounds = _bounds(wanted, size)
    if bounds is None:
        error = errors.RangeNotSatisfiable("The requested range cannot be satisfied.")
        range_ = {"content-range": f"bytes */{size}"}
        return Response(status=error.code, body=with_reasons(error), headers=range_)
    start, end = bounds
    headers["content-length"] = str(end - start)
    body = blobs.part(row["blob"], start, end)
    if _part(wanted) is None:
        return Response(body=body, headers=headers, stored=True)
    headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    return Response(status=206, body=body, headers=headers, stored=True)


async def in_text(call: Call, answer: Awaitable[Response]) -> Response:
    """Returns the answer to a download with its errors in plain text, as the API writes them."""
    try:
        response = await answer
    except errors.ApiError as exc:
        response = response_writer.refusal(exc, call.error_body)
    if not isinstance(response.body, dict):
        return response
    headers = {**response.headers, "content-type": "text/plain; charset=UTF-8"}
    return replace(response, body=response.body["error"]["message"].encode("utf-8", "replace"), headers=headers)


def small(blobs: BlobFolder, row: sqlite3.Row) -> tuple[dict[str, str], bytes] | None:
    """Returns the headers and all bytes of an object; None if it is large, compressed, or its file cannot be read."""
    headers = _headers(row)
    if row["size"] > SMALL or "content-encoding" in headers:
        return None
    try:
        content = blobs.part(row["blob"], 0, row["size"])
    except OSError:
        return None
    headers["content-length"] = str(row["size"])
    return (headers, content) if isinstance(content, bytes) else None


def _wanted(headers: Mapping[str, str], request: Mapping[str, str]) -> str | None:
    """Returns the `Range` of a request; None if its `If-Range` names another etag or time than that of the object."""
    known = request.get("if-range")
    same = known is None or known.strip('"') in (headers["etag"], headers["last-modified"])
    return request.get("range") if same else None


def _must_unpack(headers: Mapping[str, str], request: Mapping[str, str]) -> bool:
    kept = "no-transform" in headers.get("cache-control", "")
    return headers.get("content-encoding") == "gzip" and not kept and not gzip_coding.taken(request)


def _transcoded(blobs: BlobFolder, row: sqlite3.Row, headers: dict[str, str]) -> Response:
    """Returns all decompressed bytes of an object with `contentEncoding: gzip`; a range is ignored, as Google does."""
    compressed = blobs.pieces(row["blob"])
    for name in ("content-encoding", "accept-ranges"):
        headers.pop(name, None)
    headers.update({"warning": "214 UploadServer gunzipped", "vary": "Accept-Encoding"})
    return Response(body=_unpacked(compressed), headers=headers, stored=True)


async def _unpacked(compressed: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for piece in gzip_coding.unpack(compressed):
            yield piece
    except gzip_coding.NotGzip:
        raise Dropped from None  # the head is sent already: closing the connection is the only way to report it


def _part(wanted: str | None) -> tuple[str, str | None, str | None] | None:
    """Returns first byte, last byte and suffix length of a well-formed range, as text; None for anything else."""
    found = _RANGE.fullmatch(wanted) if wanted else None
    if found is None:
        return None
    first, last, suffix = found.groups()
    return None if last is not None and _number(last) < _number(first) else (first, last, suffix)


def _number(digits: str) -> int:
    """Returns a number of any length; those with more than 18 digits as `_LARGEST`."""
    number = whole_number(digits.lstrip("0") or "0")
    return _LARGEST if number is None else number


def _bounds(wanted: str | None, size: int) -> tuple[int, int] | None:
    """Returns the first byte and the one after the last; None if the object has no byte in the range."""
    part = _part(wanted)
    if part is None:
        return 0, size
    first, last, suffix = part
    start = _number(first) if suffix is None else max(0, size - _number(suffix))
    end = size if last is None else min(_number(last) + 1, size)
    return (start, end) if start < end else None


def _headers(row: sqlite3.Row) -> dict[str, str]:
    fields = orjson.loads(row["resource"])
    hashes = f"crc32c={row['crc32c']}" + (f",md5={row['md5']}" if row["md5"] else "")
    headers = {
        "content-type": "application/octet-stream",
        "accept-ranges": "bytes",
        "etag": resource_json.etag(row["generation"], row["metageneration"]),
        "last-modified": rfc3339.http_date(row["updated"]),
        "x-goog-hash": hashes,
        "x-goog-generation": str(row["generation"]),
        "x-goog-metageneration": str(row["metageneration"]),
        "x-goog-storage-class": fields["storageClass"],
        "x-goog-stored-content-encoding": fields.get("contentEncoding", "identity"),
        "x-goog-stored-content-length": str(row["size"]),
    }
    for header, field in HEADERS.items():
        if field in fields:  # headers are sent as Latin-1: each UTF-8 byte of the text becomes one character
            headers[header] = fields[field].encode().decode("latin-1")
    return headers
