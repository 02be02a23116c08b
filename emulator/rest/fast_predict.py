"""Predictions that need nothing but a node that is ready: answered without a task, a handler or a query of their own.

What is checked, counted and remembered of them is that of every other call, by the same functions. Whatever is not as
usual is left to `server`: a fault that was asked for, a version that is not READY, no node, a body that is packed.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from emulator.core.predictions import Answer
from emulator.http import gzip_coding
from emulator.http.exchange import Exchange
from emulator.http.request_head import Head
from emulator.ml import prediction_envelope
from emulator.ml.handlers import predict
from emulator.ml.handlers.predict import Version
from emulator.rest import response_writer
from gcp import errors
from resources.ml import quotas

if TYPE_CHECKING:
    from emulator.app import Emulator

METHOD = "ml.projects.predict"
_PATH = re.compile(r"/v1/(projects/[^/%]+/models/[^/%]+(?:/versions/[^/%]+)?):predict")
_SUFFIX = ":predict"
_USUAL = {**response_writer.HARMLESS, **predict.HEADERS}
_MOST_HEADS = 1024
_UNUSUAL = ("content-encoding", "expect", "x-http-method-override")


Ended = tuple[str, str, int, float]
"""A call that is over: id of the method, path, status, milliseconds."""


class _Answered(NamedTuple):
    """A prediction that has its answer, or an error in its place."""

    exchange: Exchange
    version: Version
    body: list[bytes]
    began: float
    answer: Answer | errors.ApiError


class Shortcut:
    """The short way.

    Args:
        emulator: whose versions answer.
        note: keeps what is kept of every call.
    """

    def __init__(self, emulator: Emulator, note: Callable[[Sequence[Ended]], None]) -> None:
        self._emulator = emulator
        self._note = note
        self._names: dict[Head, str] = {}
        self._versions: dict[str, Version] = {}
        self._versions_as_of = -1
        self._answered: list[_Answered] = []

    def take(self, exchange: Exchange) -> bool | None:
        """See `front.AtOnce`."""
        name = self._name(exchange.head)
        if not name or self._emulator.faults.any:
            return False
        if not exchange.whole:
            exchange.room = quotas.PREDICT_BYTES
            return False if exchange.size > quotas.PREDICT_BYTES or exchange.crowded else None
        version = self._version(name) if exchange.size <= quotas.PREDICT_BYTES else None
        node = self._emulator.serving.idlest(version.key) if version else None
        if version is None or node is None:
            return False
        self._emulator.admit(METHOD)
        body = exchange.pieces()
        done = partial(self._end, exchange, version, body, time.perf_counter())
        try:
            node.submit(body, done)
        except errors.ResourceExhausted as exc:
            done(exc)
        return True

    def _name(self, head: Head) -> str:
        """The model or version that a head asks to predict; empty where it asks for something else or unusual."""
        if not head.raw_path.endswith(_SUFFIX):
            return ""
        name = self._names.get(head)
        if name is None:
            name = self._meant(head)
            if head.kept:
                if len(self._names) >= _MOST_HEADS:
                    self._names.clear()
                self._names[head] = name
        return name

    def _meant(self, head: Head) -> str:
        found = _PATH.fullmatch(head.raw_path)
        usual = head.verb == "POST" and not head.query and not any(name in head.headers for name in _UNUSUAL)
        if not (found and usual and head.keep_alive) or gzip_coding.taken(head.headers):
            return ""
        try:
            self._emulator.access.check(head.headers, head.verb)
        except errors.ApiError:  # `server` tells
            return ""
        return found[1]

    def _version(self, name: str) -> Version | None:
        """The version that answers, as it is now; None where none does, which `server` tells."""
        changes = self._emulator.store.changes
        if changes != self._versions_as_of:
            self._versions.clear()
            self._versions_as_of = changes
        version = self._versions.get(name)
        if version is None:
            try:
                version = self._versions[name] = predict.version(self._emulator, name)
            except errors.ApiError:
                return None
        return version

    def _end(
        self, exchange: Exchange, version: Version, body: list[bytes], began: float, answer: Answer | errors.ApiError
    ) -> None:
        """Called by the node. What ends in one turn of the loop is noted and sent together."""
        if not self._answered:
            asyncio.get_running_loop().call_soon(self._send)
        self._answered.append(_Answered(exchange, version, body, began, answer))

    def _send(self) -> None:
        answered, self._answered = self._answered, []
        now, at, notes, responses = time.perf_counter(), self._emulator.now(), [], []
        for exchange, version, body, began, answer in answered:
            predicted = answer if isinstance(answer, Answer) else None
            predict.remember(self._emulator, version, body, predicted, now - began, at)
            status, headers, content = _response(exchange, answer)
            notes.append((METHOD, exchange.head.raw_path, 499 if exchange.lost else status, (now - began) * 1000))
            responses.append((status, headers, content))
        self._note(notes)  # before the clients can ask for it
        for each, (status, headers, content) in zip(answered, responses, strict=True):
            if not each.exchange.lost:
                each.exchange.answer(status, headers, *content)


def _response(exchange: Exchange, answer: Answer | errors.ApiError) -> tuple[int, dict[str, str], tuple[bytes, ...]]:
    """Status, every header, and the pieces of the body."""
    if isinstance(answer, Answer):
        content = prediction_envelope.body(*answer)
        return 200, {**_USUAL, "content-length": str(sum(map(len, content)))}, content
    refused = response_writer.rendered(response_writer.refusal(answer, exchange.head.raw_path, "ml"), pretty=True)
    assert isinstance(refused.body, bytes)  # it is rendered
    return refused.status, {**response_writer.HARMLESS, **refused.headers}, (refused.body,)
