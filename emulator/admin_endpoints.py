"""The paths below `/-/`: what the emulator reports of itself, and injected faults.

No path of this machine is in it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from emulator.console import details
from emulator.core import faults
from emulator.ml import tables
from emulator.ml.version_loader import scale_of
from emulator.rest import discovery
from emulator.rest.request import Response
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator

NAME = "tf2-models emulator"
_VERSIONS = "/-/versions/"


async def respond(emulator: Emulator, verb: str, path: str, content: bytes) -> Response:
    """The answer to a call below `/-/`. Raises `NotFound`, and `InvalidArgument` for faults that are none."""
    if (verb, path) == ("GET", "/-/status"):
        return Response(body=status(emulator))
    if (verb, path) == ("GET", "/-/metrics"):
        return Response(body={**emulator.metrics.to_json(), "calls": emulator.metrics.calls()})
    if (verb, path) == ("GET", "/-/jobs"):
        return Response(body={"jobs": details.jobs(emulator)})
    if verb == "GET" and path.startswith(_VERSIONS):
        return Response(body=await details.version(emulator, unquote(path.removeprefix(_VERSIONS))))
    if path == "/-/calls" and verb in ("GET", "DELETE"):
        return _calls(emulator, verb)
    if path == "/-/faults" and verb in ("GET", "PUT", "DELETE"):
        return _faults(emulator, verb, content)
    raise errors.NotFound(
        "There is GET /-/status, /-/metrics, /-/jobs and /-/versions/NAME, GET and DELETE /-/calls, and GET, PUT and"
        " DELETE /-/faults."
    )


def _calls(emulator: Emulator, verb: str) -> Response:
    if verb == "GET":
        return Response(body=dict(sorted(emulator.calls.items())))
    emulator.calls.clear()
    emulator.quota.forget()
    return Response(status=204)


def _faults(emulator: Emulator, verb: str, content: bytes) -> Response:
    if verb == "GET":
        return Response(body=emulator.faults.to_json())
    methods = {method.id for method in discovery.methods()}
    emulator.faults.replace(faults.parse(content, methods) if verb == "PUT" else [])
    return Response(status=204)


def status(emulator: Emulator) -> dict[str, Any]:
    """What runs, for how long, how it is set, and every version with its state and nodes."""
    versions = []
    for row in emulator.store.all("SELECT * FROM versions ORDER BY project, model, name"):
        key = tables.key_of(row)
        default = tables.is_default(emulator, row)
        version = {"name": key, "state": row["state"], "isDefault": default, "createTime": row["created"]}
        versions.append({**version, **_nodes(emulator, row, key)})
    return {
        "name": NAME,
        "uptime": round(time.monotonic() - emulator.started, 3),
        "settings": emulator.settings.shown(),
        "droppedRequestLogRows": emulator.requests.dropped,
        "sandbox": list(emulator.serving.sandbox),
        "quota": emulator.quota.to_json(),
        "models": _count(emulator, "SELECT count(*) AS n FROM models"),
        "buckets": _count(emulator, "SELECT count(*) AS n FROM storage_buckets"),
        "objects": _count(emulator, "SELECT count(*) AS n FROM storage_objects WHERE deleted IS NULL"),
        "runningOperations": _count(emulator, "SELECT count(*) AS n FROM operations WHERE result IS NULL"),
        "calls": sum(emulator.calls.values()),
        "versions": versions,
    }


def _nodes(emulator: Emulator, row: sqlite3.Row, key: str) -> dict[str, Any]:
    """How many nodes a version has and may have, and why it has none where it should have some."""
    scale = scale_of(json.loads(row["body"]))
    numbers = {"nodes": emulator.serving.nodes(key), "minNodes": scale.least, "maxNodes": scale.most}
    trouble = row["error"] or emulator.serving.failure(key)
    return {**numbers, "errorMessage": trouble} if trouble else numbers


def _count(emulator: Emulator, query: str) -> int:
    row = emulator.store.one(query)
    return int(row["n"]) if row else 0
