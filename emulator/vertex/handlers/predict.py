"""`aiplatform.projects.locations.endpoints.predict`, `rawPredict` and `streamRawPredict`."""

from __future__ import annotations

import asyncio
import base64
import bisect
import itertools
import json
import random
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import orjson

from emulator.core.calls.metrics import Metrics
from emulator.core.clock import Clock
from emulator.core.predictions import PREDICTIONS, Answer
from emulator.core.store import Store
from emulator.hosting.interfaces import Nodes
from emulator.hosting.model_loader import ModelLoader
from emulator.rest import error_body
from emulator.rest.fast_predict import Node, PredictRoute, Rendered
from emulator.rest.request import Request, Response
from emulator.vertex import methods, tables
from emulator.vertex.serving import prediction_envelope
from emulator.vertex.serving.prediction_envelope import Server
from emulator.vertex.serving.traffic import Traffic
from gcp import errors

SHARED_BYTES, DEDICATED_BYTES = 1_572_864, 10 * 1024 * 1024
"""The largest bodies on a shared and on a dedicated endpoint."""
_MOST_SECONDS = 60.0
SUFFIXES = (":predict", ":rawPredict")
"""Suffixes of prediction paths."""
_PATH = r"/v1(?:beta1)?/(projects/[^/%]+/locations/[^/%]+/endpoints/[^/%]+)"
_FIELDS = {"endpoint", "instances", "labels", "parameters"}
"""Fields of a request. `endpoint` is in the path already, but generated clients repeat it in the body."""


class Asked(NamedTuple):
    """An endpoint that gets a request.

    Attributes:
        name: its full name.
        servers: its deployed models with traffic.
        sums: running sums of their shares, in percent.
        until: when the next split takes effect; None if there is none.
        most_bytes: the largest body.
        seconds: timeout of a prediction.
    """

    name: str
    servers: Sequence[Server]
    sums: Sequence[int]
    until: datetime | None
    most_bytes: int
    seconds: float


