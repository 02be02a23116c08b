"""Turns this API's batch jobs into job specs, and finds their models."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from emulator.core import disk_errors
from emulator.core.job_spec import INSTANCES, JobSpec
from emulator.core.store import Store
from emulator.vertex import tables
from emulator.vertex.serving import containers
from emulator.vertex.serving.artifacts import Artifacts
from emulator.vertex.serving.deployed_loader import STYLE
from gcp import errors

ROW_FORMATS = {"jsonl": "JSON", "tf-record": "TF_RECORD", "tf-record-gzip": "TF_RECORD_GZIP"}
"""Format of instances: name in the API -> name for nodes."""
DEFAULT_BATCH, DEFAULT_WORKERS = 64, 10


class JobSource:
    """Reads jobs.

    Args:
        store: the database.
        artifacts: the versions' own copies of their artifacts.
    """

    def __init__(self, store: Store, artifacts: Artifacts) -> None:
        self._store, self._artifacts = store, artifacts

    def spec_of(self, row: sqlite3.Row) -> JobSpec:
        """The spec of the job in a row."""
        body = json.loads(row["body"])
        instances, resources = body.get("instanceConfig", {}), body.get("dedicatedResources", {})
        return JobSpec(
            inputs=body["inputConfig"]["gcsSource"]["uris"],
            output=output_of(row),
            row_format=ROW_FORMATS[body["inputConfig"]["instancesFormat"]],
            output_format=INSTANCES,
            signature="",
            batch_size=int(body.get("manualBatchTuningParameters", {}).get("batchSize", 0)) or DEFAULT_BATCH,
            workers=int(resources.get("maxReplicaCount", 0)) or DEFAULT_WORKERS,
            fetch_model=partial(self._fetch_model, body),
            style=STYLE,
            key_field=instances.get("keyField", ""),
            included=instances.get("includedFields", ()),
            excluded=instances.get("excludedFields", ()),
        )

    async def _fetch_model(self, body: Mapping[str, Any], folder: Path) -> None:
        """Hard-links the files of a job's model into `folder`. Raises `FailedPrecondition` and `NotFound`."""
        name = f"{body['model'].partition('@')[0]}@{body['modelVersionId']}"
        version = tables.version(self._store, name)
        spec = json.loads(version["body"])["containerSpec"]
        try:
            source = containers.saved_model(spec, self._artifacts.path(version["folder"]))
        except errors.OperationFailed as exc:
            raise errors.FailedPrecondition(str(exc)) from exc
        shutil.copytree(source, folder, copy_function=_link)


def output_of(row: sqlite3.Row) -> str:
    """The URI of a job's results folder: below the requested one, named after model and time."""
    body = json.loads(row["body"])
    prefix = body["outputConfig"]["gcsDestination"]["outputUriPrefix"].rstrip("/")
    moment = datetime.fromisoformat(row["created"]).strftime("%Y_%m_%dT%H_%M_%S")
    return f"{prefix}/prediction-{body['modelDisplayName']}-{moment}_{row['number']:03}Z"


def _link(file: str, target: str) -> None:
    disk_errors.link(Path(file), Path(target))
