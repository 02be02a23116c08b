"""One client's connection: closed where the client is too slow, sends too much, or is one too many."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.call import CLOSE

MOST = 512
"""Connections at a time."""

_HEAD_BYTES = 64 << 10
_BODY_BYTES = 16 << 10
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 85"
    b'\r\n\r\n{"error": {"code": 503, "message": "Too many connections.", "status": "UNAVAILABLE"}}'
)


class Connection(HttpToolsProtocol):
    """A connection that holds memory and a place for a bounded time only.

    Closed are clients that do not send a whole head within `seconds` (at most twice that), a head of more than 64 KiB,
    a body with less than 16 KiB in `seconds`, and clients that take nothing of their answer for so long. Also lets the
    application close it: ASGI has no word for that, and a fault may ask for it.

    Args:
        seconds: a client's patience is ours.
        others: every connection that is open.
    """

    def __init__(self, *, seconds: float, others: set[Connection], **given: Any) -> None:
        super().__init__(**given)
        self._seconds = seconds
        self._others = others
        self._awaited = "head"
        self._since = 0.0
        self._received = 0
        self._unsent = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        """Called by the event loop."""
        super().connection_made(transport)
        if len(self._others) >= MOST:
            transport.write(_FULL)
            transport.close()
            return
        self._others.add(self)
        self._expect("head")
        self._timer = self.loop.call_later(self._seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._others.discard(self)
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self._awaited == "head":
            self._received += len(data)
        super().data_received(data)
        if self._awaited == "head" and self._received > _HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """A new call: its scope is made."""
        super().on_message_begin()
        self._expect("head")
        self.scope["extensions"] = {CLOSE: {"close": self.transport.close}}

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._expect("body")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body is there."""
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole call is there."""
        self._expect("")
        super().on_message_complete()

    def _expect(self, what: str) -> None:
        """Nothing is awaited while the call is being answered, and while a connection is idle after an answer."""
        self._awaited, self._received, self._since = what, 0, self.loop.time()

    def _look(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        if self._is_slow() or (unsent and unsent == self._unsent):
            self.transport.abort()
            return
        self._unsent = unsent
        self._timer = self.loop.call_later(self._seconds, self._look)

    def _is_slow(self) -> bool:
        if not self._awaited or self.loop.time() - self._since < self._seconds:
            return False
        if self._awaited == "head":
            return True
        if self.flow.read_paused:  # it is the handler that does not take more
            return False
        enough = self._received >= _BODY_BYTES
        self._expect("body")
        return not enough