class Predict:
    """The methods that predict.

    Args:
        store: the database.
        clock: gives the time of answers.
        nodes: the nodes of deployed models.
        models: waits for models that are being reloaded.
        traffic: which split is in effect.
        metrics: counts predictions by deployed model.
    """

    def __init__(
        self, store: Store, clock: Clock, nodes: Nodes, models: ModelLoader, traffic: Traffic, metrics: Metrics
    ) -> None:
        self._store, self._clock, self._nodes = store, clock, nodes
        self._models, self._traffic, self._metrics = models, traffic, metrics

    async def projects_locations_endpoints_predict(self, request: Request) -> Response:
        """Predicts with a deployed model, chosen at random by the traffic split. Callers cannot choose one."""
        return await self._respond(request, _checked, prediction_envelope.predicted)

    async def projects_locations_endpoints_raw_predict(self, request: Request) -> Response:
        """Like `predict`, but request and response are the container's own."""
        return await self._respond(request, _unwrapped, prediction_envelope.raw)

    async def projects_locations_endpoints_stream_raw_predict(self, request: Request) -> Response:
        """Like `rawPredict`: the response is not streamed."""
        return await self._respond(request, _unwrapped, prediction_envelope.raw)

    async def _respond(
        self, request: Request, read: Callable[[bytes], bytes], render: Callable[[Server, Answer], Rendered]
    ) -> Response:
        asked = self.resolve(request.params["endpoint"])
        try:
            body = read(await request.read(asked.most_bytes))
        except ValueError:
            raise errors.InvalidArgument(f"Request payload size exceeds the limit: {asked.most_bytes} bytes.") from None
        server, began, answer = _choose(asked), time.perf_counter(), None
        await self._models.ready(server.key)
        try:
            answer = await asyncio.wait_for(self._nodes.predict(server.key, body), asked.seconds)
        except asyncio.TimeoutError:
            raise errors.DeadlineExceeded(f"The model did not answer within {asked.seconds:g} s.") from None
        finally:
            self._remember(server, [body], answer, time.perf_counter() - began, self._clock.now())
        status, headers, content = render(server, answer)
        return Response(body=b"".join(content), status=status, headers=dict(headers))

    def resolve(self, name: str) -> Asked:
        """The endpoint with its current servers.

        Raises:
            NotFound: the endpoint does not exist.
            FailedPrecondition: no deployed model has traffic.
        """
        row = tables.endpoint(self._store, name)
        split, until = self._traffic.now_and_next(row)
        deployed = {each["id"]: each for each in tables.deployed_models(self._store, row)}
        found = [(deployed[id_], share) for id_, share in split.items() if id_ in deployed and share]
        if split and not found:  # all models of the old split are undeployed: use the next split at once
            found = [(deployed[id_], share) for id_, share in json.loads(row["split"]).items() if id_ in deployed]
        if not found:
            text = f"Endpoint {tables.endpoint_name(row)} has no traffic_split: no deployed model gets requests."
            raise errors.FailedPrecondition(text)
        servers = [self._server(each, share) for each, share in found]
        body = json.loads(row["body"])
        dedicated = bool(body.get("dedicatedEndpointEnabled"))
        timeout = body.get("clientConnectionConfig", {}).get("inferenceTimeout", "")
        seconds = min(float(timeout.removesuffix("s") or _MOST_SECONDS), _MOST_SECONDS)
        most = DEDICATED_BYTES if dedicated else SHARED_BYTES
        sums = list(itertools.accumulate(server.share for server in servers))
        return Asked(name, servers, sums, until, most, seconds)

    def _server(self, row: sqlite3.Row, share: int) -> Server:
        model = tables.model(self._store, tables.deployed_model_name(row))
        return Server.of(row, share, tables.model_name(model), json.loads(model["body"])["displayName"])

    def routes(self) -> list[PredictRoute[Asked, Server]]:
        """Predictions for `fast_predict`."""
        kinds = (
            (methods.PREDICT, prediction_envelope.predicted, partial(_read, b'"signature_name"', _checked)),
            (methods.RAW_PREDICT, prediction_envelope.raw, partial(_read, b'"httpBody"', _unwrapped)),
        )
        return [
            PredictRoute(
                method=method,
                suffix=suffix,
                pattern=re.compile(_PATH + suffix),
                most_bytes=SHARED_BYTES,
                resolve=self.resolve,
                node=self._node,
                render=render,
                remember=self._remember,
                error_body=error_body.canonical,
                read=read,
            )
            for suffix, (method, render, read) in zip(SUFFIXES, kinds, strict=True)
        ]

    def _node(self, asked: Asked) -> tuple[Server, Node] | None:
        if (asked.until and self._clock.now() >= asked.until) or asked.seconds < _MOST_SECONDS:
            return None  # a new split is due although no row changed, or the prediction needs a timeout
        server = _choose(asked)
        node = self._nodes.idlest(server.key)
        return (server, node) if node else None

    def _remember(
        self, server: Server, _body: Sequence[bytes], answer: Answer | None, seconds: float, _at: datetime
    ) -> None:
        self._metrics.record(server.key, seconds, failed=answer is None or answer.kind != PREDICTIONS)


def _choose(asked: Asked) -> Server:
    if len(asked.servers) == 1:
        return asked.servers[0]
    return asked.servers[bisect.bisect(asked.sums, random.random() * asked.sums[-1])]  # noqa: S311  # no secret


def _read(sign: bytes, read: Callable[[bytes], bytes], body: list[bytes]) -> list[bytes]:
    """A body in pieces. It is parsed only if it may contain something unusual. Raises `ApiError`."""
    if any(sign in piece for piece in body) or (len(body) > 1 and sign in b"".join(body)):
        return [read(b"".join(body))]
    return body


def _checked(body: bytes) -> bytes:
    """Checks a body of `predict`. Raises `InvalidArgument` for an unknown field."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body  # NaN, perhaps: the node says what is wrong
    for name in document.keys() - _FIELDS if isinstance(document, dict) else ():
        raise errors.InvalidArgument(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
    return body


def _unwrapped(body: bytes) -> bytes:
    """The container's body in a `rawPredict`: generated clients wrap it in `httpBody`, others send it as it is."""
    if b'"httpBody"' not in body:
        return body
    try:
        return base64.b64decode(orjson.loads(body)["httpBody"].get("data", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return body
