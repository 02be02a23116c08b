"""`ml.projects.predict`: the request goes to a node of the version as it came; its answer goes into the envelope."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import MutableMapping, Sequence
from datetime import datetime
from typing import NamedTuple

from emulator.core.calls.metrics import Metrics
from emulator.core.clock import Clock
from emulator.core.predictions import PREDICTIONS, Answer
from emulator.core.store import Store
from emulator.hosting.interfaces import Nodes
from emulator.ml import prediction_envelope, request_log, tables
from emulator.ml.request_checks import field_error
from emulator.ml.request_log import RequestLog
from emulator.ml.version_loader import VersionLoader
from emulator.rest import error_body
from emulator.rest.fast_predict import Node, PredictRoute, Rendered
from emulator.rest.request import Request, Response
from gcp import errors
from resources.ml import quotas

METHOD = "ml.projects.predict"
_NAME = re.compile(r"projects/([^/]+)/models/([^/]+)(?:/versions/([^/]+))?")
SUFFIX = ":predict"
"""How the paths of predictions end."""
_PATH = re.compile(rf"/v1/(projects/[^/%]+/models/[^/%]+(?:/versions/[^/%]+)?){SUFFIX}")
_HEADERS = {"content-type": "application/json; charset=utf-8"}


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


class PredictionRecord:
    """Keeps what is known of predictions after their end.

    Args:
        metrics: counts them.
        last_used: full name of a version -> when it last answered; in memory only.
        requests: samples of predictions, for versions that ask for it.
    """

    def __init__(self, metrics: Metrics, last_used: MutableMapping[str, datetime], requests: RequestLog) -> None:
        self._metrics, self._last_used, self._requests = metrics, last_used, requests

    def remember(
        self, asked: Version, body: Sequence[bytes], answer: Answer | None, seconds: float, at: datetime
    ) -> None:
        """Records a prediction.

        Args:
            asked: the version.
            body: of the request, in pieces.
            answer: of a node; None if there was none.
            seconds: from the whole request to the whole answer.
            at: when that was.
        """
        failed = answer is None or answer.kind != PREDICTIONS
        self._metrics.record(asked.key, seconds, failed=failed)
        if answer is not None:
            self._last_used[asked.key] = at
            if asked.logs:
                self._requests.offer(asked.row, b"".join(body), b"".join(prediction_envelope.body(*answer)))


class Predict:
    """The method that predicts.

    Args:
        store: the database.
        clock: gives the time of answers.
        nodes: the nodes of versions.
        loader: waits for versions that are being loaded again.
        record: keeps what is known of predictions.
    """

    def __init__(
        self, store: Store, clock: Clock, nodes: Nodes, loader: VersionLoader, record: PredictionRecord
    ) -> None:
        self._store, self._clock, self._nodes = store, clock, nodes
        self._loader, self._record = loader, record

    async def projects_predict(self, request: Request) -> Response:
        """Predicts with a version, or with the default version of a model.

        If the model itself rejects the request, the answer is 200 and `{"error": "..."}`, as Google's. The time is
        remembered as the version's `lastUseTime`, in memory only.
        """
        try:
            body = await request.read(quotas.PREDICT_BYTES)
            began = time.perf_counter()
        except ValueError:
            text = f"Request payload size exceeds the limit: {quotas.PREDICT_BYTES} bytes."
            raise errors.InvalidArgument(text) from None
        found = self.resolve(request.params["name"])
        await self._loader.ready(found.row)
        answer = None
        try:
            answer = await self._nodes.predict(found.key, body)
        finally:
            self._record.remember(found, [body], answer, time.perf_counter() - began, self._clock.now())
        return Response(body=b"".join(prediction_envelope.body(*answer)), headers=_HEADERS)

    def resolve(self, name: str) -> Version:
        """The version that answers for the full name of a model or of a version.

        Raises:
            InvalidArgument: the name is neither.
            NotFound: there is no such model or version.
            FailedPrecondition: the model has no default version, or the version is not READY.
        """
        found = _NAME.fullmatch(name)
        if found is None:
            raise field_error(errors.InvalidArgument, "name", f"{name} is not the name of a model or a version.")
        project, model, version = found.groups()
        if version is None:
            version = tables.model(self._store, project, model)["default_version"]
            if version is None:
                text = f"The model {model} has no default version: create a version first."
                raise field_error(errors.FailedPrecondition, "name", text)
        row = tables.version(self._store, project, model, version)
        if row["state"] not in tables.ANSWERING:
            raise errors.FailedPrecondition(
                "Online prediction is unavailable for this version. "
                f"Please verify that CreateVersion has completed successfully: {version} is {row['state']}."
            )
        return Version(row, tables.key_of(row), bool(request_log.config_of(row["body"])))

    def route(self) -> PredictRoute[Version, Version]:
        """The same method for `fast_predict`."""
        return PredictRoute(
            method=METHOD,
            suffix=SUFFIX,
            pattern=_PATH,
            most_bytes=quotas.PREDICT_BYTES,
            resolve=self.resolve,
            node=self._idlest,
            render=_rendered,
            remember=self._record.remember,
            error_body=error_body.canonical,
        )

    def _idlest(self, version: Version) -> tuple[Version, Node] | None:
        node = self._nodes.idlest(version.key)
        return (version, node) if node else None


def _rendered(_version: Version, answer: Answer) -> Rendered:
    return 200, _HEADERS, prediction_envelope.body(*answer)
