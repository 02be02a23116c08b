"""Reads of objects by the XML API: `GET` and `HEAD /BUCKET/OBJECT`.

Go's client reads this way by default, and public and signed URLs lead here. Bytes, ranges and most headers are the same
as in a download by the JSON API.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from emulator.rest.request import Response
from emulator.storage import downloads, resource_json
from emulator.storage.numbers import whole_number
from emulator.storage.object_store import ObjectStore
from emulator.storage.preconditions import is_known
from emulator.storage.xml.xml_errors import XmlError
from gcp import errors

_CONDITIONS = {
    "x-goog-if-generation-match": "ifGenerationMatch",
    "x-goog-if-generation-not-match": "ifGenerationNotMatch",
    "x-goog-if-metageneration-match": "ifMetagenerationMatch",
    "x-goog-if-metageneration-not-match": "ifMetagenerationNotMatch",
}
_OVERRIDES = {
    "response-content-type": "content-type",
    "response-content-disposition": "content-disposition",
}
"""Query parameters that replace a header of the answer."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def read(
    objects: ObjectStore, bucket: str, name: str, headers: Mapping[str, str], query: Mapping[str, str]
) -> Response:
    """Returns the bytes of an object, or a range of them.

    Args:
        objects: where it is.
        bucket: of the object.
        name: of the object.
        headers: of the request: `Range`, `If-...`, `x-goog-if-...`.
        query: of the request: `generation`, `response-content-type`, `response-content-disposition`.

    Raises:
        XmlError: a number is malformed.
        errors.NotFound: no such bucket, object or generation.
        errors.PreconditionFailed: a condition does not hold.
    """
    row = objects.find(bucket, name, _number("generation", query.get("generation")))
    tag = resource_json.etag(row["generation"], row["metageneration"])
    params = {field: _number(header, headers.get(header)) for header, field in _CONDITIONS.items()}
    known = is_known(params, headers, row, tag)
    if known or _is_unmodified(row, headers):
        return Response(status=304, headers={"etag": f'"{tag}"'})
    answer = downloads.download(objects.blobs, row, headers)
    if answer.status < 300:
        answer.headers.update({**_metadata(row), **_overrides(query), "etag": f'"{tag}"'})
    return answer


def _number(name: str, value: str | None) -> int | None:
    if value is None:
        return None
    number = whole_number(value)
    if number is None:
        raise XmlError(400, "InvalidArgument", f"{name} must be a whole number; got {value[:100]!r}.")
    return number


def _is_unmodified(row: sqlite3.Row, headers: Mapping[str, str]) -> bool:
    """Whether `If-Modified-Since` says 304. Tags take precedence over times (RFC 9110, 13.2.2).

    Raises:
        errors.PreconditionFailed: the object was changed after `If-Unmodified-Since`.
    """
    updated = datetime.fromisoformat(row["updated"].removesuffix("Z")).replace(microsecond=0, tzinfo=timezone.utc)
    until, since = _date(headers.get("if-unmodified-since")), _date(headers.get("if-modified-since"))
    if until is not None and "if-match" not in headers and updated > until:
        raise errors.PreconditionFailed("The object was changed after the time in If-Unmodified-Since.")
    return since is not None and "if-none-match" not in headers and updated <= since


def _date(value: str | None) -> datetime | None:
    """Returns an HTTP date; None for anything else, which HTTP requires to ignore."""
    try:
        found = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _metadata(row: sqlite3.Row) -> dict[str, str]:
    """Returns the object's own metadata as headers. Keys that cannot be the name of a header are left out."""
    fields = json.loads(row["resource"])
    found = {f"x-goog-meta-{key.lower()}": value for key, value in fields.get("metadata", {}).items()}
    if "customTime" in fields:
        found["x-goog-custom-time"] = fields["customTime"]
    if row["components"]:
        found["x-goog-component-count"] = str(row["components"])
    return {name: _header_value(value) for name, value in found.items() if _HEADER_NAME.fullmatch(name)}


def _overrides(query: Mapping[str, str]) -> dict[str, str]:
    return {header: _header_value(query[name]) for name, header in _OVERRIDES.items() if query.get(name)}


def _header_value(text: str) -> str:
    """Returns a text as the value of a header: control characters as spaces, all else as its UTF-8 bytes."""
    printable = "".join(" " if ord(char) < 0x20 or ord(char) == 0x7F else char for char in text)
    return printable.encode("utf-8", "replace").decode("latin-1")
