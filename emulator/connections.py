"""One client's connection, in HTTP/1.1: closed where the client is too slow, sends too much, or is one too many."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from emulator.exchange import Exchange
from emulator.heads import Head
from emulator.request import FilePart
from emulator.sending import Sending

if TYPE_CHECKING:
    from emulator.front import Front

MOST = 512
"""Connections at a time."""

_IDLE_SECONDS = 240.0
"""As long as Google's front ends: Python clients do not retry where a connection was closed while they were idle."""

_HEAD_BYTES = 64 << 10
_BODY_BYTES = 16 << 10
_LOOK_SECONDS = 30.0


def _refusal(line: str, code: int, message: str, status: str) -> bytes:
    body = f'{{"error": {{"code": {code}, "message": "{message}", "status": "{status}"}}}}'
    head = f"HTTP/1.1 {line}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


_FULL = _refusal("503 Service Unavailable", 503, "Too many connections.", "UNAVAILABLE")
_NO_HTTP = _refusal("400 Bad Request", 400, "Invalid HTTP request received.", "INVALID_ARGUMENT")


class Connection(asyncio.Protocol):
    """A connection that holds memory and a place for a bounded time only.

    Closed are clients that do not send a whole head within `seconds` (at most twice that), a head of more than 64 KiB,
    a body with less than 16 KiB in `seconds`, clients that take nothing of their answer for so long, and those that
    ask nothing for four minutes. Requests that come before the answer to the one before wait, and are answered in
    their order.

    Args:
        front: answers; knows every connection that is open.
        seconds: a client's patience is ours.
    """

    def __init__(self, front: Front, seconds: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.date = front.date
        self._front = front
        self._seconds = seconds
        self._parser = self._fresh_parser()
        self._exchanges: deque[Exchange] = deque()
        self._arriving: Exchange | None = None
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._awaited = "head"
        self._since = self.loop.time()
        self._received = 0
        self._written = self._taken = 0
        self._paused = False
        self._retired = False
        self._writable: asyncio.Future[None] | None = None
        self._sending: Sending | None = None
        self._timer: asyncio.TimerHandle | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it
        if len(self._front.connections) >= MOST:
            self._transport.write(_FULL)
            self._transport.close()
            return
        self._front.connections.add(self)
        self._timer = self.loop.call_later(min(self._seconds, _LOOK_SECONDS), self._look)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
        """Called by the event loop."""
        self._front.closed(self)
        if self._timer:
            self._timer.cancel()
        self.resume_writing()
        for exchange in self._exchanges:
            exchange.lose()
        if self._sending:
            self._sending.stop()
        self._exchanges.clear()
        self._arriving, self._headers = None, []
        del self._parser  # it knows this connection: both would stay until the collector runs, which it seldom does

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self._transport.is_closing():
            return
        if self._awaited == "head":
            self._received += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse()
        if self._awaited == "head" and self._received > _HEAD_BYTES:
            self._transport.abort()
        # Not from within the parser: it takes every exception for a fault of the request.
        self._begin()

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as exc:  # another protocol is offered, and HTTP/1.1 goes on
            rest = data[exc.args[0] :]
            self._feed(self._without_offer() + rest if self._exchanges[-1].head.has_body else rest)

    def _without_offer(self) -> bytes:
        """The head of the last request once more, as one that offers no other protocol: then its body is read."""
        parser, url, headers = self._parser, self._url, self._headers
        self._exchanges.pop()
        self._parser = self._fresh_parser()
        first = b"%b %b HTTP/%b" % (parser.get_method(), url, parser.get_http_version().encode())
        lines = [b"%b: %b" % (name, value) for name, value in headers if name.lower() != b"upgrade"]
        return b"\r\n".join([first, *lines, b"", b""])

    def _fresh_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # What follows a request that asks for the connection's end is left unread; it is no fault of that request.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _refuse(self) -> None:
        if not any(exchange.started for exchange in self._exchanges):
            self._transport.write(_NO_HTTP)
        self._transport.close()

    def _begin(self) -> None:
        """Has the request whose turn it is answered, if it is not being answered already."""
        exchange = self._exchanges[0] if self._exchanges else None
        if self._writable:  # the client does not take what it was answered before
            return
        if exchange and not exchange.begun and not self._transport.is_closing():
            exchange.begun = self._front.begin(exchange)

    def pause_writing(self) -> None:
        """Called by the event loop: the client is slower than the answer."""
        self._writable = self._writable or self.loop.create_future()

    def resume_writing(self) -> None:
        """Called by the event loop."""
        if self._writable:
            self._writable.set_result(None)
            self._writable = None
            self._begin()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url = b""
        self._headers = []
        self._expect("head")

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._expect("body")
        exchange = Exchange(self, self._head())
        self._arriving = exchange
        self._exchanges.append(exchange)
        if len(self._exchanges) > 1:
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        """A piece of the body is there."""
        self._received += len(body)
        if self._arriving:
            self._arriving.feed(body)

    def on_message_complete(self) -> None:
        """The whole request is there."""
        self._expect("")
        if self._arriving:
            self._arriving.complete()
            self._arriving = None

    def _head(self) -> Head:
        """Raises `httptools.HttpParserError` for a target that is none."""
        parser, keep_alive = self._parser, self._parser.should_keep_alive()
        version = parser.get_http_version()
        return self._front.heads.of(parser.get_method(), self._url, version, self._headers, keep_alive=keep_alive)

    # What exchanges call.

    def write(self, data: bytes) -> None:
        """See `exchange.Link`."""
        self._written += len(data)
        self._transport.write(data)

    async def drain(self) -> None:
        """See `exchange.Link`."""
        if self._writable:
            await asyncio.shield(self._writable)

    async def send_file(self, part: FilePart) -> None:
        """See `exchange.Link`."""
        self._transport.set_write_buffer_limits(0)  # nothing may be left to be written before the file
        while self._transport.get_write_buffer_size() and not self._transport.is_closing():
            await (self.drain() if self._writable else asyncio.sleep(0))
        self._transport.set_write_buffer_limits()
        if self._transport.is_closing():
            return
        self._sending = Sending(self.loop, self._transport.get_extra_info("socket").fileno(), part)
        try:
            await self._sending.run()
        except OSError:  # the client is gone, or the file cannot be read: a body that is too short tells
            self._transport.abort()
        if self._sending.left:
            self._transport.close()
        self._sending = None

    def pause_reading(self) -> None:
        """See `exchange.Link`."""
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """See `exchange.Link`. Nothing is read while requests wait for their turn."""
        if self._paused and len(self._exchanges) <= 1 and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def close(self) -> None:
        """See `exchange.Link`."""
        self._transport.close()

    def ended(self, exchange: Exchange) -> None:
        """See `exchange.Link`."""
        if not self._exchanges or self._exchanges[0] is not exchange:  # the connection is lost
            return
        self._exchanges.popleft()
        self._since = self.loop.time()
        self.resume_reading()
        if self._retired:
            self._transport.close()
        self._begin()

    # What the front calls, and the clock.

    def retire(self) -> None:
        """Takes no further request; closed as soon as nothing is being answered."""
        self._retired = True
        if not self._exchanges:
            self._transport.close()

    def abort(self) -> None:
        """Closes at once."""
        self._transport.abort()

    def _expect(self, what: str) -> None:
        """Nothing is awaited while a request is being answered, and while a connection is idle after an answer."""
        self._awaited, self._received, self._since = what, 0, self.loop.time()

    def _look(self) -> None:
        unsent = self._transport.get_write_buffer_size() + (self._sending.left if self._sending else 0)
        taken = self._written - unsent
        if self._is_slow() or (unsent and taken == self._taken):
            self._transport.abort()
            return
        if self._is_idle():
            self._transport.close()
        self._taken = taken
        self._timer = self.loop.call_later(min(self._seconds, _LOOK_SECONDS), self._look)

    def _is_idle(self) -> bool:
        return not self._awaited and not self._exchanges and self.loop.time() - self._since >= _IDLE_SECONDS

    def _is_slow(self) -> bool:
        if not self._awaited or self.loop.time() - self._since < self._seconds:
            return False
        if self._awaited == "head":
            return True
        if self._paused:  # it is the handler that does not take more
            return False
        enough = self._received >= _BODY_BYTES
        self._expect("body")
        return not enough
