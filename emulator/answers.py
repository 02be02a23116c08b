"""Writing answers: JSON, its compression, and the bytes of media."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from emulator import gzipped
from emulator.call import Call, Dropped
from emulator.request import Response

Send = Callable[[dict[str, Any]], Awaitable[None]]

_JSON = "application/json"
_HARMLESS = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}
"""On every answer but the console's: a browser that opens an object, a page say, runs nothing of it on this origin."""

_LEAST = 1024


def rendered(response: Response, *, pretty: bool) -> Response:
    """The same answer with its JSON as bytes; an iterator of bytes stays what it is."""
    body, headers = response.body, dict(response.headers)
    if isinstance(body, dict | list):
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if pretty else 0
        body = orjson.dumps(body, option=option)
        headers.setdefault("content-type", f"{_JSON}; charset=UTF-8")
    if body is None or isinstance(body, bytes):
        body = body or b""
        # 204 and 304 have no body, and 204 no length either.
        if response.status != 204:
            headers.setdefault("content-length", str(len(body)))
    return Response(body=body, status=response.status, headers=headers)


async def send(transmit: Send, call: Call, response: Response) -> int:
    """Writes the answer of a call; returns its status."""
    answer = rendered(response, pretty=call.pretty)
    transmit = _cut(transmit, call.limit)
    if _packs(call, answer):
        answer = await asyncio.to_thread(_packed, answer)
    await transmit(_start(answer.status, answer.headers))
    if isinstance(answer.body, bytes):
        await transmit({"type": "http.response.body", "body": answer.body})
        return answer.status
    assert not isinstance(answer.body, dict | list | None)  # rendered above
    async for chunk in answer.body:
        await transmit({"type": "http.response.body", "body": chunk, "more_body": True})
    await transmit({"type": "http.response.body", "body": b""})
    return answer.status


def _packs(call: Call, answer: Response) -> bool:
    """Whether JSON is compressed: as Google does it, for clients that say "gzip" in their `User-Agent` too."""
    return (
        isinstance(answer.body, bytes)
        and len(answer.body) >= _LEAST
        and answer.headers.get("content-type", "").startswith(_JSON)
        and call.limit is None  # a fault counts the bytes of the JSON
        and gzipped.taken(call.headers)
        and "gzip" in call.headers.get("user-agent", "")
    )


def _packed(answer: Response) -> Response:
    assert isinstance(answer.body, bytes)  # asked before
    body = gzipped.pack(answer.body)
    packed = {"content-encoding": "gzip", "content-length": str(len(body)), "vary": "Accept-Encoding"}
    return Response(body=body, status=answer.status, headers={**answer.headers, **packed})


def _cut(send: Send, limit: int | None) -> Send:
    """A `send` that raises `Dropped` in the middle of a body that is longer than `limit` bytes, after so many."""
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
        raise Dropped

    return cut


def _start(status: int, headers: dict[str, str]) -> dict[str, Any]:
    items = {**_HARMLESS, **headers}.items()
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in items]
    return {"type": "http.response.start", "status": status, "headers": encoded}
