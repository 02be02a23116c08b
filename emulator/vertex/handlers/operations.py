"""`aiplatform.projects.locations.*.operations.*`, below each collection and below the location; and locations."""

from __future__ import annotations

import sqlite3

from emulator.core.google_names import snake
from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.rest.request import Request, Response
from emulator.vertex import methods, names
from emulator.vertex.requests import lists
from gcp import errors

_MOST_SECONDS = 60.0
"""Maximum and default seconds of a call of `wait`."""


class OperationMethods:
    """The methods of operations, the same for all collections: see `_add_collections`.

    Args:
        store: the database.
        operations: the operations of all APIs.
    """

    def __init__(self, store: Store, operations: Operations) -> None:
        self._store, self._operations = store, operations

    async def operations_get(self, request: Request) -> Response:
        """An operation, by its name below a collection or below the location."""
        return Response(body=self._operations.to_json(self._find(request.params["name"])))

    async def operations_list(self, request: Request) -> Response:
        """The operations of a location, or of one resource, the latest first."""
        own = names.numbered(request.params["name"])
        query = "SELECT * FROM operations WHERE api = ? AND project = ? ORDER BY number DESC"
        rows = self._store.all(query, methods.API, names.place(own).project)
        items = (self._operations.to_json(row) for row in rows)
        found = [item for item in items if item["name"].startswith(f"{own}/")]
        fields = {"done": lambda item: str(bool(item.get("done"))).lower()}
        return Response(body=lists.page("operations", request, found, fields))

    async def operations_cancel(self, request: Request) -> Response:
        """Asks an operation to stop. Uploads and deployments stop; other operations run to their end."""
        self._operations.cancel(self._find(request.params["name"]))
        return Response(body={})

    async def operations_delete(self, request: Request) -> Response:
        """Deletes an operation that has ended. Raises `FailedPrecondition` if it is still running."""
        row = self._find(request.params["name"])
        if not row["result"]:
            raise errors.FailedPrecondition("The operation has not ended.")
        self._operations.forget(row)
        return Response(body={})

    async def operations_wait(self, request: Request) -> Response:
        """Returns an operation once it has ended, or after `timeout`, at most a minute."""
        row = await self._operations.wait(self._find(request.params["name"]), _seconds(request.params.get("timeout")))
        return Response(body=self._operations.to_json(row))

    async def projects_locations_get(self, request: Request) -> Response:
        """Returns a location; every name is valid. Both APIs have this address at `/v1`; there, `ml` answers."""
        name = names.numbered(request.params["name"])
        return Response(body={"name": name, "locationId": names.last(name)})

    def _find(self, name: str) -> sqlite3.Row:
        own, place = names.numbered(name), names.place(name)
        row = self._operations.find(place.project, names.last(own))
        if row is None or row["api"] != methods.API:
            raise errors.NotFound(f"The Operation does not exist: {name}")
        whole = self._operations.to_json(row)["name"]
        if own not in (whole, f"{names.place(whole).name}/operations/{names.last(own)}"):
            raise errors.NotFound(f"The Operation does not exist: {name}")
        return row


def _seconds(timeout: str | None) -> float:
    """The seconds of a duration, `5s`. Raises `InvalidArgument`."""
    if not timeout:
        return _MOST_SECONDS
    try:
        return min(max(float(timeout.removesuffix("s")), 0.0), _MOST_SECONDS)
    except ValueError:
        raise errors.InvalidArgument(f"Invalid value at 'timeout' (a duration), \"{timeout}\"") from None


def _add_collections() -> None:
    """Adds a method for each method of the document: `projects_locations_models_operations_get`, ..."""
    for id_ in methods.EMULATED:
        *_, collection, last, name = id_.split(".")
        if last == "operations":
            handler = getattr(OperationMethods, f"operations_{name}")
            below = "" if collection == "locations" else f"{snake(collection)}_"
            setattr(OperationMethods, f"projects_locations_{below}operations_{name}", handler)


_add_collections()
