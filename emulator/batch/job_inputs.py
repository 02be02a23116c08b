"""What a job takes from the bucket, and keeps until it ends: its input files and its model."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.batch.job_errors import JobFailed
from emulator.core import disk_errors
from emulator.ml import tables
from emulator.storage.object_store import StoredObject
from gcp import errors
from resources.storage.rules import split_uri

if TYPE_CHECKING:
    from emulator.app import Emulator

MOST_FILES = 10_000
_NAMES = "names"


def matching(emulator: Emulator, uri: str) -> list[StoredObject]:
    """The objects that a path means: `*` and `?` stand for parts of a name without a slash, `**` for any.

    Raises:
        JobFailed: there is none.
    """
    bucket, pattern = split_uri(uri)
    prefix = re.split(r"[*?]", pattern, maxsplit=1)[0]
    wanted = re.compile("".join(_SIGNS.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*|\?)", pattern)))
    try:
        found = [item for item in emulator.storage.objects.under(bucket, prefix) if wanted.fullmatch(item.name)]
    except errors.NotFound:
        found = []
    found = [item for item in found if not item.name.endswith("/")]
    if not found:
        raise JobFailed(f"No file matches {uri}, or its bucket cannot be read.")
    return found


_SIGNS = {"**": "(?s:.*)", "*": "[^/]*", "?": "[^/]"}


def link(emulator: Emulator, paths: list[str], folder: Path) -> list[str]:
    """Gives each input file a further name, its number in `folder`; returns the objects' URIs in that order.

    Raises:
        JobFailed: a path means nothing, or all together mean too much.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found: dict[str, Path] = {}
    for path in paths:
        bucket, _ = split_uri(path)
        found |= {f"gs://{bucket}/{item.name}": item.file for item in matching(emulator, path)}
    if len(found) > MOST_FILES:
        raise JobFailed(f"The input paths match {len(found)} files, and the most is {MOST_FILES}.")
    for number, file in enumerate(found.values()):
        disk_errors.link(file, folder / str(number))
    (folder / _NAMES).write_text(json.dumps(list(found)), encoding="utf-8")
    return list(found)


def linked(folder: Path) -> list[str]:
    """What `link` returned; a job that is gone on with asks for it."""
    names: list[str] = json.loads((folder / _NAMES).read_bytes())
    return names


def version_of(emulator: Emulator, given: Mapping[str, Any]) -> sqlite3.Row | None:
    """The version that a job's input names, a model's default version among them; None for a job with a `uri`.

    Raises:
        NotFound: there is no such model or version.
        FailedPrecondition: the version is not READY, or the model has no default version.
    """
    name = given.get("versionName")
    if given.get("modelName"):
        model = tables.model(emulator.store, *tables.split(given["modelName"]))
        if not model["default_version"]:
            raise errors.FailedPrecondition(f"{given['modelName']} has no default version.")
        name = f"{given['modelName']}/versions/{model['default_version']}"
    if not name:
        return None
    project, parent, version = tables.split(name)
    row = tables.version(emulator.store, project, parent, version)
    if row["state"] not in tables.ANSWERING:
        raise errors.FailedPrecondition(f"{name} is {row['state']}: only a READY version predicts.")
    return row


async def fetch_model(emulator: Emulator, given: Mapping[str, Any], folder: Path) -> None:
    """Gives the files of a job's model further names in `folder`. Raises `JobFailed`."""
    await emulator.remove_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        row = version_of(emulator, given)
        if row is None:
            await emulator.copies.copy_to(given["uri"], folder, "job.predictionInput.uri", mls1=False)
        else:
            shutil.copytree(emulator.data / "models" / row["folder"], folder, copy_function=_link)
    except (errors.NotFound, errors.FailedPrecondition) as exc:
        raise JobFailed(exc.message) from exc


def _link(file: str, target: str) -> None:
    disk_errors.link(Path(file), Path(target))


def settings(row: sqlite3.Row) -> dict[str, Any]:
    """The `predictionInput` of a job."""
    found: dict[str, Any] = json.loads(row["body"])["predictionInput"]
    return found


def output_of(given: Mapping[str, Any]) -> str:
    """The format of a job's results: `CSV`, or `JSON` for lines of it."""
    return "CSV" if given.get("outputDataFormat") == "CSV" else "JSON"
