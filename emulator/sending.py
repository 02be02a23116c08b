"""Files on their way to a client: from the system's cache into the socket, without a copy in this process."""

from __future__ import annotations

import asyncio
import os

from emulator.request import FilePart

_AT_A_TIME = 4 * 2**20
"""Bytes after which other connections have their turn."""


class Sending:
    """One part of a file, into one socket that does not block.

    Args:
        loop: waits for the client.
        socket: its file descriptor. Nothing else may be written to it, or wait to be, until `run` returns.
        part: what to send.

    Attributes:
        left: bytes that were not sent yet.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, socket: int, part: FilePart) -> None:
        self.left = part.end - part.start
        self._loop, self._part = loop, part
        self._socket = os.dup(socket)  # an event loop lets nobody wait for a descriptor that is a transport's
        self._awaited: asyncio.Future[None] | None = None
        self._stopped = False

    async def run(self) -> None:
        """Sends it, as fast as the client takes it, up to the end of the file at most.

        Raises:
            OSError: the client is gone.
        """
        try:
            while self.left and not self._stopped:
                await self._turn()
                if not self._send():
                    return
        finally:
            self._loop.remove_writer(self._socket)
            os.close(self._socket)

    def stop(self) -> None:
        """The connection is lost: `run` returns."""
        self._stopped = True
        self._wake()

    def _send(self) -> bool:
        """Sends what the client takes now; whether the file has more."""
        try:
            start = self._part.end - self.left
            sent = os.sendfile(self._socket, self._part.file.fileno(), start, min(self.left, _AT_A_TIME))
        except BlockingIOError:
            return True
        self.left -= sent
        return sent > 0

    async def _turn(self) -> None:
        self._awaited = self._loop.create_future()
        self._loop.add_writer(self._socket, self._wake)
        await self._awaited

    def _wake(self) -> None:
        self._loop.remove_writer(self._socket)
        if self._awaited and not self._awaited.done():
            self._awaited.set_result(None)
