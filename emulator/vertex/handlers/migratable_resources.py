"""`aiplatform.projects.locations.migratableResources.*`: migrates versions of `ml` to models."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from emulator.core.google_names import project_number
from emulator.core.operations import Operations
from emulator.core.rfc3339 import exact
from emulator.core.store import Store
from emulator.hosting.interfaces import MigratableVersion
from emulator.rest.request import Request, Response
from emulator.vertex import names, operation_subjects, stored_resources
from emulator.vertex.requests import lists
from emulator.vertex.requests.request_checks import field_error
from emulator.vertex.resource_json import version_of
from gcp import errors

ENDPOINT = "ml.googleapis.com"
_MOST = 50
_TERM = r"(NOT\s+)?(\w+):\*"
_KEYS = {
    "ml_engine_model_version": "mlEngineModelVersion",
    "last_migrate_time": "lastMigrateTime",
    "automl_model": "automlModel",
    "automl_dataset": "automlDataset",
    "data_labeling_dataset": "dataLabelingDataset",
}


class MigratableResources:
    """The methods of migration.

    Args:
        store: the database.
        operations: runs migrations.
        versions: the versions that can be migrated.
    """

    def __init__(
        self, store: Store, operations: Operations, versions: Callable[[], Sequence[MigratableVersion]]
    ) -> None:
        self._store, self._operations, self._versions = store, operations, versions

    async def projects_locations_migratable_resources_search(self, request: Request) -> Response:
        """The READY versions of `ml` in the project. A filter selects kinds, and versions that were migrated (`:*`)."""
        place = names.place(request.params["parent"])
        found = [
            item(self._store, place, version)
            for version in self._versions()
            if project_number(version.name.split("/")[1]) == place.project
        ]
        for text in filter(None, re.split(r"\s+AND\s+", request.body.get("filter", "").strip())):
            term = re.fullmatch(_TERM, text)
            if term is None or term[2] not in _KEYS:
                raise field_error("filter", f"{text!r} is not supported: write KIND:* or NOT KIND:*, joined by AND.")
            found = [each for each in found if (_KEYS[term[2]] in each) != bool(term[1])]
        request.params.update({key: request.body.get(key) for key in ("pageSize", "pageToken")})
        named = [{**each, "name": each["mlEngineModelVersion"]["version"]} for each in found]
        body = lists.page("migratableResources", request, named, {})
        for each in body.get("migratableResources", []):
            del each["name"]
        return Response(body=body)

    async def projects_locations_migratable_resources_batch_migrate(self, request: Request) -> Response:
        """Creates a model for each named version; returns an operation. The caller creates endpoints and deploys."""
        place, given = names.place(request.params["parent"]), request.body.get("migrateResourceRequests", [])
        if not 0 < len(given) <= _MOST:
            raise field_error("migrateResourceRequests", f"must have 1 to {_MOST} requests; it has {len(given)}.")
        known = {version.name for version in self._versions()}
        wanted: list[dict[str, Any]] = []
        for each in given:
            config = each.get("migrateMlEngineModelVersionConfig")
            if config is None:
                raise field_error("migrateResourceRequests", "must have migrateMlEngineModelVersionConfig each.")
            if config.get("modelVersion") not in known:
                raise errors.NotFound(f"The version does not exist, or is not READY: {config.get('modelVersion')}")
            new = {"id": names.new_id(), "folder": secrets.token_hex(16)}
            wanted.append({**new, "version": config["modelVersion"], "name": config.get("modelDisplayName", "")})
        new_operation = operation_subjects.new(
            "BATCH_MIGRATE", f"{place.name}/-", version_of(request.path), {"wanted": wanted}, parent=place.name
        )
        with self._store.transaction():
            number = self._operations.begin(new_operation)
        return Response(body=self._operations.start(number))


def item(store: Store, place: names.Place, version: MigratableVersion) -> dict[str, Any]:
    """A migratable resource as the API answers it."""
    found: dict[str, Any] = {
        "mlEngineModelVersion": {"endpoint": ENDPOINT, "version": version.name},
        "lastUpdateTime": exact(datetime.fromisoformat(version.updated)),
    }
    if row := stored_resources.find(store, stored_resources.migration_name(place, version.name)):
        found["lastMigrateTime"] = exact(datetime.fromisoformat(row["updated"]))
    return found
