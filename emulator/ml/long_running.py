"""`ml.projects.operations.*`, and their twins under `locations`."""

from __future__ import annotations

import base64
import binascii
import sqlite3
from typing import TYPE_CHECKING, Any

from emulator import operations
from emulator.ml import listing, tables
from emulator.ml.checks import field_error
from emulator.request import Request, Response
from resources import errors

if TYPE_CHECKING:
    from emulator.context import Emulator

_PAGE, _MOST = 20, 100


def _find(emulator: Emulator, name: str) -> sqlite3.Row:
    parts = tables.split(name)
    row = emulator.store.one("SELECT * FROM operations WHERE project = ? AND id = ?", parts[0], parts[-1])
    if row is None:
        raise tables.missing("operation", name)
    return row


async def projects_operations_get(emulator: Emulator, request: Request) -> Response:
    """An operation. The 10,000 that ended last are kept, and what has not ended."""
    return Response(body=operations.to_json(_find(emulator, request.params["name"])))


async def projects_operations_list(emulator: Emulator, request: Request) -> Response:
    """The operations of a project, the latest first; see `listing` for filters (`done:true`)."""
    (project,) = tables.split(request.params["name"])
    size = min(request.params.get("pageSize") or _PAGE, _MOST)
    if size < 0:
        raise field_error(errors.InvalidArgument, "pageSize", "The page size must not be negative.")
    test, before = listing.filter_of(request), _before(request.params.get("pageToken"))
    found: list[tuple[int, dict[str, Any]]] = []
    query = "SELECT * FROM operations WHERE project = ? AND number < ? ORDER BY number DESC LIMIT ?"
    while len(found) <= size and (rows := emulator.store.all(query, project, before, size + 1)):
        items = ((row["number"], operations.to_json(row)) for row in rows)
        found += [(number, item) for number, item in items if test({"done": False, **item})]
        before = rows[-1]["number"]
    body: dict[str, Any] = {"operations": [item for _, item in found[:size]]} if found else {}
    if len(found) > size:
        body["nextPageToken"] = base64.urlsafe_b64encode(str(found[size - 1][0]).encode()).decode()
    return Response(body=body)


def _before(token: str | None) -> int:
    if not token:
        return 2**62
    try:
        return int(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise field_error(errors.InvalidArgument, "pageToken", "The page token is not valid.") from None


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
