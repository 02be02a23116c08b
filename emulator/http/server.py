"""The server: takes connections, has their requests answered, and ends without breaking an answer off."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from email.utils import formatdate
from typing import Any

from emulator.http.body_budget import BodyBudget
from emulator.http.connection import Connection
from emulator.http.exchange import Exchange
from emulator.http.request_head import Heads

_GRACE_SECONDS = 3.0

Answer = Callable[[Exchange], Coroutine[Any, Any, None]]
"""Answers a request, in a task of its own. It raises nothing but faults of its own."""

AtOnce = Callable[[Exchange], bool | None]
"""Asked first: True where it answers, None where it wants to see more of the body before, False where it does not."""


class Front:
    """Every connection, and the tasks that answer their requests.

    Args:
        answer: see there.
        at_once: see there.
        seconds: how slow a client may be, see `Connection`.

    Attributes:
        connections: those that are open.
        heads: reads the heads of requests.
        budget: what bodies of requests take in memory.
    """

    def __init__(self, answer: Answer, at_once: AtOnce, *, seconds: float) -> None:
        self.connections: set[Connection] = set()
        self.heads = Heads()
        self.budget = BodyBudget()
        self._answer = answer
        self._at_once = at_once
        self._seconds = seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_closed: asyncio.Future[None] | None = None
        self._date = (0, "")

    async def serve(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Serves until `stop` is set, then for three seconds what is still being answered."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self, self._seconds), sock=listener)
        await stop.wait()
        server.close()
        for connection in list(self.connections):
            connection.retire()
        if self.connections:
            self._last_closed = loop.create_future()
            await asyncio.wait([self._last_closed], timeout=_GRACE_SECONDS)
        for connection in list(self.connections):
            connection.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def closed(self, connection: Connection) -> None:
        """A connection is closed."""
        self.connections.discard(connection)
        if not self.connections and self._last_closed and not self._last_closed.done():
            self._last_closed.set_result(None)

    def begin(self, exchange: Exchange) -> bool:
        """Has a request answered; False where more of its body is to be there first."""
        taken = self._at_once(exchange)
        if taken is None:
            return False
        if not taken:
            task = asyncio.get_running_loop().create_task(self._answer(exchange))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        return True

    def date(self) -> str:
        """The time as HTTP writes it."""
        now = int(time.time())
        if self._date[0] != now:
            self._date = (now, formatdate(now, usegmt=True))
        return self._date[1]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # it was logged where it was met
