"""What command lines request before they copy or delete whole trees, and lists that are always empty.

Managed folders, notification configurations, HMAC keys, caches and long-running operations of buckets do not exist:
their lists are empty, and the methods that would create one are not emulated.
"""

from __future__ import annotations

from emulator.rest.request import Request, Response
from emulator.storage.object_store import ObjectStore


class StorageLayout:
    """The methods that command lines call first.

    Args:
        objects: the buckets and objects.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def buckets_get_storage_layout(self, request: Request) -> Response:
        """Returns a bucket's location, and that its namespace is flat (for `gcloud storage cp -r`)."""
        name = request.params["bucket"]
        stored = self._objects.bucket_fields(name)
        body = {
            "kind": "storage#storageLayout",
            "bucket": name,
            "location": stored["location"],
            "locationType": stored["locationType"],
            "hierarchicalNamespace": {"enabled": False},
        }
        return Response(body=body)

    async def managed_folders_list(self, request: Request) -> Response:
        """Lists no managed folders (for `gcloud storage rm -r`)."""
        return self._none(request, "managedFolders")

    async def notifications_list(self, request: Request) -> Response:
        """Lists no notification configurations."""
        return self._none(request, "notifications")

    async def anywhere_caches_list(self, request: Request) -> Response:
        """Lists no Anywhere Caches."""
        return self._none(request, "anywhereCaches")

    async def rapid_caches_list(self, request: Request) -> Response:
        """Lists no Rapid Caches."""
        return self._none(request, "rapidCaches")

    async def buckets_operations_list(self, request: Request) -> Response:
        """Lists no long-running operations."""
        return self._none(request, "operations")

    async def projects_hmac_keys_list(self, _request: Request) -> Response:
        """Lists no HMAC keys."""
        return Response(body={"kind": "storage#hmacKeysMetadata"})

    def _none(self, request: Request, kind: str) -> Response:
        """Returns an empty list of a bucket. Raises `NotFound` if the bucket does not exist."""
        self._objects.bucket(request.params["bucket"])
        return Response(body={"kind": f"storage#{kind}"})
