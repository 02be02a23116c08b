"""Predictions that need nothing but a node that is ready: answered without a task, a handler or a query of their own.

They are checked, counted and recorded by the same functions as every other call. Whatever is unusual is left to the
dispatcher: an injected fault, a version that is not ready, no node, a compressed body.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar

from emulator.core.calls.admission import Admission
from emulator.core.clock import Clock
from emulator.core.predictions import Answer
from emulator.core.store import Store
from emulator.http import gzip_coding
from emulator.http.caller_access import Access
from emulator.http.exchange import Exchange
from emulator.http.request_head import Head
from emulator.rest import response_writer
from emulator.rest.call_log import CallLog, Ended
from emulator.rest.error_body import ErrorBody
from gcp import errors

_MOST_HEADS = 1024
_UNUSUAL = ("content-encoding", "expect", "x-http-method-override")

Target = TypeVar("Target")
"""What an API knows of what a name means: of a version, or of an endpoint."""

Server = TypeVar("Server")
"""What an API knows of the one that answers a request: of a version, or of a deployed model."""

Rendered = tuple[int, Mapping[str, str], tuple[bytes, ...]]
"""Status, the API's headers, and the pieces of the body."""


class Node(Protocol):
    """A node that takes requests."""

    def submit(self, body: Sequence[bytes], done: Callable[[Answer | errors.ApiError], None]) -> object:
        """Sends a request in pieces; calls `done` with the answer. Raises `ResourceExhausted`."""


@dataclass(frozen=True, kw_only=True)
class PredictRoute(Generic[Target, Server]):
    """The method of an API that predicts.

    Attributes:
        method: its id.
        suffix: how its paths end.
        pattern: its whole path; the first group is the name of what predicts.
        most_bytes: the longest body.
        resolve: name -> what it means now. Raises `ApiError`. The result is kept until a row changes.
        node: who answers the next request, and its node; None if no node is ready.
        render: the response that a node's answer is.
        remember: records an answered prediction: who answered, body, answer or None, seconds, and when it was.
        error_body: writes errors in the API's form.
        read: what a node gets of a body. Raises `ApiError` for one that the method does not take.
    """

    method: str
    suffix: str
    pattern: re.Pattern[str]
    most_bytes: int
    resolve: Callable[[str], Target]
    node: Callable[[Target], tuple[Server, Node] | None]
    render: Callable[[Server, Answer], Rendered]
    remember: Callable[[Server, Sequence[bytes], Answer | None, float, datetime], None]
    error_body: ErrorBody
    read: Callable[[list[bytes]], list[bytes]] = lambda body: body


class _Answered(NamedTuple):
    """A prediction that has its answer, or an error in its place."""

    exchange: Exchange
    server: object
    body: list[bytes]
    began: float
    answer: Answer | errors.ApiError


class FastPredict(Generic[Target, Server]):
    """The fast path of predictions.

    Args:
        route: the method.
        store: the database; what was resolved is forgotten when a row changes.
        clock: gives the time of answers.
        access: checks who calls.
        admission: counts calls.
        calls: records calls.
    """

    def __init__(
        self,
        route: PredictRoute[Target, Server],
        store: Store,
        clock: Clock,
        access: Access,
        admission: Admission,
        calls: CallLog,
    ) -> None:
        self._route, self._store, self._clock = route, store, clock
        self._access, self._admission, self._calls = access, admission, calls
        self._names: dict[Head, str] = {}
        self._targets: dict[str, Target] = {}
        self._targets_as_of = -1
        self._answered: list[_Answered] = []

    def take(self, exchange: Exchange) -> bool | None:
        """See `server.FastPath`."""
        name = self._name(exchange.head)
        if not name or self._admission.faults.any:
            return False
        if not exchange.whole:
            exchange.room = self._route.most_bytes
            return False if exchange.size > self._route.most_bytes or exchange.crowded else None
        target = self._target(name) if exchange.size <= self._route.most_bytes else None
        found = self._route.node(target) if target is not None else None
        if found is None:
            return False
        server, node = found
        self._admission.admit(self._route.method)
        body = exchange.pieces()
        done = partial(self._end, exchange, server, body, time.perf_counter())
        try:
            node.submit(self._route.read(body), done)
        except errors.ApiError as exc:
            done(exc)
        return True

    def _name(self, head: Head) -> str:
        """The name of what should predict; empty if the request is another or unusual."""
        if not head.raw_path.endswith(self._route.suffix):
            return ""
        name = self._names.get(head)
        if name is None:
            name = self._read_name(head)
            if head.kept:
                if len(self._names) >= _MOST_HEADS:
                    self._names.clear()
                self._names[head] = name
        return name

    def _read_name(self, head: Head) -> str:
        found = self._route.pattern.fullmatch(head.raw_path)
        usual = head.verb == "POST" and not head.query and not any(name in head.headers for name in _UNUSUAL)
        if not (found and usual and head.keep_alive) or gzip_coding.taken(head.headers):
            return ""
        try:
            self._access.check(head.headers, head.verb)
        except errors.ApiError:  # the dispatcher answers it
            return ""
        return found[1]

    def _target(self, name: str) -> Target | None:
        """What answers now; None if nothing does, which the dispatcher answers."""
        changes = self._store.changes
        if changes != self._targets_as_of:
            self._targets.clear()
            self._targets_as_of = changes
        target = self._targets.get(name)
        if target is None:
            try:
                target = self._targets[name] = self._route.resolve(name)
            except errors.ApiError:
                return None
        return target

    def _end(
        self, exchange: Exchange, server: Server, body: list[bytes], began: float, answer: Answer | errors.ApiError
    ) -> None:
        """Called by the node. What ends in one turn of the loop is recorded and sent together."""
        if not self._answered:
            asyncio.get_running_loop().call_soon(self._send)
        self._answered.append(_Answered(exchange, server, body, began, answer))

    def _send(self) -> None:
        answered, self._answered = self._answered, []
        now, at = time.perf_counter(), self._clock.now()
        notes: list[Ended] = []
        responses: list[Rendered] = []
        for exchange, server, body, began, answer in answered:
            predicted = answer if isinstance(answer, Answer) else None
            self._route.remember(server, body, predicted, now - began, at)  # type: ignore[arg-type]  # a named tuple is not generic before Python 3.11
            response = self._response(server, answer)
            status = 499 if exchange.lost else response[0]
            notes.append((self._route.method, exchange.head.raw_path, status, (now - began) * 1000))
            responses.append(response)
        self._calls.note_all(notes)  # before the clients can ask for it
        for each, (status, headers, content) in zip(answered, responses, strict=True):
            if not each.exchange.lost:
                each.exchange.answer(status, headers, *content)

    def _response(self, server: object, answer: Answer | errors.ApiError) -> Rendered:
        if isinstance(answer, Answer):
            status, headers, content = self._route.render(server, answer)  # type: ignore[arg-type]  # as above
            length = str(sum(map(len, content)))
            return status, {**response_writer.HARMLESS, **headers, "content-length": length}, content
        refused = response_writer.rendered(response_writer.refusal(answer, self._route.error_body), pretty=True)
        assert isinstance(refused.body, bytes)  # it is rendered
        return refused.status, {**response_writer.HARMLESS, **refused.headers}, (refused.body,)
