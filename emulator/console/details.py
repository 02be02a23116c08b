"""`/-/versions/NAME` and `/-/jobs`: what the page reads beside status and metrics.

They are not API methods, so the page's reads are not in the list of calls, use no quota and get no injected faults.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from emulator.batch import job_tables
from emulator.ml import tables
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator

MOST_JOBS = 20
MOST_MANIFEST_BYTES = 16 * 1024 * 1024
_MANIFEST = "manifest.json"
_NAME = re.compile(r"projects/[^/]+/models/[^/]+/versions/[^/]+")


async def version(emulator: Emulator, name: str) -> dict[str, Any]:
    """A version as the API answers it, with the manifest of its artifact.

    The manifest is read from the version's own copy of its SavedModel: it describes what serves, even if the bucket
    has changed. It is None if there is none, or if it is larger than `MOST_MANIFEST_BYTES` or not a JSON object.

    Args:
        emulator: whose version it is.
        name: `projects/P/models/M/versions/V`.

    Raises:
        errors.NotFound: there is no such version.
    """
    if not _NAME.fullmatch(name):
        raise errors.NotFound("expected /-/versions/projects/P/models/M/versions/V")
    row = tables.version(emulator, *tables.split(name))
    found = tables.version_json(emulator, row, is_default=tables.is_default(emulator, row))
    manifest = await asyncio.to_thread(_manifest, tables.folder_of(emulator, row) / _MANIFEST)
    return {"version": found, "manifest": manifest}


def _manifest(file: Path) -> dict[str, Any] | None:
    try:
        if file.stat().st_size > MOST_MANIFEST_BYTES:
            return None
        found = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def jobs(emulator: Emulator) -> list[dict[str, Any]]:
    """The latest `MOST_JOBS` jobs of all projects as the API answers them, the newest first, with their full names."""
    rows = emulator.store.all("SELECT * FROM jobs ORDER BY number DESC LIMIT ?", MOST_JOBS)
    return [{"name": f"projects/{r['project']}/jobs/{r['id']}", **job_tables.to_json(emulator, r)} for r in rows]
