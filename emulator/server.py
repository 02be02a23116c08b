"""HTTP: an ASGI application that finds the method, checks the request, calls the handler and writes the answer.

Accepted without effect: `fields` (answers are whole), `key`, `quotaUser`, `callback`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import orjson

from emulator import admin, discovery, disk, faults, handlers, parameters, payload
from emulator.context import Emulator
from emulator.faults import Rule
from emulator.request import Request, Response
from emulator.routes import Match, Router
from resources import errors

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BODY_LIMIT = 8 * 1024 * 1024
"""The largest JSON body, in bytes; media and predictions have limits of their own."""

CLOSE = "tf2-models.close"
"""The extension of the ASGI scope that closes the connection, after what was sent."""

_RAW_BODY = {"ml.projects.predict", "ml.projects.explain"}
_OVERRIDE = "x-http-method-override"


class _Disconnected(Exception):
    """The client went away before it had sent its body."""


class _Dropped(Exception):
    """A fault asks that the connection be closed."""


class App:
    """Answers every call on one port: both APIs, and the addresses below `/-/` that tell about the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        methods = discovery.methods()
        self._emulator = emulator
        self._router = Router(methods)
        self._handlers = handlers.collect(methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call, as ASGI hands it over."""
        began = time.perf_counter()
        call = _Call(scope, receive)
        try:
            response = await self._respond(call)
            status = await _send(_cut(send, call.limit), response, pretty=call.pretty)
        except _Dropped:
            await call.hang_up()
            status = 499
        except _Disconnected:
            status = 499  # nobody is left to answer to; the log says so as other servers do
        except Exception as exc:  # whatever it is, it is logged and raised again
            # The head of the answer is sent: to leave closes the connection, so that the client sees a short body.
            self._emulator.log.fault(f"{call.method} {call.raw_path}", exc)
            raise
        milliseconds = (time.perf_counter() - began) * 1000
        self._emulator.log.line(f"{call.method} {call.raw_path} {status} {milliseconds:.1f} ms")

    async def _respond(self, call: _Call) -> Response:
        try:
            self._emulator.access.check(call.headers)
            if call.raw_path.startswith("/-/"):
                content = await call.read() if call.verb == "PUT" else b""
                return admin.respond(self._emulator, call.verb, call.raw_path, content)
            return await self._dispatch(call)
        except errors.ApiError as exc:
            headers = {"retry-after": f"{exc.retry_after:.0f}"} if exc.retry_after else {}
            return Response(body=exc.body(call.api), status=exc.code, headers=headers)
        except (_Disconnected, _Dropped):
            raise
        except Exception as exc:  # noqa: BLE001 - a fault of ours is answered as Google does; the log has the traceback
            self._emulator.log.fault(f"{call.method} {call.raw_path}", exc)
            return Response(body=errors.Internal("Internal error encountered.").body(call.api), status=500)

    async def _dispatch(self, call: _Call) -> Response:
        if call.headers.get(_OVERRIDE) and call.verb == "POST":
            await call.override()
        match = self._router.match(call.verb, call.raw_path)
        if match is None:
            raise _no_method(call)
        call.method = match.method.id
        self._emulator.calls[match.method.id] += 1
        self._emulator.quota.call(match.method.id)
        rule = self._emulator.faults.take(match.method.id)
        return await (self._spoilt(rule, call, match) if rule else self._answer(call, match))

    async def _spoilt(self, rule: Rule, call: _Call, match: Match) -> Response:
        """The call as a fault asks for it."""
        if rule.asks("delay"):
            await asyncio.sleep(rule.value)
        if rule.asks("hold", "before"):
            await self._emulator.faults.replaced()
        if rule.asks("drop", "before"):
            raise _Dropped
        instead = faults.answer(rule, call.api)
        if instead:
            return instead
        with faults.bending(rule):
            response = await self._answer(call, match)
        if rule.asks("hold", "after"):
            await self._emulator.faults.replaced()
        if rule.asks("drop", "after"):
            raise _Dropped
        if rule.asks("truncate"):
            call.limit = rule.value
        return response

    async def _answer(self, call: _Call, match: Match) -> Response:
        request = await _request(call, match)
        handler = self._handlers.get(match.method.id)
        if handler is None:
            raise errors.Unimplemented(f"The method {match.method.id} is not emulated.")
        try:
            response = await handler(self._emulator, request)
        except disk.FAILURES as exc:
            refusal = disk.refusal(exc)
            if refusal is None:
                raise
            self._emulator.log.line(f"ERROR {match.method.id}: {refusal}")
            raise refusal from exc
        if response.body is None and call.verb == "DELETE" and response.status == 200:
            response.status = 204
        return response


class _Call:
    """What is known of a call while it is being answered."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.verb: str = scope["method"]
        self.raw_path: str = scope["raw_path"].decode("ascii", "backslashreplace")
        self.query: str = scope["query_string"].decode("ascii", "replace")
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.method = "-"
        self.pretty = True
        self.limit: int | None = None
        self.receive = receive
        self._more = True
        self._close: Callable[[], None] = scope["extensions"][CLOSE]["close"]

    @property
    def api(self) -> str:
        """Whose shape an error has: that of the method's API, or by the look of the address."""
        if self.method != "-":
            return self.method.partition(".")[0]
        return "storage" if "storage/v1" in self.raw_path else "ml"

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces, as it arrives; what was read before does not come again."""
        while self._more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise _Disconnected
            self._more = message.get("more_body", False)
            if message.get("body"):
                yield message["body"]

    async def read(self) -> bytes:
        """The body of a JSON call, bounded."""
        content = bytearray()
        async for chunk in self.chunks():
            content += chunk
            if len(content) > BODY_LIMIT:
                raise errors.PayloadTooLarge(f"Request payload size exceeds the limit: {BODY_LIMIT} bytes.")
        return bytes(content)

    async def hang_up(self) -> None:
        """Closes the connection; returns once it is closed: before that, the server would send an answer of its own."""
        self._close()
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def override(self) -> None:
        """Takes the verb from the header and the query from the body: how clients send a query that is very long."""
        self.verb = self.headers[_OVERRIDE].upper()
        if "form-urlencoded" in self.headers.get("content-type", ""):
            self.query = (await self.read()).decode("ascii", "replace")


async def _request(call: _Call, match: Match) -> Request:
    method = match.method
    params = {**parameters.parse(method, call.query), **match.params}
    if match.download:
        params["alt"] = "media"
    call.pretty = params.get("prettyPrint", True)
    body = None
    if method.request and not match.upload and method.id not in _RAW_BODY:
        body = payload.parse(method, await call.read())
    return Request(
        method=method.id,
        params=params,
        headers=call.headers,
        body=body,
        chunks=call.chunks(),
        path=unquote(call.raw_path),
        verb=call.verb,
        base_url=f"http://{call.headers.get('host', '')}",
    )


def _no_method(call: _Call) -> errors.ApiError:
    if call.raw_path.startswith("/batch"):
        return errors.Unimplemented("Batch requests are not emulated: send the calls one by one.")
    return errors.NotFound("Method not found." if call.api == "ml" else "Not Found")


def _cut(send: Send, limit: int | None) -> Send:
    """A `send` that raises `_Dropped` in the middle of a body that is longer than `limit` bytes, after so many."""
    if limit is None:
        return send
    left: int = limit

    async def cut(message: dict[str, Any]) -> None:
        nonlocal left
        body = message.get("body", b"")
        if len(body) <= left:
            left -= len(body)
            await send(message)
            return
        await send({**message, "body": body[:left], "more_body": True})
        raise _Dropped

    return cut


async def _send(send: Send, response: Response, *, pretty: bool) -> int:
    """Writes the answer; returns its status."""
    headers = dict(response.headers)
    body = response.body
    if isinstance(body, dict | list):
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if pretty else 0
        body = orjson.dumps(body, option=option)
        headers.setdefault("content-type", "application/json; charset=UTF-8")
    if body is None or isinstance(body, bytes):
        body = body or b""
        # 204 and 304 have no body, and 204 no length either.
        if response.status != 204:
            headers.setdefault("content-length", str(len(body)))
        await send(_start(response.status, headers))
        await send({"type": "http.response.body", "body": body})
        return response.status
    await send(_start(response.status, headers))
    async for chunk in body:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    return response.status


def _start(status: int, headers: dict[str, str]) -> dict[str, Any]:
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": encoded}
