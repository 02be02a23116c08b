"""Files on their way to a client: from the system's cache into the socket, without a copy in this process."""

from __future__ import annotations

import asyncio
import os

from emulator.http.file_part import FilePart

_AT_A_TIME = 4 * 2**20
"""Bytes after which other connections have their turn."""


class FileSender:
    """One part of a file, into one socket that does not block.

    Args:
        loop: calls when the client takes more.
        socket: its file descriptor. Nothing else may be written to it, or wait to be, until `run` returns.
        part: what to send.

    Attributes:
        left: bytes that were not sent yet.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, socket: int, part: FilePart) -> None:
        self.left = part.end - part.start
        self._loop, self._file, self._end = loop, part.file.fileno(), part.end
        self._socket = os.dup(socket)  # an event loop lets nobody wait for a descriptor that is a transport's
        self._ended = loop.create_future()

    async def run(self) -> None:
        """Sends it, as fast as the client takes it, up to the end of the file at most.

        Raises:
            OSError: the client is gone.
        """
        try:
            self._loop.add_writer(self._socket, self._send)
            await self._ended
        finally:
            self._loop.remove_writer(self._socket)
            os.close(self._socket)

    def stop(self) -> None:
        """The connection is lost: `run` returns."""
        if not self._ended.done():
            self._ended.set_result(None)

    def _send(self) -> None:
        """Sends as much as the client takes now. Called by the loop itself, which is cheaper than waking a task."""
        if self._ended.done():
            return
        try:
            sent = os.sendfile(self._socket, self._file, self._end - self.left, min(self.left, _AT_A_TIME))
        except BlockingIOError:
            return
        except OSError as exc:
            self._ended.set_exception(exc)
            return
        self.left -= sent
        if not self.left or not sent:
            self._ended.set_result(None)
