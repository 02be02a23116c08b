"""`storage.objects.list`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emulator.rest.request import Request, Response
from emulator.storage import resource_json
from emulator.storage.handlers import match_glob, page_tokens
from emulator.storage.names import after_prefix
from emulator.storage.object_store import OBJECTS, ObjectStore
from gcp import errors


class ObjectListing:
    """The method that lists objects.

    Args:
        objects: the buckets and objects.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def objects_list(self, request: Request) -> Response:
        """Lists the objects of a bucket by name; with `versions` also noncurrent generations.

        A page holds at most `maxResults` (1000) objects and prefixes together. `filter` is not emulated; nothing is
        `softDeleted`, and `includeFoldersAsPrefixes` has no effect because there are no folders.
        """
        params = request.params
        if params.get("filter"):
            raise errors.InvalidArgument("The parameter filter of storage.objects.list is not emulated: leave it out.")
        self._objects.bucket(params["bucket"])
        if params.get("softDeleted"):
            return Response(body={"kind": "storage#objects"})
        wanted = match_glob.compile_(params["matchGlob"]) if params.get("matchGlob") else None
        limit = page_tokens.limit(params.get("maxResults"))
        page = _Page(
            prefix=params.get("prefix") or "",
            delimiter=params.get("delimiter") or "",
            trailing=bool(params.get("includeTrailingDelimiter")),
        )
        for row in self._rows(params, page, limit):
            if wanted is not None and not wanted.matches(row["name"]):
                continue
            if len(page.items) + len(page.prefixes) >= limit and not page.covers(row["name"]):
                return Response(body=page.body(request, following=(row["name"], row["generation"])))
            page.add(row)
        return Response(body=page.body(request))

    def _rows(self, params: dict[str, Any], page: _Page, limit: int) -> Iterator[sqlite3.Row]:
        """Gives the rows to list, in order; it skips most of the rows that share a prefix which is listed already."""
        name, generation = page_tokens.start(params.get("pageToken"))
        name = max(name, page.prefix, params.get("startOffset") or "")
        end = params.get("endOffset") or None
        current = "" if params.get("versions") else "AND deleted IS NULL"
        query = (
            f"{OBJECTS} WHERE bucket = ?"
            f" AND (storage_objects.name, storage_objects.generation) >= (?, ?) {current}"
            " ORDER BY storage_objects.name, storage_objects.generation LIMIT ?"
        )
        while found := self._objects.store.all(query, params["bucket"], name, generation, limit + 1):
            for row in found:
                if not row["name"].startswith(page.prefix) or (end is not None and row["name"] >= end):
                    return
                yield row
            name, generation = found[-1]["name"], found[-1]["generation"] + 1
            if page.covers(name):
                skipped = after_prefix(page.prefixes[-1])
                if skipped is None:
                    return
                name, generation = skipped, 0


@dataclass
class _Page:
    """A page that is being filled."""

    prefix: str
    delimiter: str
    trailing: bool

    def __post_init__(self) -> None:
        self.items: list[sqlite3.Row] = []
        self.prefixes: list[str] = []

    def folder(self, name: str) -> str | None:
        """Returns the name up to the first delimiter after the prefix, or None if there is none."""
        if not self.delimiter:
            return None
        at = name.find(self.delimiter, len(self.prefix))
        return None if at < 0 else name[: at + len(self.delimiter)]

    def covers(self, name: str) -> bool:
        """Whether `name` is only part of the last prefix on this page, and so takes no further entry."""
        folder = self.folder(name)
        return bool(self.prefixes) and folder == self.prefixes[-1] and not (self.trailing and folder == name)

    def add(self, row: sqlite3.Row) -> None:
        folder = self.folder(row["name"])
        if folder is None:
            self.items.append(row)
            return
        if not self.prefixes or self.prefixes[-1] != folder:
            self.prefixes.append(folder)
        if self.trailing and folder == row["name"]:
            self.items.append(row)

    def body(self, request: Request, following: tuple[str, int] | None = None) -> dict[str, Any]:
        projection = request.params.get("projection")
        body: dict[str, Any] = {"kind": "storage#objects"}
        if self.items:
            body["items"] = [resource_json.object_(row, request.base_url, projection) for row in self.items]
        if self.prefixes:
            body["prefixes"] = self.prefixes
        if following is not None:
            body["nextPageToken"] = page_tokens.token(*following)
        return body
