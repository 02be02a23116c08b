"""Objects made of objects: `storage.objects.copy`, `rewrite` and `compose`.

A copy names the same file as its source, so it takes no time and no space; the file goes with the last of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator.rest.request import Request, Response
from emulator.storage import blobs, names, resource_json, retention, row_lookup
from emulator.storage.commit import NewObject, delete, put
from emulator.storage.fields import object_fields
from emulator.storage.preconditions import Preconditions
from emulator.storage.uploads import promised_checksums
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator

_MOST_COMPONENTS = 32
_MIB = 2**20


async def objects_copy(emulator: Emulator, request: Request) -> Response:
    """Copies an object, with its metadata or, where the body gives some, with that instead."""
    row = _copy(emulator, request)
    return Response(body=resource_json.object_(row, request.base_url, request.params.get("projection")))


async def objects_move(emulator: Emulator, request: Request) -> Response:
    """Gives an object of a bucket another name, with its metadata; its old name ends in the same moment."""
    params = request.params
    names.check_object(params["destinationObject"])
    if params["sourceObject"] == params["destinationObject"]:
        raise errors.InvalidArgument("The source and the destination of a move must differ.")
    source = row_lookup.object_(emulator, params["bucket"], params["sourceObject"], None)
    Preconditions.of(params, "ifSource").require(source["generation"], source["metageneration"])
    fields = {key: value for key, value in json.loads(source["resource"]).items() if key != retention.RELEASED}
    new = replace(_of_row(source, fields), name=params["destinationObject"])
    row = put(emulator, new, Preconditions.of(params), lambda _: _end(emulator, [source]))
    return Response(body=resource_json.object_(row, request.base_url, params.get("projection")))


async def objects_rewrite(emulator: Emulator, request: Request) -> Response:
    """Copies an object. `maxBytesRewrittenPerCall` bounds a call where the buckets differ in location or class.

    The bytes are there after the last call only; before it, `rewriteToken` says how far the copy is.
    """
    answer = _part(emulator, request)
    if answer is not None:
        return Response(body=answer)
    row = _copy(emulator, request)
    return Response(
        body={
            "kind": "storage#rewriteResponse",
            "done": True,
            "objectSize": str(row["size"]),
            "totalBytesRewritten": str(row["size"]),
            "resource": resource_json.object_(row, request.base_url, request.params.get("projection")),
        }
    )


def _part(emulator: Emulator, request: Request) -> dict[str, Any] | None:
    """What a call answers that does not end the copy; None where this is the last one."""
    params = request.params
    most, token = params.get("maxBytesRewrittenPerCall"), params.get("rewriteToken")
    source = row_lookup.object_(
        emulator, params["sourceBucket"], params["sourceObject"], params.get("sourceGeneration")
    )
    if not most or _near(emulator, params):
        return None
    if most % _MIB:
        raise errors.InvalidArgument("maxBytesRewrittenPerCall must be a multiple of 1048576.")
    place = f"{params['destinationBucket']}/{params['destinationObject']}"
    known = f"{_bound(place, source['generation'], most)}-"
    if token and not (token.startswith(known) and token.removeprefix(known).isdecimal()):
        raise errors.InvalidArgument("The rewriteToken is not valid for this request.")
    done = (int(token.removeprefix(known)) if token else 0) + most
    if done >= source["size"]:
        return None
    sizes = {"totalBytesRewritten": str(done), "objectSize": str(source["size"])}
    return {"kind": "storage#rewriteResponse", "done": False, "rewriteToken": f"{known}{done}", **sizes}


def _bound(*facts: object) -> str:
    """What a token is bound to."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def _near(emulator: Emulator, params: dict[str, Any]) -> bool:
    """Whether no byte has to move: the buckets share location and storage class."""
    places = [
        json.loads(row_lookup.bucket(emulator, params[f"{end}Bucket"])["resource"]) for end in ("source", "destination")
    ]
    return len({(place["location"], place["storageClass"]) for place in places}) == 1


