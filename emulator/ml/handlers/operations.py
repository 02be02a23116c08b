"""`ml.projects.operations.*`, and their twins under `locations`."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.core import operations
from emulator.ml import list_pages, tables
from emulator.rest.request import Request, Response

if TYPE_CHECKING:
    from emulator.app import Emulator


def _find(emulator: Emulator, name: str) -> sqlite3.Row:
    parts = tables.split(name)
    row = emulator.store.one("SELECT * FROM operations WHERE project = ? AND id = ?", parts[0], parts[-1])
    if row is None:
        raise tables.missing("operation", name)
    return row


async def projects_operations_get(emulator: Emulator, request: Request) -> Response:
    """An operation. Those that ended last are kept, as many as the settings say, and those that have not ended."""
    return Response(body=operations.to_json(_find(emulator, request.params["name"])))


async def projects_operations_list(emulator: Emulator, request: Request) -> Response:
    """The operations of a project, the latest first; see `listing` for filters (`done:true`)."""
    (project,) = tables.split(request.params["name"])
    size, before, test = (
        list_pages.size_of(request),
        _before(list_pages.after_of(request)),
        list_pages.filter_of(request),
    )
    found: list[tuple[int, dict[str, Any]]] = []
    query = "SELECT * FROM operations WHERE project = ? AND number < ? ORDER BY number DESC LIMIT ?"
    while len(found) <= size and (rows := emulator.store.all(query, project, before, size + 1)):
        items = ((row["number"], operations.to_json(row)) for row in rows)
        found += [(number, item) for number, item in items if test({"done": False, **item})]
        before = rows[-1]["number"]
    body: dict[str, Any] = {"operations": [item for _, item in found[:size]]} if found else {}
    if len(found) > size:
        body["nextPageToken"] = list_pages.token(str(found[size - 1][0]))
    return Response(body=body)


def _before(last: str) -> int:
    """The number that those of a page are below."""
    try:
        return int(last) if last else 2**62
    except ValueError:
        raise list_pages.wrong_token() from None


async def projects_operations_cancel(emulator: Emulator, request: Request) -> Response:
    """Asks an operation to stop: the creation of a version ends with code 1, others run to their end."""
    emulator.operations.cancel(_find(emulator, request.params["name"]))
    return Response(body={})


async def projects_locations_operations_get(emulator: Emulator, request: Request) -> Response:
    """The same operation, asked for by its region."""
    return await projects_operations_get(emulator, request)


async def projects_locations_operations_cancel(emulator: Emulator, request: Request) -> Response:
    """The same, asked for by its region."""
    return await projects_operations_cancel(emulator, request)
