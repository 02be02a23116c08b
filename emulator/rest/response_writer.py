"""Writing answers: JSON, its compression, and the bytes of media."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Protocol

import orjson

from emulator.http import gzip_coding
from emulator.http.file_part import FilePart
from emulator.rest.error_body import ErrorBody
from emulator.rest.http_call import Call, Dropped
from emulator.rest.request import Response
from gcp import errors

_Write = Callable[[bytes], Awaitable[None]]

_JSON = "application/json"
HARMLESS = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}
"""On every answer except the console's: a browser that opens an object, such as a page, runs nothing on this origin."""

_LEAST = 1024


def refusal(error: errors.ApiError, error_body: ErrorBody) -> Response:
    """The response that an error is, in the form of an API."""
    headers = {"retry-after": f"{error.retry_after:.0f}"} if error.retry_after else {}
    return Response(body=error_body(error), status=error.code, headers=headers)


def rendered(response: Response, *, pretty: bool) -> Response:
    """The same answer with its JSON as bytes; a part of a file and an iterator of bytes stay what they are."""
    body, headers = response.body, dict(response.headers)
    if isinstance(body, dict | list):
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if pretty else 0
        body = orjson.dumps(body, option=option)
        headers.setdefault("content-type", f"{_JSON}; charset=UTF-8")
    if body is None or isinstance(body, bytes):
        body = body or b""
        # Neither has a body, and the length of a 304 would be that of the object (RFC 9110, 8.6).
        if response.status not in (204, 304):
            headers.setdefault("content-length", str(len(body)))
    return replace(response, body=body, headers=headers)


class Out(Protocol):
    """Where an answer goes; see `exchange.Exchange`."""

    @property
    def takes_body(self) -> bool:
        """Whether a body may follow the head."""

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """The head."""

    async def write(self, data: bytes) -> None:
        """A piece of the body."""

    async def write_file(self, part: FilePart) -> None:
        """The whole body."""

    def end(self) -> None:
        """The end."""


async def send(out: Out, call: Call, response: Response) -> int:
    """Writes the answer of a call; returns its status."""
    answer = rendered(response, pretty=call.pretty)
    write = _cut(out.write, call.limit)
    if _packs(call, answer):
        answer = await asyncio.to_thread(_packed, answer)
    out.start(answer.status, {**HARMLESS, **answer.headers})
    if not out.takes_body:
        if isinstance(answer.body, FilePart):
            answer.body.file.close()
    elif isinstance(answer.body, bytes):
        await write(answer.body)
    elif isinstance(answer.body, FilePart):
        with answer.body.file:
            await (out.write_file(answer.body) if call.limit is None else _copied(answer.body.pieces(), write))
    else:
        assert not isinstance(answer.body, dict | list | None)  # rendered above
        await _copied(answer.body, write)
    out.end()
    return answer.status


async def _copied(chunks: AsyncIterator[bytes], write: _Write) -> None:
    async for chunk in chunks:
        await write(chunk)


def _packs(call: Call, answer: Response) -> bool:
    """Whether JSON is compressed: as Google does it, for clients that say "gzip" in their `User-Agent` too.

    Objects never are: their bytes may be packed already, or a part of them.
    """
    return (
        isinstance(answer.body, bytes)
        and not answer.stored
        and len(answer.body) >= _LEAST
        and answer.headers.get("content-type", "").startswith(_JSON)
        and call.limit is None  # a fault counts the bytes of the JSON
        and gzip_coding.taken(call.headers)
        and "gzip" in call.headers.get("user-agent", "")
    )


def _packed(answer: Response) -> Response:
    assert isinstance(answer.body, bytes)  # asked before
    body = gzip_coding.pack(answer.body)
    packed = {"content-encoding": "gzip", "content-length": str(len(body)), "vary": "Accept-Encoding"}
    return Response(body=body, status=answer.status, headers={**answer.headers, **packed})


def _cut(write: _Write, limit: int | None) -> _Write:
    """A `write` that raises `Dropped` in the middle of a body that is longer than `limit` bytes, after so many."""
    if limit is None:
        return write
    left: int = limit

    async def cut(data: bytes) -> None:
        nonlocal left
        await write(data[:left])
        if len(data) > left:
            raise Dropped
        left -= len(data)

    return cut
