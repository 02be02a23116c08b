"""The versions of this API that another one can take over."""

from __future__ import annotations

import json
from pathlib import Path

from emulator.core.store import Store
from emulator.hosting.interfaces import MigratableVersion
from emulator.ml import tables


def migratable(store: Store, folder: Path) -> list[MigratableVersion]:
    """All READY versions, by name.

    Args:
        store: the database.
        folder: holds the versions' own copies of their SavedModels.
    """
    rows = store.all("SELECT * FROM versions WHERE state = 'READY' ORDER BY project, model, name")
    return [
        MigratableVersion(
            name=tables.key_of(row),
            uri=json.loads(row["body"])["deploymentUri"],
            runtime=json.loads(row["body"]).get("runtimeVersion", ""),
            folder=folder / row["folder"],
            updated=row["created"],
        )
        for row in rows
    ]
