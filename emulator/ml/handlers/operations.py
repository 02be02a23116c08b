"""`ml.projects.operations.*`, and the same methods under `locations`."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.ml import list_pages, operation_subjects, tables
from emulator.rest.request import Request, Response


class OperationMethods:
    """The methods of operations.

    Args:
        store: the database.
        operations: the operations of all APIs.
    """

    def __init__(self, store: Store, operations: Operations) -> None:
        self._store, self._operations = store, operations

    async def projects_operations_get(self, request: Request) -> Response:
        """An operation. Those that ended last are kept, as many as the settings say, and those that have not ended."""
        return Response(body=self._operations.to_json(self._find(request.params["name"])))

    async def projects_operations_list(self, request: Request) -> Response:
        """The operations of a project, the latest first. See `list_pages` for filters (`done:true`)."""
        (project,) = tables.split(request.params["name"])
        size, test = list_pages.size_of(request), list_pages.filter_of(request)
        before = _before(list_pages.after_of(request))
        found: list[tuple[int, dict[str, Any]]] = []
        query = "SELECT * FROM operations WHERE api = ? AND project = ? AND number < ? ORDER BY number DESC LIMIT ?"
        own = operation_subjects.API
        while len(found) <= size and (rows := self._store.all(query, own, project, before, size + 1)):
            items = ((row["number"], self._operations.to_json(row)) for row in rows)
            found += [(number, item) for number, item in items if test({"done": False, **item})]
            before = rows[-1]["number"]
        body: dict[str, Any] = {"operations": [item for _, item in found[:size]]} if found else {}
        if len(found) > size:
            body["nextPageToken"] = list_pages.token(str(found[size - 1][0]))
        return Response(body=body)

    async def projects_operations_cancel(self, request: Request) -> Response:
        """Asks an operation to stop: the creation of a version ends with code 1, others run to their end."""
        self._operations.cancel(self._find(request.params["name"]))
        return Response(body={})

    async def projects_locations_operations_get(self, request: Request) -> Response:
        """The same operation, asked for by its region."""
        return await self.projects_operations_get(request)

    async def projects_locations_operations_cancel(self, request: Request) -> Response:
        """The same, asked for by its region."""
        return await self.projects_operations_cancel(request)

    def _find(self, name: str) -> sqlite3.Row:
        parts = tables.split(name)
        row = self._operations.find(parts[0], parts[-1])
        if row is None:
            raise tables.missing("operation", name)
        return row


def _before(last: str) -> int:
    """The number that those of a page are below."""
    try:
        return int(last) if last else 2**62
    except ValueError:
        raise list_pages.wrong_token() from None
