"""The work of a migration. It may run again after a crash: versions that are already migrated are skipped."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.core.clock import Clock
from emulator.core.operations import Finish, Work
from emulator.core.store import Store
from emulator.hosting.interfaces import MigratableVersion
from emulator.vertex import names, operation_subjects, stored_resources, tables
from emulator.vertex.handlers import migratable_resources
from emulator.vertex.operation_subjects import message, request_of
from emulator.vertex.serving.artifacts import Artifacts
from gcp import errors

_IMAGE = "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-{minor}:latest"
_LAST_MINOR = 15


class MigrationWork:
    """The work of a migration.

    Args:
        store: the database.
        clock: gives the times of creation.
        artifacts: the versions' own copies of their artifacts.
        versions: the versions that can be migrated.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        artifacts: Artifacts,
        versions: Callable[[], Sequence[MigratableVersion]],
    ) -> None:
        self._store, self._clock, self._artifacts, self._versions = store, clock, artifacts, versions

    def works(self) -> Mapping[str, Work]:
        """Type -> its work."""
        return {"BATCH_MIGRATE": Work(run=self._migrate, fail=_nothing)}

    async def _migrate(self, operation: sqlite3.Row) -> Finish:
        place, wanted = operation_subjects.place_of(operation), request_of(operation)["wanted"]
        known = {version.name: version for version in self._versions()}
        for each in wanted:
            if each["version"] not in known:
                raise errors.NotFound(f"The version does not exist any more: {each['version']}")
            self._artifacts.duplicate_folder(known[each["version"]].folder, each["folder"])

        def finish() -> dict[str, Any]:
            made = [self._made(place, each, known[each["version"]]) for each in wanted]
            return message(operation, "BatchMigrateResourcesResponse", {"migrateResourceResponses": made})

        return finish

    def _made(self, place: names.Place, wanted: Mapping[str, str], version: MigratableVersion) -> dict[str, Any]:
        """Writes the model of a version; returns its part of the response."""
        now = self._clock.now().isoformat()
        shown = wanted["name"] or "-".join(version.name.split("/")[3::2])
        minor = version.runtime.partition(".")[2]
        image = _IMAGE.format(minor=min(int(minor) if minor.isdecimal() else _LAST_MINOR, _LAST_MINOR))
        body = {"artifactUri": version.uri, "containerSpec": {"imageUri": image}}
        tables.add_model(self._store, place, wanted["id"], {"displayName": shown}, now)
        model = tables.model(self._store, f"{place.name}/models/{wanted['id']}")
        tables.add_version(self._store, model, body, wanted["folder"], [names.DEFAULT], now)
        mark = stored_resources.migration_name(place, version.name)
        if stored_resources.find(self._store, mark):
            stored_resources.change(self._store, mark, {}, now)
        else:
            stored_resources.add(self._store, mark, {}, now)
        resource = migratable_resources.item(self._store, place, version)
        return {"model": tables.model_name(model), "migratableResource": resource}


def _nothing(_operation: sqlite3.Row, _message: str) -> None:
    """Does nothing: a failed migration has changed nothing."""
