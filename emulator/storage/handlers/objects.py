"""`storage.objects.*` of one existing object."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from emulator.core import rfc3339
from emulator.rest.request import Request, Response
from emulator.storage import commit, downloads, resource_json, retention, row_lookup
from emulator.storage.fields import object_fields
from emulator.storage.preconditions import Preconditions, is_known
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator


async def objects_get(emulator: Emulator, request: Request) -> Response:
    """Reads an object's metadata, or its bytes with `alt=media`; 304 where a condition says "unchanged"."""
    if request.params.get("softDeleted"):
        raise errors.NotFound("No such object: nothing is kept here after its deletion.")
    row = _find(emulator, request)
    state = row["generation"], row["metageneration"]
    if is_known(request.params, request.headers, *state, resource_json.etag(*state)):
        return Response(status=304)
    if request.params.get("alt") == "media":
        return downloads.download(emulator, row, request.headers)
    return _answer(row, request)


async def objects_patch(emulator: Emulator, request: Request) -> Response:
    """Changes the metadata that the body names; null removes a field, `metadata` merges."""
    return _change(emulator, request, replace=False)


async def objects_update(emulator: Emulator, request: Request) -> Response:
    """Replaces all metadata that a caller may write."""
    return _change(emulator, request, replace=True)


def _change(emulator: Emulator, request: Request, *, replace: bool) -> Response:
    now, override = emulator.now(), bool(request.params.get("overrideUnlockedRetention"))
    with emulator.store.transaction():
        row = _find(emulator, request)
        Preconditions.of(request.params).require(row["generation"], row["metageneration"])
        old, bucket = json.loads(row["resource"]), json.loads(row_lookup.bucket(emulator, row["bucket"])["resource"])
        wanted = object_fields.changed(old, request.body or {}, replace=replace)
        stored = retention.changed(old, wanted, bucket, now, override=override)
        emulator.store.run(
            "UPDATE storage_objects SET resource = ?, metageneration = metageneration + 1, updated = ?"
            " WHERE bucket = ? AND name = ? AND generation = ?",
            *(json.dumps(stored), rfc3339.milliseconds(now), row["bucket"], row["name"], row["generation"]),
        )
    return _answer(row_lookup.object_(emulator, row["bucket"], row["name"], row["generation"]), request)


async def objects_delete(emulator: Emulator, request: Request) -> Response:
    """Deletes an object. With versioning its live generation becomes noncurrent, unless `generation` names it."""
    row = _find(emulator, request)
    Preconditions.of(request.params).require(row["generation"], row["metageneration"])
    commit.delete(emulator, row, permanently=request.params.get("generation") is not None)
    return Response(status=204)


def _find(emulator: Emulator, request: Request) -> sqlite3.Row:
    params = request.params
    return row_lookup.object_(emulator, params["bucket"], params["object"], params.get("generation"))


def _answer(row: sqlite3.Row, request: Request) -> Response:
    return Response(body=resource_json.object_(row, request.base_url, request.params.get("projection")))
