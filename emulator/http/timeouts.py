"""How slow a client may be: what is awaited of it, since when, and how much of it came."""

from __future__ import annotations

import asyncio

_IDLE_SECONDS = 240.0
"""As long as Google's front ends: Python clients do not retry where a connection was closed while they were idle."""

_BODY_BYTES = 16 << 10


class Pace:
    """Of one connection.

    Args:
        loop: whose clock counts.
        seconds: within which a head is to be whole, and 16 KiB of a body to come.

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
        """From now on this is awaited."""
        self.awaited, self.received, self._since = what, 0, self._loop.time()

    def rest(self) -> None:
        """An answer is whole: what is awaited has its time from now."""
        self._since = self._loop.time()

    def is_idle(self) -> bool:
        """Whether nothing was asked for four minutes, where nothing is being answered."""
        return not self.awaited and self._loop.time() - self._since >= _IDLE_SECONDS

    def is_slow(self, *, held: bool) -> bool:
        """Whether the client is too slow, at most twice as late as it may be; not while it is `held`."""
        if not self.awaited or self._loop.time() - self._since < self._seconds:
            return False
        if self.awaited == "head":
            return True
        if held:
            return False
        enough = self.received >= _BODY_BYTES
        self.expect("body")
        return not enough
