"""A client's HTTP/1.1 connection. Closed if the client is too slow, sends too much, or there are too many clients."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

from emulator.http.connection_owner import Owner
from emulator.http.early_errors import FULL, EarlyError
from emulator.http.exchange import Exchange
from emulator.http.file_part import FilePart
from emulator.http.file_sender import FileSender
from emulator.http.request_head import Head
from emulator.http.request_reader import STEP, Refused, RequestReader
from emulator.http.timeouts import ClientTimeouts

_LOOK_SECONDS = 30.0


class Connection(asyncio.Protocol):
    """A connection that uses memory and a slot only for a limited time.

    It closes when the client

    - does not send complete request headers within `seconds` (at most twice that);
    - sends less than 16 KiB of a body in `seconds`;
    - receives nothing of its response for `seconds`;
    - continues to send the body for `seconds` after the response;
    - is idle for four minutes; or
    - sends an invalid request.

    Pipelined requests wait, and are answered in order.

    Args:
        owner: the server.
        seconds: the timeout above.
    """

    def __init__(self, owner: Owner, seconds: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.date = owner.date
        self.budget = owner.budget
        self._owner, self._seconds = owner, seconds
        self._reader = RequestReader(owner.heads, self)
        self._unread = b""
        self._exchanges: deque[Exchange] = deque()
        self._arriving: Exchange | None = None
        self._timeouts = ClientTimeouts(self.loop, seconds)
        self._written = self._taken = 0
        self._paused = False
        self._retired = self._has_said_all = False
        self._refusal: bytes | None = None
        self._passes_over = self._begins = False
        self._writable: asyncio.Future[None] | None = None
        self._sending: FileSender | None = None
        self._timer: asyncio.TimerHandle | None = None

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not derive from it
        if not self._owner.opened(self):
            self._transport.write(self._owner.early_response(FULL))
            self._transport.close()
            return
        self._timer = self.loop.call_later(min(self._seconds, _LOOK_SECONDS), self._look)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
        """Called by the event loop."""
        self._owner.closed(self)
        if self._timer:
            self._timer.cancel()
        self.resume_writing()
        for exchange in self._exchanges:
            exchange.lose()
        if self._sending:
            self._sending.stop()
        self._exchanges.clear()
        self._arriving, self._unread = None, b""
        self._reader.close()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if not self._transport.is_closing() and self._refusal is None:
            self._read(data)

    def eof_received(self) -> bool:
        """Called by the event loop: no more comes. Requests that are whole are answered, before the connection ends."""
        self._timeouts.expect("")
        self._has_said_all, broken, self._arriving = True, self._arriving, None
        if broken in self._exchanges:
            self._exchanges.pop().lose()
        return bool(self._exchanges)

    def _read(self, data: bytes) -> None:
        """Reads the requests in some bytes, up to one that has to wait for its turn; the rest is kept for later."""
        try:
            if len(data) <= STEP and len(self._exchanges) <= 1:
                self._reader.feed(data)
            else:
                self._read_in_steps(data)
        except Refused as refused:
            self._refuse(refused.error)
        # Not from within the parser: it takes every exception for a fault of the request.
        self._begin()

    def _read_in_steps(self, data: bytes) -> None:
        view, start = memoryview(data), 0
        while start < len(data) and len(self._exchanges) <= 1:
            end = start + self._reader.step()
            self._reader.feed(view[start:end])
            start = end
        self._unread = data[start:]

    def _read_on(self) -> None:
        """Reads what was left."""
        if self._unread and self._may_read():
            unread, self._unread = self._unread, b""
            self._paused = False
            self._transport.resume_reading()
            self._read(unread)

    def _refuse(self, error: EarlyError) -> None:
        """The last response of this connection, after the earlier ones; an incomplete request gets no other."""
        broken, self._arriving = self._arriving, None
        self.pause_reading()
        self._timeouts.expect("")
        self._refusal = self._owner.early_response(error)
        if broken and broken.answered:  # before its body was there
            self._refusal = b""
        elif broken:
            self._exchanges.remove(broken)
            broken.lose()
            if broken.started:  # its answer cannot be distinguished from another one
                self._transport.abort()
        self._end_refused()

    def _end_refused(self) -> None:
        """Reads and drops further data for a while: if closed at once, the client might not receive the error."""
        if self._refusal is not None and not self._exchanges and not self._transport.is_closing():
            self._transport.write(self._refusal)
            self._transport.write_eof()
            self._timeouts.expect("head")
            if self._paused:
                self._paused = False
                self._transport.resume_reading()

    def _begin(self) -> None:
        """Answers the next request, and those after it that are answered immediately."""
        if self._begins:  # from within an answer: the loop below goes on
            return
        self._begins = True
        try:
            while self._may_begin():
                exchange = self._exchanges[0]
                exchange.begun = self._owner.begin(exchange)
                if not exchange.begun:  # it wants more of the body
                    return
        finally:
            self._begins = False

    def _may_begin(self) -> bool:
        takes = not self._writable and not self._transport.is_closing()  # what it was answered before
        return takes and bool(self._exchanges) and not self._exchanges[0].begun

    def pause_writing(self) -> None:
        """Called by the event loop: the client is slower than the answer."""
        self._writable = self._writable or self.loop.create_future()

    def resume_writing(self) -> None:
        """Called by the event loop."""
        if self._writable:
            self._writable.set_result(None)
            self._writable = None
            self._begin()

    # Called by the reader of requests, see `request_reader.Events`.

    def request_begun(self) -> None:
        """A request begins."""
        self._timeouts.expect("head")

    def head_read(self, head: Head) -> None:
        """The head is there."""
        self._timeouts.expect("body")
        exchange = Exchange(self, head)
        self._arriving = exchange
        self._exchanges.append(exchange)
        if len(self._exchanges) > 1:
            self.pause_reading()

    def head_withdrawn(self) -> None:
        """The last head comes again."""
        self._exchanges.pop()

    def body_read(self, piece: bytes) -> None:
        """A piece of the body is there."""
        self._timeouts.received += len(piece)
        if self._arriving:
            self._arriving.feed(piece)

    def request_read(self) -> None:
        """The whole request is there."""
        self._timeouts.expect("")
        if self._arriving:
            self._arriving.complete()
            self._arriving = None

    # Called by exchanges.

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
        self._sending = FileSender(self.loop, self._transport.get_extra_info("socket").fileno(), part)
        try:
            await self._sending.run()
        except OSError:  # the client is gone, or the file cannot be read: the short body shows the error
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
        if not self._may_read():
            return
        if self._unread:
            self.loop.call_soon(self._read_on)
            return
        self._paused = False
        self._transport.resume_reading()

    def _may_read(self) -> bool:
        goes_on = self._refusal is None and not self._transport.is_closing()
        return self._paused and len(self._exchanges) <= 1 and goes_on

    def close(self) -> None:
        """See `exchange.Link`."""
        self._transport.close()

    def ended(self, exchange: Exchange) -> None:
        """See `exchange.Link`."""
        if not self._exchanges or self._exchanges[0] is not exchange:  # the connection is lost
            return
        self._exchanges.popleft()
        self._timeouts.rest()
        self.resume_reading()
        if self._retired or (self._has_said_all and not self._exchanges):
            self._transport.close()
        self._end_refused()
        self._begin()

    # Called by the server, and by the clock.

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
        passes_over = self._arriving is not None and self._arriving.answered
        is_endless = passes_over and self._passes_over
        if self._timeouts.is_slow(held=self._paused) or is_endless or (unsent and taken == self._taken):
            self._transport.abort()
            return
        self._passes_over = passes_over
        if not self._exchanges and self._timeouts.is_idle():
            self._transport.close()
        self._taken = taken
        self._timer = self.loop.call_later(min(self._seconds, _LOOK_SECONDS), self._look)
