"""`storage.objects.*` of one existing object."""

from __future__ import annotations

import json
import sqlite3

from emulator.core import rfc3339
from emulator.rest.request import Request, Response
from emulator.storage import downloads, resource_json, retention
from emulator.storage.fields import object_fields
from emulator.storage.object_store import ObjectStore
from emulator.storage.preconditions import Preconditions, is_known
from emulator.storage.resource_json import object_response
from gcp import errors


class Objects:
    """The methods of existing objects.

    Args:
        objects: the buckets and objects.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def objects_get(self, request: Request) -> Response:
        """Returns an object's metadata, or its bytes with `alt=media`; 304 if a condition says that it is unchanged."""
        if request.params.get("softDeleted"):
            raise errors.NotFound("No such object: nothing is kept here after its deletion.")
        row = self._find(request)
        if is_known(request.params, request.headers, row, resource_json.etag(row["generation"], row["metageneration"])):
            return Response(status=304)
        if request.params.get("alt") == "media":
            return downloads.download(self._objects.blobs, row, request.headers)
        return object_response(row, request.base_url, request.params)

    async def objects_patch(self, request: Request) -> Response:
        """Changes the metadata in the body; null removes a field, `metadata` merges."""
        return self._change(request, replace=False)

    async def objects_update(self, request: Request) -> Response:
        """Replaces all metadata that a caller may write."""
        return self._change(request, replace=True)

    def _change(self, request: Request, *, replace: bool) -> Response:
        now, override = self._objects.clock.now(), bool(request.params.get("overrideUnlockedRetention"))
        with self._objects.store.transaction():
            row = self._find(request)
            Preconditions.of(request.params).require(row)
            old, bucket = json.loads(row["resource"]), self._objects.bucket_fields(row["bucket"])
            wanted = object_fields.changed(old, request.body or {}, replace=replace)
            stored = retention.changed(old, wanted, bucket, now, override=override)
            self._objects.store.run(
                "UPDATE storage_objects SET resource = ?, metageneration = metageneration + 1, updated = ?"
                " WHERE bucket = ? AND name = ? AND generation = ?",
                *(json.dumps(stored), rfc3339.milliseconds(now), row["bucket"], row["name"], row["generation"]),
            )
        row = self._objects.find(row["bucket"], row["name"], row["generation"])
        return object_response(row, request.base_url, request.params)

    async def objects_delete(self, request: Request) -> Response:
        """Deletes an object. With versioning its live generation becomes noncurrent, unless `generation` names it."""
        row = self._find(request)
        Preconditions.of(request.params).require(row)
        self._objects.delete(row, permanently=request.params.get("generation") is not None)
        return Response(status=204)

    def _find(self, request: Request) -> sqlite3.Row:
        params = request.params
        return self._objects.find(params["bucket"], params["object"], params.get("generation"))
