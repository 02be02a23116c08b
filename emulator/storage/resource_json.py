"""Rows as the API shows them."""

from __future__ import annotations

import base64
import functools
import json
import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from emulator.core import rfc3339
from emulator.core.google_names import project_number
from emulator.rest.request import Response
from emulator.storage import retention

_PRIVATE = (retention.RELEASED,)
_ACCESS_CONTROL = ("acl", "defaultObjectAcl", "owner")


def bucket(row: sqlite3.Row, base_url: str, projection: str | None = None) -> dict[str, Any]:
    """Returns the `Bucket` resource of a row.

    Args:
        row: of `storage_buckets`.
        base_url: the beginning of links.
        projection: `full` also shows the ACLs that were given; anything else leaves them out.
    """
    return {
        **_projected(row, projection),
        "kind": "storage#bucket",
        "id": row["name"],
        "name": row["name"],
        "selfLink": f"{base_url}/storage/v1/b/{quote(row['name'], safe='')}",
        "projectNumber": project_number(row["project"]),
        "generation": str(row["generation"]),
        "metageneration": str(row["metageneration"]),
        "etag": etag(0, row["metageneration"]),
        "timeCreated": row["created"],
        "updated": row["updated"],
    }


def object_response(row: sqlite3.Row, base_url: str, params: Mapping[str, Any]) -> Response:
    """Returns the answer that shows an object; `params` of its request may hold a `projection`."""
    return Response(body=object_(row, base_url, params.get("projection")))


def object_(row: sqlite3.Row, base_url: str, projection: str | None = None) -> dict[str, Any]:
    """Returns the `Object` resource of a row of `storage_objects`; arguments as for `bucket`."""
    quoted = f"b/{quote(row['bucket'], safe='')}/o/{quote(row['name'], safe='')}"
    fields = _projected(row, projection)
    retained = retention.expiration(row, fields)
    shown = {
        **{key: value for key, value in fields.items() if key not in _PRIVATE},
        "kind": "storage#object",
        "id": f"{row['bucket']}/{row['name']}/{row['generation']}",
        "name": row["name"],
        "bucket": row["bucket"],
        "selfLink": f"{base_url}/storage/v1/{quoted}",
        "mediaLink": f"{base_url}/download/storage/v1/{quoted}?generation={row['generation']}&alt=media",
        "generation": str(row["generation"]),
        "metageneration": str(row["metageneration"]),
        "size": str(row["size"]),
        "crc32c": row["crc32c"],
        "md5Hash": row["md5"],
        "componentCount": row["components"],
        "etag": etag(row["generation"], row["metageneration"]),
        "timeCreated": row["created"],
        "timeFinalized": row["created"],
        "timeStorageClassUpdated": row["created"],
        "updated": row["updated"],
        "timeDeleted": row["deleted"],
        "retentionExpirationTime": rfc3339.milliseconds(retained) if retained else None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _projected(row: sqlite3.Row, projection: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(row["resource"])
    if projection == "full":
        return fields
    return {key: value for key, value in fields.items() if key not in _ACCESS_CONTROL}


@functools.lru_cache(maxsize=1024)
def etag(generation: int, metageneration: int) -> str:
    """Returns the tag that Google makes of both numbers: two protobuf fields in base64, the first one only if not 0."""
    first = b"\x08" + varint(generation) if generation else b""
    second = (b"\x10" if generation else b"\x08") + varint(metageneration)
    return base64.b64encode(first + second).decode()


def varint(value: int) -> bytes:
    """Returns the protobuf encoding of a non-negative number."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
