"""Objects made of objects: `storage.objects.copy`, `move`, `rewrite` and `compose`.

A copy names the same blob as its source, so it takes no time and no space; the last of them removes the blob.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.rest.request import Request, Response
from emulator.storage import blobs, names, resource_json, retention
from emulator.storage.object_store import NewObject, ObjectStore
from emulator.storage.preconditions import Preconditions
from emulator.storage.resource_json import object_response
from emulator.storage.uploads.upload import Upload, promised_checksums
from gcp import errors

_MOST_COMPONENTS = 32
_MIB = 2**20


class Copies:
    """The methods that make objects of objects.

    Args:
        objects: the buckets and objects.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def objects_copy(self, request: Request) -> Response:
        """Copies an object with its metadata or, if the body has any, with that of the body."""
        return object_response(self._copy(request), request.base_url, request.params)

    async def objects_move(self, request: Request) -> Response:
        """Renames an object within its bucket in one transaction; its metadata stays."""
        params = request.params
        names.check_object(params["destinationObject"])
        if params["sourceObject"] == params["destinationObject"]:
            raise errors.InvalidArgument("The source and the destination of a move must differ.")
        source = self._objects.find(params["bucket"], params["sourceObject"], None)
        Preconditions.of(params, "ifSource").require(source)
        fields = {key: value for key, value in json.loads(source["resource"]).items() if key != retention.RELEASED}
        new = _copy_of(source, params["bucket"], params["destinationObject"], fields, params)
        row = self._objects.commit(new, lambda _: self._end([source]))
        return object_response(row, request.base_url, params)

    async def objects_rewrite(self, request: Request) -> Response:
        """Copies an object. `maxBytesRewrittenPerCall` limits a call if the buckets differ in location or class.

        The copy exists only after the last call; before that, `rewriteToken` holds the progress.
        """
        progress = self._progress(request)
        if progress is not None:
            return Response(body=progress)
        row = self._copy(request)
        return Response(
            body={
                "kind": "storage#rewriteResponse",
                "done": True,
                "objectSize": str(row["size"]),
                "totalBytesRewritten": str(row["size"]),
                "resource": resource_json.object_(row, request.base_url, request.params.get("projection")),
            }
        )

    def _progress(self, request: Request) -> dict[str, Any] | None:
        """Returns the answer to a call that does not complete the copy; None if this is the last one."""
        params = request.params
        most, token = params.get("maxBytesRewrittenPerCall"), params.get("rewriteToken")
        source = self._source(params)
        if not most or self._share_location_and_class(params):
            return None
        if most % _MIB:
            raise errors.InvalidArgument("maxBytesRewrittenPerCall must be a multiple of 1048576.")
        target = f"{params['destinationBucket']}/{params['destinationObject']}"
        known = f"{_bound(target, source['generation'], most)}-"
        if token and not (token.startswith(known) and token.removeprefix(known).isdecimal()):
            raise errors.InvalidArgument("The rewriteToken is not valid for this request.")
        done = (int(token.removeprefix(known)) if token else 0) + most
        if done >= source["size"]:
            return None
        sizes = {"totalBytesRewritten": str(done), "objectSize": str(source["size"])}
        return {"kind": "storage#rewriteResponse", "done": False, "rewriteToken": f"{known}{done}", **sizes}

    def _share_location_and_class(self, params: Mapping[str, Any]) -> bool:
        """Whether the buckets share location and storage class, so that no byte has to move."""
        buckets = [self._objects.bucket_fields(params[f"{end}Bucket"]) for end in ("source", "destination")]
        return len({(bucket["location"], bucket["storageClass"]) for bucket in buckets}) == 1

    def _source(self, params: Mapping[str, Any]) -> sqlite3.Row:
        return self._objects.find(params["sourceBucket"], params["sourceObject"], params.get("sourceGeneration"))

    def _copy(self, request: Request) -> sqlite3.Row:
        """Copies an object; returns the row of the copy. ACLs, holds and the storage class are those of its bucket."""
        params = request.params
        bucket, name = params["destinationBucket"], params["destinationObject"]
        names.check_object(name)
        source = self._source(params)
        Preconditions.of(params, "ifSource").require(source)
        left_out = {"acl", "eventBasedHold", "retention", "storageClass", "temporaryHold"}
        kept = {key: value for key, value in json.loads(source["resource"]).items() if key not in left_out}
        fields = self._objects.new_fields(bucket, request.body or kept)
        return self._objects.commit(_copy_of(source, bucket, name, fields, params))

    async def objects_compose(self, request: Request) -> Response:
        """Joins up to 32 objects of a bucket into one without MD5 hash; `deleteSourceObjects` deletes the sources.

        Without `contentType` in `destination` the new object has none. Checksums of the `destination` are ignored,
        because gcloud copies the whole resource of the first source; those of `x-goog-hash` are verified.
        """
        body, params = request.body or {}, request.params
        bucket, name = params["destinationBucket"], params["destinationObject"]
        names.check_object(name)
        sources = self._sources(bucket, body.get("sourceObjects") or [])
        upload = Upload(
            bucket=bucket,
            name=name,
            resource=self._objects.new_fields(bucket, body.get("destination") or {}),
            promised=promised_checksums({}, request.headers),
            conditions=Preconditions.of(params),
        )
        ended = _unique(sources) if body.get("deleteSourceObjects") else []
        with self._objects.blobs.writing() as writer:
            await self._join(sources, writer)
            joined = replace(
                upload.received(writer.blob, writer.digest),
                md5=None,
                components=sum(row["components"] or 1 for row in sources),
            )
            row = self._objects.commit(joined, lambda _: self._end(ended))
        self._objects.blobs.remove_unused([source["blob"] for source in ended])
        return object_response(row, request.base_url, params)

    async def _join(self, sources: list[sqlite3.Row], writer: blobs.Writer) -> None:
        with contextlib.ExitStack() as opened:
            # All are opened now, so that a source that is deleted in the meantime is still joined.
            files = [opened.enter_context(self._objects.blobs.path(row["blob"]).open("rb")) for row in sources]
            await asyncio.to_thread(blobs.concatenate, files, writer)

    def _end(self, sources: list[sqlite3.Row]) -> None:
        """Ends sources that are still live: the result has already replaced one of its own name."""
        for row in sources:
            current = self._objects.live(row["bucket"], row["name"])
            if current is not None and current["generation"] == row["generation"]:
                self._objects.delete(row, permanently=False)

    def _sources(self, bucket: str, wanted: list[dict[str, Any]]) -> list[sqlite3.Row]:
        if not 1 <= len(wanted) <= _MOST_COMPONENTS:
            raise errors.InvalidArgument(
                f"The number of source components provided ({len(wanted)}) must be between 1 and {_MOST_COMPONENTS}."
            )
        sources = []
        for source in wanted:
            generation = source.get("generation")
            row = self._objects.find(bucket, source.get("name") or "", None if generation is None else int(generation))
            needed = (source.get("objectPreconditions") or {}).get("ifGenerationMatch")
            Preconditions(generation=None if needed is None else int(needed)).require(row)
            sources.append(row)
        return sources


def _copy_of(row: sqlite3.Row, bucket: str, name: str, fields: dict[str, Any], params: Mapping[str, Any]) -> NewObject:
    """Returns an object with the bytes of `row`; `params` of the request hold its conditions."""
    facts = {key: row[key] for key in ("blob", "size", "crc32c", "md5", "components")}
    return NewObject(bucket=bucket, name=name, **facts, resource=fields, conditions=Preconditions.of(params))


def _bound(*facts: object) -> str:
    """Returns a text that binds a token to these facts."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def _unique(sources: list[sqlite3.Row]) -> list[sqlite3.Row]:
    """Each source once: an object may be joined to itself."""
    return list({(row["name"], row["generation"]): row for row in sources}.values())
