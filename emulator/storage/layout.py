"""What command lines ask before they copy or delete whole trees.

There are no managed folders and no hierarchical namespaces here: the list is empty, and making one answers 501.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator.request import Request, Response
from emulator.storage import rows

if TYPE_CHECKING:
    from emulator.context import Emulator


async def buckets_get_storage_layout(emulator: Emulator, request: Request) -> Response:
    """Tells where a bucket's objects are, and that its namespace is flat (`gcloud storage cp -r` asks)."""
    name = request.params["bucket"]
    stored = json.loads(rows.bucket(emulator, name)["resource"])
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
    rows.bucket(emulator, request.params["bucket"])
    return Response(body={"kind": "storage#managedFolders"})
