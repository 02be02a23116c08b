"""How slow a client may be."""

from __future__ import annotations

import asyncio

_IDLE_SECONDS = 240.0
"""As Google's servers: Python clients do not retry if an idle connection was closed."""

_BODY_BYTES = 16 << 10


class ClientTimeouts:
    """What the server waits for on one connection, since when, and how much of it has arrived.

    Args:
        loop: its clock counts.
        seconds: within which a whole head must arrive, and 16 KiB of a body.

    Attributes:
        awaited: "head", "body", or nothing: while a request is being answered, and while a connection is idle.
        received: bytes of it.
    """

    __slots__ = ("_loop", "_seconds", "_since", "awaited", "received")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self.expect("head")

    def expect(self, what: str) -> None:
        """Waits for something else from now on."""
        self.awaited, self.received, self._since = what, 0, self._loop.time()

    def rest(self) -> None:
        """An answer is complete: the time starts again."""
        self._since = self._loop.time()

    def is_idle(self) -> bool:
        """Whether there was no request for four minutes, and none is being answered."""
        return not self.awaited and self._loop.time() - self._since >= _IDLE_SECONDS

    def is_slow(self, *, held: bool) -> bool:
        """Whether the client is too slow, found at most one timeout late; never while reading is paused (`held`)."""
        if not self.awaited or self._loop.time() - self._since < self._seconds:
            return False
        if self.awaited == "head":
            return True
        if held:
            return False
        enough = self.received >= _BODY_BYTES
        self.expect("body")
        return not enough
