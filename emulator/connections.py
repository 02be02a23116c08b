"""One client's connection, in HTTP/1.1: closed where the client is too slow, sends too much, or is one too many."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

import httptools

from emulator.exchange import Exchange
from emulator.heads import MOST_BYTES, Head, HeadTooLong
from emulator.pace import Pace
from emulator.refusals import FULL, LONG_HEAD, NO_HTTP
from emulator.request import FilePart
from emulator.sending import Sending

if TYPE_CHECKING:
    from emulator.front import Front

MOST = 512
"""Connections at a time."""

_LOOK_SECONDS = 30.0


class Connection(asyncio.Protocol):
    """A connection that holds memory and a place for a bounded time only.

    Closed are clients that do not send a whole head within `seconds` (at most twice that), a body with less than 16 KiB
    in `seconds`, clients that take nothing of their answer for so long, those that ask nothing for four minutes, and
    those that send what is no request. Requests that come before the answer to the one before wait, and are answered
    in their order.

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
        self._pace = Pace(self.loop, seconds)
        self._written = self._taken = 0
        self._paused = False
        self._retired = False
        self._refusal = b""
        self._writable: asyncio.Future[None] | None = None
        self._sending: Sending | None = None
        self._timer: asyncio.TimerHandle | None = None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it
        if len(self._front.connections) >= MOST:
            self._transport.write(FULL)
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
        if self._transport.is_closing() or self._refusal:
            return
        if self._pace.awaited == "head":
            self._pace.received += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as exc:
            self._refuse(LONG_HEAD if isinstance(exc.__context__, HeadTooLong) else NO_HTTP)
        if self._pace.awaited == "head" and self._pace.received > MOST_BYTES:
            self._refuse(LONG_HEAD)
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

    def _refuse(self, refusal: bytes) -> None:
        """The last answer of this connection: those before it come first, and a request cut short by it has none."""
        broken, self._arriving = self._arriving, None
        self.pause_reading()
        self._pace.expect("")
        self._refusal = refusal
        if broken:
            self._exchanges.remove(broken)
            broken.lose()
        if broken and broken.started:  # its answer cannot be told from another one
            self._transport.abort()
        self._end_refused()

    def _end_refused(self) -> None:
        """What still comes is read and dropped for a while: closed at once, the client might not get the refusal."""
        if self._refusal and not self._exchanges and not self._transport.is_closing():
            self._transport.write(self._refusal)
            self._transport.write_eof()
            self._pace.expect("head")
            if self._paused:
                self._paused = False
                self._transport.resume_reading()

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
        self._pace.expect("head")

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._pace.expect("body")
        exchange = Exchange(self, self._head())
        self._arriving = exchange
        self._exchanges.append(exchange)
        if len(self._exchanges) > 1:
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        """A piece of the body is there."""
        self._pace.received += len(body)
        if self._arriving:
            self._arriving.feed(body)

    def on_message_complete(self) -> None:
        """The whole request is there."""
        self._pace.expect("")
        if self._arriving:
            self._arriving.complete()
            self._arriving = None

    def _head(self) -> Head:
        """Raises `httptools.HttpParserError` where it is none."""
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
        if self._paused and len(self._exchanges) <= 1 and not (self._refusal or self._transport.is_closing()):
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
        self._pace.rest()
        self.resume_reading()
        if self._retired:
            self._transport.close()
        self._end_refused()
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

    def _look(self) -> None:
        unsent = self._transport.get_write_buffer_size() + (self._sending.left if self._sending else 0)
        taken = self._written - unsent
        if self._pace.is_slow(held=self._paused) or (unsent and taken == self._taken):
            self._transport.abort()
            return
        if not self._exchanges and self._pace.is_idle():
            self._transport.close()
        self._taken = taken
        self._timer = self.loop.call_later(min(self._seconds, _LOOK_SECONDS), self._look)
