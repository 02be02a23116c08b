"""`storage.buckets.*`.

A bucket's name is unique across all projects. Retention policies and default holds keep objects, see `retention`;
lifecycle rules and the other policies are stored and returned without effect. A deleted bucket is gone at once (no soft
deletion).
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from emulator.core import iam_policies, rfc3339
from emulator.rest.request import Request, Response
from emulator.storage import names, resource_json
from emulator.storage.fields import bucket_fields, shared_fields
from emulator.storage.handlers import page_tokens
from emulator.storage.object_store import ObjectStore
from emulator.storage.preconditions import Preconditions, is_known
from gcp import errors


class Buckets:
    """The methods of buckets.

    Args:
        objects: the buckets and objects.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects, self._store = objects, objects.store

    async def buckets_insert(self, request: Request) -> Response:
        """Creates a bucket. Predefined ACLs are accepted and have no effect."""
        body = bucket_fields.given(request.body or {})
        name, project = body.get("name"), request.params["project"]
        if not name:
            raise errors.InvalidArgument("Required: name")
        names.check_bucket(name)
        if (body.get("hierarchicalNamespace") or {}).get("enabled"):
            raise errors.InvalidArgument("Hierarchical namespaces are not emulated: leave hierarchicalNamespace out.")
        now = self._objects.clock.now()
        if request.params.get("enableObjectRetention"):
            body["objectRetention"] = {"mode": "Enabled"}
        stored = bucket_fields.completed(body, {}, now)
        time = rfc3339.milliseconds(now)
        with self._store.transaction():
            self._require_free(name, project)
            values = (name, project, self._objects.next_generation(now), 1, time, time, json.dumps(stored))
            self._store.run("INSERT INTO storage_buckets VALUES (?, ?, ?, ?, ?, ?, ?)", *values)
        projection = request.params.get("projection") or (
            "full" if "acl" in body or "defaultObjectAcl" in body else None
        )
        return Response(body=resource_json.bucket(self._objects.bucket(name), request.base_url, projection))

    def _require_free(self, name: str, project: str) -> None:
        row = self._store.one("SELECT project FROM storage_buckets WHERE name = ?", name)
        if row is None:
            return
        if row["project"] == project:
            raise errors.AlreadyExists(
                "Your previous request to create the named bucket succeeded and you already own it."
            )
        raise errors.AlreadyExists(
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system."
            " Please select a different name and try again."
        )

    async def buckets_get(self, request: Request) -> Response:
        """Returns a bucket; 304 if a NotMatch condition says that the caller already has this state."""
        if request.params.get("softDeleted"):
            raise errors.NotFound("The specified bucket does not exist: nothing is kept here after its deletion.")
        row = self._objects.bucket(request.params["bucket"])
        if is_known(request.params, request.headers, row, resource_json.etag(0, row["metageneration"])):
            return Response(status=304)
        return _answer(row, request)

    async def buckets_list(self, request: Request) -> Response:
        """Lists a project's buckets by name; with `softDeleted` there are none."""
        params = request.params
        if params.get("softDeleted"):
            return Response(body={"kind": "storage#buckets"})
        limit = page_tokens.limit(params.get("maxResults"))
        start, _ = page_tokens.start(params.get("pageToken"))
        prefix = params.get("prefix") or ""
        query = "SELECT * FROM storage_buckets WHERE project = ? AND name >= ? ORDER BY name"
        rows = self._store.all(query, params["project"], max(start, prefix))
        found = [row for row in rows if row["name"].startswith(prefix)]
        body: dict[str, Any] = {"kind": "storage#buckets"}
        if found:
            body["items"] = [
                resource_json.bucket(row, request.base_url, params.get("projection")) for row in found[:limit]
            ]
        if len(found) > limit:
            body["nextPageToken"] = page_tokens.token(found[limit]["name"])
        return Response(body=body)

    async def buckets_patch(self, request: Request) -> Response:
        """Changes the fields in the body; null removes one, objects such as `labels` merge."""
        return self._change(request, replace=False)

    async def buckets_update(self, request: Request) -> Response:
        """Replaces all fields that a caller may write; fields missing in the body get their defaults."""
        return self._change(request, replace=True)

    def _change(self, request: Request, *, replace: bool) -> Response:
        now = self._objects.clock.now()
        with self._store.transaction():
            row = self._objects.bucket(request.params["bucket"])
            Preconditions.of(request.params).require(row)
            old = json.loads(row["resource"])
            body = bucket_fields.given(request.body or {})
            shared_fields.require_unchanged({**old, "name": row["name"]}, body, bucket_fields.FIXED, "bucket")
            kept = {key: old[key] for key in bucket_fields.FIXED & old.keys()}
            wanted = {**body, **kept} if replace else shared_fields.merged(old, {**body, **kept})
            self._store.run(
                "UPDATE storage_buckets SET resource = ?, metageneration = metageneration + 1, updated = ?"
                " WHERE name = ?",
                json.dumps(bucket_fields.completed(wanted, old, now)),
                rfc3339.milliseconds(now),
                row["name"],
            )
        return _answer(self._objects.bucket(row["name"]), request)

    async def buckets_delete(self, request: Request) -> Response:
        """Deletes an empty bucket, and with it its unfinished uploads. Noncurrent objects count as objects."""
        name = request.params["bucket"]
        with self._store.transaction():
            row = self._objects.bucket(name)
            Preconditions.of(request.params).require(row)
            if self._store.one("SELECT 1 FROM storage_objects WHERE bucket = ? LIMIT 1", name):
                raise errors.Aborted("The bucket you tried to delete is not empty.")
            uploads = self._store.all("SELECT blob FROM storage_upload_blobs WHERE bucket = ?", name)
            self._store.run("DELETE FROM storage_uploads WHERE bucket = ?", name)
            self._store.run("DELETE FROM storage_buckets WHERE name = ?", name)
            iam_policies.forget(self._store, f"projects/_/buckets/{name}")
        self._objects.blobs.remove_unused(upload["blob"] for upload in uploads)
        return Response(status=204)


def _answer(row: sqlite3.Row, request: Request) -> Response:
    return Response(body=resource_json.bucket(row, request.base_url, request.params.get("projection")))
