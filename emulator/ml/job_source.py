"""What the jobs of this API do, and where their models come from."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from emulator.core import disk_errors
from emulator.core.job_spec import JobSpec
from emulator.core.store import Store
from emulator.ml import tables
from emulator.ml.saved_model_copies import SavedModelCopies
from gcp import errors
from resources.ml.jobs import rules


class JobSource:
    """Reads jobs.

    Args:
        store: the database.
        copies: copies SavedModels from buckets.
        folder: holds the versions' own copies of their SavedModels.
    """

    def __init__(self, store: Store, copies: SavedModelCopies, folder: Path) -> None:
        self._store, self._copies, self._folder = store, copies, folder

    def spec_of(self, row: sqlite3.Row) -> JobSpec:
        """What the job of a row does."""
        given = json.loads(row["body"])["predictionInput"]
        return JobSpec(
            inputs=given["inputPaths"],
            output=given["outputPath"],
            row_format="JSON" if given["dataFormat"] == "TEXT" else given["dataFormat"],
            output_format="CSV" if given.get("outputDataFormat") == "CSV" else "JSON",
            signature=given.get("signatureName", ""),
            batch_size=int(given.get("batchSize", rules.DEFAULT_BATCH)),
            workers=int(given.get("maxWorkerCount", rules.DEFAULT_WORKERS)),
            fetch_model=partial(self._fetch_model, given),
        )

    def version_of(self, given: Mapping[str, Any]) -> sqlite3.Row | None:
        """The version that a job's input names, or the default version of its model; None for a job with a `uri`.

        Raises:
            NotFound: there is no such model or version.
            FailedPrecondition: the version is not READY, or the model has no default version.
        """
        name = given.get("versionName")
        if given.get("modelName"):
            model = tables.model(self._store, *tables.split(given["modelName"]))
            if not model["default_version"]:
                raise errors.FailedPrecondition(f"{given['modelName']} has no default version.")
            name = f"{given['modelName']}/versions/{model['default_version']}"
        if not name:
            return None
        project, parent, version = tables.split(name)
        row = tables.version(self._store, project, parent, version)
        if row["state"] not in tables.ANSWERING:
            raise errors.FailedPrecondition(f"{name} is {row['state']}: only a READY version predicts.")
        return row

    async def _fetch_model(self, given: Mapping[str, Any], folder: Path) -> None:
        """Gives the files of a job's model further names in `folder`. Raises as `version_of` does."""
        row = self.version_of(given)
        if row is None:
            await self._copies.copy_to(given["uri"], folder, "job.predictionInput.uri", mls1=False)
        else:
            shutil.copytree(self._folder / row["folder"], folder, copy_function=_link)


def _link(file: str, target: str) -> None:
    disk_errors.link(Path(file), Path(target))
