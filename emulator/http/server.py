"""The server: takes connections, has their requests answered, and ends without breaking an answer off."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from email.utils import formatdate
from typing import Any

from emulator.http import early_errors
from emulator.http.body_budget import BodyBudget
from emulator.http.connection import Connection
from emulator.http.connection_owner import OpenConnection
from emulator.http.early_errors import EarlyError, ErrorBody
from emulator.http.exchange import Exchange
from emulator.http.request_head import Heads

MOST = 512
"""Connections at a time."""

_GRACE_SECONDS = 3.0

Answer = Callable[[Exchange], Coroutine[Any, Any, None]]
"""Answers a request, in a task of its own."""

FastPath = Callable[[Exchange], bool | None]
"""Asked first: True if it answers, None if it needs more of the body, False if it leaves the request to `Answer`."""


class HttpServer:
    """Every connection, and the tasks that answer their requests.

    Args:
        answer: answers a request.
        fast_path: answers a request without a task, if it can.
        seconds: how slow a client may be, see `Connection`.
        error_body: writes the body of an error that is found before there is a request.
        repeated: see `request_head.Heads`.

    Attributes:
        heads: makes the heads of requests.
        budget: limits the bytes of request bodies in memory.
    """

    def __init__(
        self,
        answer: Answer,
        fast_path: FastPath,
        *,
        seconds: float,
        error_body: ErrorBody = early_errors.plain_body,
        repeated: tuple[bytes, ...] = (),
    ) -> None:
        self.heads = Heads(repeated)
        self.budget = BodyBudget()
        self._answer = answer
        self._fast_path = fast_path
        self._seconds = seconds
        self._error_body = error_body
        self._connections: set[OpenConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_closed: asyncio.Future[None] | None = None
        self._date = (0, "")

    async def serve(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Serves until `stop` is set, then finishes running responses for up to three seconds."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self, self._seconds), sock=listener)
        await stop.wait()
        server.close()
        for connection in list(self._connections):
            connection.retire()
        if self._connections:
            self._last_closed = loop.create_future()
            await asyncio.wait([self._last_closed], timeout=_GRACE_SECONDS)
        for connection in list(self._connections):
            connection.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Called by connections, see `connection_owner.Owner`.

    def opened(self, connection: OpenConnection) -> bool:
        """Counts a new connection; False if there are too many, so that it must close."""
        if len(self._connections) >= MOST:
            return False
        self._connections.add(connection)
        return True

    def closed(self, connection: OpenConnection) -> None:
        """A connection is closed."""
        self._connections.discard(connection)
        if not self._connections and self._last_closed and not self._last_closed.done():
            self._last_closed.set_result(None)

    def begin(self, exchange: Exchange) -> bool:
        """Has a request answered; False where more of its body is to be there first."""
        taken = self._fast_path(exchange)
        if taken is None:
            return False
        if not taken:
            task = asyncio.get_running_loop().create_task(self._answer(exchange))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        return True

    def early_response(self, error: EarlyError) -> bytes:
        """The response to a request that is not valid HTTP."""
        return early_errors.response(error, self._error_body)

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