def _copy(emulator: Emulator, request: Request) -> sqlite3.Row:
    params = request.params
    names.check_object(params["destinationObject"])
    source = row_lookup.object_(
        emulator, params["sourceBucket"], params["sourceObject"], params.get("sourceGeneration")
    )
    Preconditions.of(params, "ifSource").require(source["generation"], source["metageneration"])
    bucket, name = params["destinationBucket"], params["destinationObject"]
    fields = _fields(emulator, bucket, request.body, json.loads(source["resource"]))
    new = replace(_of_row(source, fields), bucket=bucket, name=name)
    return put(emulator, new, Preconditions.of(params))


def _of_row(row: sqlite3.Row, fields: dict[str, Any]) -> NewObject:
    """An object of the same bytes and of these fields."""
    kept = {key: row[key] for key in ("bucket", "name", "blob", "size", "crc32c", "md5", "components")}
    return NewObject(**kept, resource=fields)


def _fields(emulator: Emulator, bucket: str, body: dict[str, Any] | None, source: dict[str, Any]) -> dict[str, Any]:
    """The fields of a copy. ACLs, holds and the storage class are not the source's: they belong to its bucket."""
    left = {"acl", "eventBasedHold", "retention", "storageClass", "temporaryHold"}
    given = body or {key: value for key, value in source.items() if key not in left}
    return object_fields.given(given, json.loads(row_lookup.bucket(emulator, bucket)["resource"]), emulator.now())


async def objects_compose(emulator: Emulator, request: Request) -> Response:
    """Joins up to 32 objects of one bucket into one, which has no MD5 hash; `deleteSourceObjects` ends the sources.

    Without a `contentType` in `destination` it has none. Checksums of the `destination` are ignored, because gcloud
    copies the whole resource of the first source; those of `x-goog-hash` are verified.
    """
    body, params = request.body or {}, request.params
    bucket, name = params["destinationBucket"], params["destinationObject"]
    names.check_object(name)
    sources = _sources(emulator, bucket, body.get("sourceObjects") or [])
    stored = json.loads(row_lookup.bucket(emulator, bucket)["resource"])
    fields = object_fields.given(body.get("destination") or {}, stored, emulator.now())
    promised = promised_checksums.expected({}, request.headers)
    with blobs.writing(emulator) as writer, contextlib.ExitStack() as opened:
        # Opened here and now: a source that is deleted in the meantime is still joined.
        files = [opened.enter_context(blobs.path(emulator, row["blob"]).open("rb")) for row in sources]
        await asyncio.to_thread(blobs.concatenate, files, writer)
        promised_checksums.verify(writer.digest, promised)
        new = NewObject(
            bucket=bucket,
            name=name,
            blob=writer.blob,
            size=writer.size,
            crc32c=writer.digest.crc32c,
            md5=None,
            components=sum(row["components"] or 1 for row in sources),
            resource=fields,
        )
        ended = _unique(sources) if body.get("deleteSourceObjects") else []
        row = put(emulator, new, Preconditions.of(params), lambda _: _end(emulator, ended))
    blobs.remove_unused(emulator, [source["blob"] for source in ended])
    return Response(body=resource_json.object_(row, request.base_url))


def _unique(sources: list[sqlite3.Row]) -> list[sqlite3.Row]:
    """Each source once: an object may be joined to itself."""
    return list({(row["name"], row["generation"]): row for row in sources}.values())


def _end(emulator: Emulator, sources: list[sqlite3.Row]) -> None:
    """Ends sources that are still live: one of the same name as the result has ended already."""
    for row in sources:
        current = row_lookup.live(emulator, row["bucket"], row["name"])
        if current is not None and current["generation"] == row["generation"]:
            delete(emulator, row, permanently=False)


def _sources(emulator: Emulator, bucket: str, wanted: list[dict[str, Any]]) -> list[sqlite3.Row]:
    if not 1 <= len(wanted) <= _MOST_COMPONENTS:
        raise errors.InvalidArgument(
            f"The number of source components provided ({len(wanted)}) must be between 1 and {_MOST_COMPONENTS}."
        )
    sources = []
    for source in wanted:
        generation = source.get("generation")
        row = row_lookup.object_(
            emulator, bucket, source.get("name") or "", None if generation is None else int(generation)
        )
        needed = (source.get("objectPreconditions") or {}).get("ifGenerationMatch")
        conditions = Preconditions(generation=None if needed is None else int(needed))
        conditions.require(row["generation"], row["metageneration"])
        sources.append(row)
    return sources
