"""The input files of a job, kept from its start to its end."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from emulator.batch.buckets import Buckets
from emulator.batch.job_errors import JobFailed
from emulator.core import disk_errors
from emulator.core.files import StoredObject
from gcp import errors
from resources.storage.rules import split_uri

MOST_FILES = 10_000
_NAMES = "names"
_SIGNS = {"**": "(?s:.*)", "*": "[^/]*", "?": "[^/]"}


def link(buckets: Buckets, paths: Sequence[str], folder: Path) -> list[str]:
    """Hard-links each input file into `folder`, named by its number; returns the objects' URIs in that order.

    Raises:
        JobFailed: a path matches no file, or all together match too many.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found: dict[str, Path] = {}
    for path in paths:
        bucket, _ = split_uri(path)
        found |= {f"gs://{bucket}/{item.name}": item.file for item in _matching(buckets, path)}
    if len(found) > MOST_FILES:
        raise JobFailed(f"The input paths match {len(found)} files, and the most is {MOST_FILES}.")
    for number, file in enumerate(found.values()):
        disk_errors.link(file, folder / str(number))
    (folder / _NAMES).write_text(json.dumps(list(found)), encoding="utf-8")
    return list(found)


def linked(folder: Path) -> list[str]:
    """What `link` returned for this folder, also after a restart."""
    names: list[str] = json.loads((folder / _NAMES).read_bytes())
    return names


def _matching(buckets: Buckets, uri: str) -> list[StoredObject]:
    """The objects that a path matches, see `JobSpec.inputs`. Raises `JobFailed` if there are none."""
    bucket, pattern = split_uri(uri)
    prefix = re.split(r"[*?]", pattern, maxsplit=1)[0]
    wanted = re.compile("".join(_SIGNS.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*|\?)", pattern)))
    try:
        found = [item for item in buckets.under(bucket, prefix) if wanted.fullmatch(item.name)]
    except errors.NotFound:
        found = []
    found = [item for item in found if not item.name.endswith("/")]
    if not found:
        raise JobFailed(f"No file matches {uri}, or its bucket cannot be read.")
    return found
