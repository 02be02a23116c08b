"""`ml.projects.predict`: the request goes to a node of the version as it came; its answer goes into the envelope."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from emulator.core.predictions import PREDICTIONS, Answer
from emulator.ml import prediction_envelope, request_log, tables
from emulator.ml.request_checks import field_error
from emulator.rest.request import Request, Response
from gcp import errors
from resources.ml import quotas

if TYPE_CHECKING:
    from emulator.app import Emulator

_NAME = re.compile(r"projects/([^/]+)/models/([^/]+)(?:/versions/([^/]+))?")

HEADERS = {"content-type": "application/json; charset=utf-8"}


class Version(NamedTuple):
    """A version that answers.

    Attributes:
        row: of the table of versions.
        key: its full name.
        logs: whether its predictions may be logged.
    """

    row: sqlite3.Row
    key: str
    logs: bool


async def projects_predict(emulator: Emulator, request: Request) -> Response:
    """Predicts with a version, or with the default version of a model.

    What the model itself refuses is answered with 200 and `{"error": "..."}`, as Google does. The time is remembered as
    the version's `lastUseTime`, in memory only.
    """
    try:
        body = await request.read(quotas.PREDICT_BYTES)
        began = time.perf_counter()
    except ValueError:
        raise errors.InvalidArgument(f"Request payload size exceeds the limit: {quotas.PREDICT_BYTES} bytes.") from None
    found = version(emulator, request.params["name"])
    await emulator.deployments.ready(found.row)
    answer = None
    try:
        answer = await emulator.serving.predict(found.key, body)
    finally:
        remember(emulator, found, [body], answer, time.perf_counter() - began, emulator.now())
    return Response(body=b"".join(prediction_envelope.body(*answer)), headers=HEADERS)


def remember(
    emulator: Emulator, asked: Version, body: Sequence[bytes], answer: Answer | None, seconds: float, at: datetime
) -> None:
    """What is kept of a prediction, after its end.

    Args:
        emulator: whose version it is.
        asked: the version.
        body: as it came, in pieces.
        answer: of a node; None where there was none.
        seconds: from the whole request to the whole answer.
        at: when that was.
    """
    failed = answer is None or answer.kind != PREDICTIONS
    emulator.metrics.record(asked.key, seconds, failed=failed)
    if answer is not None:
        emulator.last_used[asked.key] = at
        if asked.logs:
            emulator.requests.offer(asked.row, b"".join(body), b"".join(prediction_envelope.body(*answer)))


def version(emulator: Emulator, name: str) -> Version:
    """The version that answers for the full name of a model or of a version.

    Raises:
        InvalidArgument: it is no such name.
        NotFound: there is no such model or version.
        FailedPrecondition: the model has no default version, or the version is not READY.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise field_error(errors.InvalidArgument, "name", f"{name} is not the name of a model or a version.")
    project, model, version = found.groups()
    if version is None:
        version = tables.model(emulator, project, model)["default_version"]
        if version is None:
            text = f"The model {model} has no default version: create a version first."
            raise field_error(errors.FailedPrecondition, "name", text)
    row = tables.version(emulator, project, model, version)
    if row["state"] not in tables.ANSWERING:
        raise errors.FailedPrecondition(
            "Online prediction is unavailable for this version. "
            f"Please verify that CreateVersion has completed successfully: {version} is {row['state']}."
        )
    return Version(row, tables.key_of(row), bool(request_log.config_of(row["body"])))
