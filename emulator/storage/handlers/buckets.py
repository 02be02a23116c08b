"""`storage.buckets.*`.

Bucket names are taken for everybody, whatever the project. Retention policies and default holds keep objects, see
`protection`; lifecycle rules and the other policies are stored and given back, and nothing acts on them. A deleted
bucket is gone at once (no soft deletion).
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.core import iam_policies, rfc3339
from emulator.rest.request import Request, Response
from emulator.storage import blobs, names, resource_json, row_lookup
from emulator.storage.fields import bucket_fields, shared_fields
from emulator.storage.handlers import page_tokens
from emulator.storage.preconditions import Preconditions, is_known
from emulator.storage.tables import next_generation
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator


async def buckets_insert(emulator: Emulator, request: Request) -> Response:
    """Makes a bucket. Predefined ACLs are accepted and have no effect."""
    body = bucket_fields.given(request.body or {})
    name, project = body.get("name"), request.params["project"]
    if not name:
        raise errors.InvalidArgument("Required: name")
    names.check_bucket(name)
    if (body.get("hierarchicalNamespace") or {}).get("enabled"):
        raise errors.InvalidArgument("Hierarchical namespaces are not emulated: leave hierarchicalNamespace out.")
    now = emulator.now()
    if request.params.get("enableObjectRetention"):
        body["objectRetention"] = {"mode": "Enabled"}
    stored = bucket_fields.completed(body, {}, now)
    time = rfc3339.milliseconds(now)
    with emulator.store.transaction():
        _require_free(emulator, name, project)
        values = (name, project, next_generation(emulator), 1, time, time, json.dumps(stored))
        emulator.store.run("INSERT INTO storage_buckets VALUES (?, ?, ?, ?, ?, ?, ?)", *values)
    projection = request.params.get("projection") or ("full" if "acl" in body or "defaultObjectAcl" in body else None)
    return Response(body=resource_json.bucket(row_lookup.bucket(emulator, name), request.base_url, projection))


def _require_free(emulator: Emulator, name: str, project: str) -> None:
    row = emulator.store.one("SELECT project FROM storage_buckets WHERE name = ?", name)
    if row is None:
        return
    if row["project"] == project:
        raise errors.AlreadyExists("Your previous request to create the named bucket succeeded and you already own it.")
    raise errors.AlreadyExists(
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system."
        " Please select a different name and try again."
    )


async def buckets_get(emulator: Emulator, request: Request) -> Response:
    """Reads a bucket; 304 where a NotMatch condition says that the caller has this state already."""
    if request.params.get("softDeleted"):
        raise errors.NotFound("The specified bucket does not exist: nothing is kept here after its deletion.")
    row = row_lookup.bucket(emulator, request.params["bucket"])
    if is_known(
        request.params,
        request.headers,
        row["generation"],
        row["metageneration"],
        resource_json.etag(0, row["metageneration"]),
    ):
        return Response(status=304)
    return _answer(row, request)


async def buckets_list(emulator: Emulator, request: Request) -> Response:
    """Lists a project's buckets by name; none where `softDeleted` ones are asked for."""
    params = request.params
    if params.get("softDeleted"):
        return Response(body={"kind": "storage#buckets"})
    limit = page_tokens.limit(params.get("maxResults"))
    start, _ = page_tokens.start(params.get("pageToken"))
    prefix = params.get("prefix") or ""
    query = "SELECT * FROM storage_buckets WHERE project = ? AND name >= ? ORDER BY name"
    rows = emulator.store.all(query, params["project"], max(start, prefix))
    found = [row for row in rows if row["name"].startswith(prefix)]
    body: dict[str, Any] = {"kind": "storage#buckets"}
    if found:
        body["items"] = [resource_json.bucket(row, request.base_url, params.get("projection")) for row in found[:limit]]
    if len(found) > limit:
        body["nextPageToken"] = page_tokens.token(found[limit]["name"])
    return Response(body=body)


async def buckets_patch(emulator: Emulator, request: Request) -> Response:
    """Changes the fields that the body names; null removes one, objects such as `labels` merge."""
    return _change(emulator, request, replace=False)


async def buckets_update(emulator: Emulator, request: Request) -> Response:
    """Replaces all fields that a caller may write; those that the body leaves out get their defaults."""
    return _change(emulator, request, replace=True)


def _change(emulator: Emulator, request: Request, *, replace: bool) -> Response:
    now = emulator.now()
    with emulator.store.transaction():
        row = row_lookup.bucket(emulator, request.params["bucket"])
        Preconditions.of(request.params).require(row["generation"], row["metageneration"])
        old = json.loads(row["resource"])
        body = bucket_fields.given(request.body or {})
        shared_fields.require_unchanged({**old, "name": row["name"]}, body, bucket_fields.FIXED, "bucket")
        kept = {key: old[key] for key in bucket_fields.FIXED & old.keys()}
        wanted = {**body, **kept} if replace else shared_fields.merged(old, {**body, **kept})
        emulator.store.run(
            "UPDATE storage_buckets SET resource = ?, metageneration = metageneration + 1, updated = ? WHERE name = ?",
            json.dumps(bucket_fields.completed(wanted, old, now)),
            rfc3339.milliseconds(now),
            row["name"],
        )
    return _answer(row_lookup.bucket(emulator, row["name"]), request)


async def buckets_delete(emulator: Emulator, request: Request) -> Response:
    """Deletes an empty bucket, and with it its unfinished uploads. Noncurrent objects count as objects."""
    name = request.params["bucket"]
    with emulator.store.transaction():
        row = row_lookup.bucket(emulator, name)
        Preconditions.of(request.params).require(row["generation"], row["metageneration"])
        if emulator.store.one("SELECT 1 FROM storage_objects WHERE bucket = ? LIMIT 1", name):
            raise errors.Aborted("The bucket you tried to delete is not empty.")
        uploads = emulator.store.all("SELECT blob FROM storage_upload_blobs WHERE bucket = ?", name)
        emulator.store.run("DELETE FROM storage_uploads WHERE bucket = ?", name)
        emulator.store.run("DELETE FROM storage_buckets WHERE name = ?", name)
        iam_policies.forget(emulator.store, f"projects/_/buckets/{name}")
    blobs.remove_unused(emulator, (upload["blob"] for upload in uploads))
    return Response(status=204)


def _answer(row: sqlite3.Row, request: Request) -> Response:
    return Response(body=resource_json.bucket(row, request.base_url, request.params.get("projection")))
