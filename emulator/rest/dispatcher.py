"""From a request to its answer: finds the method, checks the request, calls the handler and writes the answer.

Accepted without effect: `callback`, and what says who calls (see `parameters`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from urllib.parse import parse_qs, unquote

from emulator import admin_endpoints, console
from emulator.app import Emulator
from emulator.core import disk_errors, faults
from emulator.core.faults import Rule
from emulator.http.exchange import Disconnected, Exchange
from emulator.rest import (
    api_registration,
    batch_requests,
    discovery,
    discovery_service,
    field_mask,
    json_body,
    query_parameters,
    response_writer,
)
from emulator.rest.fast_predict import Ended, Shortcut
from emulator.rest.http_call import Call, Dropped
from emulator.rest.request import Request, Response
from emulator.rest.router import Match, Router
from emulator.storage import customer_keys, downloads
from emulator.storage.fast_reads import SmallReads
from emulator.storage.xml import xml_calls
from gcp import errors

_Answer = Callable[[], Awaitable[Response]]
"""Answers a call, where nothing is to go wrong with it."""

_FIXED = frozenset({"-", "batch", "console", "discovery", "$discovery"})
"""First path segments that are not buckets: a bucket with such a name can be reached through the JSON API only."""

_RAW_BODY = {"ml.projects.predict", "ml.projects.explain"}


class App:
    """Answers every call on one port: both APIs, and the addresses below `/-/` that tell about the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        methods = discovery.methods()
        self._emulator = emulator
        self._router = Router(methods)
        self._reserved = self._router.roots | _FIXED
        self._handlers = api_registration.bind(emulator, methods)
        self._ended: list[Ended] = []
        self._predictions = Shortcut(emulator, self._note_all)
        self._small_reads = SmallReads(
            emulator.storage.objects,
            access=emulator.access,
            faults=emulator.faults,
            admit=emulator.admit,
            note=self._note,
        )

    def at_once(self, exchange: Exchange) -> bool | None:
        """See `front.AtOnce`."""
        if exchange.head.verb == "GET":
            return self._small_reads.take(exchange)
        return self._predictions.take(exchange)

    async def answer(self, exchange: Exchange) -> None:
        """Answers a request."""
        began = time.perf_counter()
        call = Call.of(exchange.head, exchange.receive, exchange.collect)
        try:
            status = await response_writer.send(exchange, call, await self.respond(call))
        except Dropped:
            await exchange.hang_up()
            status = 499
        except Disconnected:
            status = 499  # nobody is left to answer to; the log says so as other servers do
        except Exception as exc:  # noqa: BLE001 - a fault of ours; the log has the traceback
            response = self._faulty(call, exc)
            if exchange.started:
                await exchange.hang_up()  # a body that is too short tells
                status = 499
            else:
                status = await response_writer.send(exchange, call, response)
        self._note(call.method, call.raw_path, status, began)

    def _note(self, method: str, path: str, status: int, began: float) -> None:
        """Notes a call that is over, together with those that end in the same turn of the loop."""
        if not self._ended:
            asyncio.get_running_loop().call_soon(self._note_ended)
        self._ended.append((method, path, status, (time.perf_counter() - began) * 1000))

    def _note_ended(self) -> None:
        ended, self._ended = self._ended, []
        self._note_all(ended)

    def _note_all(self, calls: Sequence[Ended]) -> None:
        self._emulator.log.lines(f"{method} {path} {status} {ms:.1f} ms" for method, path, status, ms in calls)
        for method, path, status, milliseconds in calls:
            if not (path.startswith("/-/") or console.is_of(path)):  # who looks is not what they look for
                self._emulator.metrics.called(method, path, status, milliseconds)

    async def respond(self, call: Call) -> Response:
        """The answer to a call; whatever goes wrong is one. Raises `Disconnected` and `Dropped`."""
        if call.verb == "HEAD":  # handled as GET; the body is left out when the answer is written
            call.verb = "GET"
        try:
            self._emulator.access.check(call.headers, call.verb)
            if console.is_of(call.raw_path):
                return console.respond(call.verb, call.raw_path)
            if call.raw_path.startswith("/-/"):
                content = await call.read() if call.verb == "PUT" else b""
                return await admin_endpoints.respond(self._emulator, call.verb, call.raw_path, content)
            if batch_requests.answers_at(call):
                return await batch_requests.respond(call, self._batched)
            if discovery_service.answers(call):
                return discovery_service.respond(call, _base_url(call))
            return await self._dispatch(call)
        except errors.ApiError as exc:
            return response_writer.refusal(exc, call.raw_path, call.api)
        except (Disconnected, Dropped):
            raise
        except Exception as exc:  # noqa: BLE001 - a fault of ours; the log has the traceback
            return self._faulty(call, exc)

    def _faulty(self, call: Call, exc: Exception) -> Response:
        """A fault of ours, as Google answers it."""
        self._emulator.log.fault(f"{call.method} {call.raw_path}", exc)
        return Response(body=errors.Internal("Internal error encountered.").body(call.api), status=500)

    async def _batched(self, call: Call) -> Response:
        """One call of a batch: it has its own line in the log."""
        began = time.perf_counter()
        response = await self.respond(call)
        self._note(call.method, call.raw_path, response.status, began)
        return response

    async def _dispatch(self, call: Call) -> Response:
        await call.override()
        match = self._router.match(call.verb, call.raw_path)
        if match is not None:
            answer = self._carry_out(match.method.id, call, lambda: self._answer(call, match))
            return await (downloads.in_text(call, answer) if _gives_bytes(call, match) else answer)
        target = xml_calls.target(call)
        if target is not None and target.bucket not in self._reserved:
            respond = partial(self._emulator.storage.xml.respond, call, target)
            return await xml_calls.in_xml(call, self._carry_out(xml_calls.method(call, target), call, respond))
        raise errors.NotFound("Method not found." if call.api == "ml" else "Not Found")

    async def _carry_out(self, method: str, call: Call, answer: _Answer) -> Response:
        """A call of a method, counted, as the quotas and the faults that were asked for let it be answered."""
        call.method = method
        rule = self._emulator.admit(method)
        try:
            return await (self._spoilt(rule, call, answer) if rule else answer())
        except disk_errors.FAILURES as exc:
            refusal = disk_errors.refusal(exc)
            if refusal is None:
                raise
            self._emulator.log.line(f"ERROR {method}: {refusal}")
            raise refusal from exc

    async def _spoilt(self, rule: Rule, call: Call, answer: _Answer) -> Response:
        """The call as a fault asks for it."""
        if rule.asks("delay"):
            await asyncio.sleep(rule.value)
        if rule.asks("hold", "before"):
            await self._emulator.faults.replaced()
        if rule.asks("drop", "before"):
            raise Dropped
        instead = faults.answer(rule, call.api)
        if instead:
            return instead
        with faults.bending(rule):
            response = await answer()
        if rule.asks("hold", "after"):
            await self._emulator.faults.replaced()
        if rule.asks("drop", "after"):
            raise Dropped
        if rule.asks("truncate"):
            call.limit = rule.value
        return response

    async def _answer(self, call: Call, match: Match) -> Response:
        request = await _request(call, match)
        handler = self._handlers.get(match.method.id)
        if handler is None:
            raise errors.MethodNotAllowed(
                f"The method {match.method.id} is not emulated; see docs/reference/emulator-methods.md."
            )
        mask = field_mask.parse(match.method, request.params["fields"]) if request.params.get("fields") else None
        await customer_keys.refuse_keys_and_body(call.headers, request.chunks)
        response = await handler(request)
        if mask and response.status < 300:
            response.body = field_mask.apply(mask, response.body)
        if response.body is None and call.verb == "DELETE" and response.status == 200:
            response.status = 204
        return response


def _gives_bytes(call: Call, match: Match) -> bool:
    """Whether the answer is the bytes of an object."""
    return match.method.media and (match.download or "media" in parse_qs(call.query).get("alt", ()))


async def _request(call: Call, match: Match) -> Request:
    method = match.method
    params = {**query_parameters.parse(method, call.query), **match.params}
    if match.download:
        params["alt"] = "media"
    call.pretty = params.get("prettyPrint", True)
    body = None
    if method.request and not match.upload and method.id not in _RAW_BODY:
        body = json_body.parse(method, await call.read())
    return Request(
        method=method.id,
        params=params,
        headers=call.headers,
        body=body,
        chunks=call.chunks(),
        collect=call.collect,
        path=unquote(call.raw_path),
        verb=call.verb,
        base_url=_base_url(call),
    )


def _base_url(call: Call) -> str:
    """This endpoint, as the client addressed it."""
    return f"http://{call.headers.get('host', '')}"
