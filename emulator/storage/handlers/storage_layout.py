"""What command lines ask before they copy or delete whole trees, and lists that are always empty.

Nothing makes managed folders, notification configurations, HMAC keys, caches or long-running operations of buckets:
the lists are empty, and the methods that would make one are not emulated.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator.rest.request import Request, Response
from emulator.storage import row_lookup

if TYPE_CHECKING:
    from emulator.app import Emulator


async def buckets_get_storage_layout(emulator: Emulator, request: Request) -> Response:
    """Tells where a bucket's objects are, and that its namespace is flat (`gcloud storage cp -r` asks)."""
    name = request.params["bucket"]
    stored = json.loads(row_lookup.bucket(emulator, name)["resource"])
    body = {
        "kind": "storage#storageLayout",
        "bucket": name,
        "location": stored["location"],
        "locationType": stored["locationType"],
        "hierarchicalNamespace": {"enabled": False},
    }
    return Response(body=body)


async def managed_folders_list(emulator: Emulator, request: Request) -> Response:
    """Lists no managed folders (`gcloud storage rm -r` asks)."""
    return _none(emulator, request, "managedFolders")


async def notifications_list(emulator: Emulator, request: Request) -> Response:
    """Lists no notification configurations."""
    return _none(emulator, request, "notifications")


async def anywhere_caches_list(emulator: Emulator, request: Request) -> Response:
    """Lists no Anywhere Caches."""
    return _none(emulator, request, "anywhereCaches")


async def rapid_caches_list(emulator: Emulator, request: Request) -> Response:
    """Lists no Rapid Caches."""
    return _none(emulator, request, "rapidCaches")


async def buckets_operations_list(emulator: Emulator, request: Request) -> Response:
    """Lists no long-running operations."""
    return _none(emulator, request, "operations")


async def projects_hmac_keys_list(_emulator: Emulator, _request: Request) -> Response:
    """Lists no HMAC keys."""
    return Response(body={"kind": "storage#hmacKeysMetadata"})


def _none(emulator: Emulator, request: Request, kind: str) -> Response:
    """An empty list of a bucket. Raises `NotFound` for a bucket that does not exist."""
    row_lookup.bucket(emulator, request.params["bucket"])
    return Response(body={"kind": f"storage#{kind}"})
