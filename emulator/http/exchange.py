"""One request on a connection and its response: reads the body as it arrives, writes the response as HTTP/1.1."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

from emulator.http.body_budget import BodyBudget
from emulator.http.file_part import FilePart
from emulator.http.request_head import Head
from gcp import errors

HIGH_WATER = 256 << 10
"""See `Exchange.room`."""

_SMALL = 1 << 10  # smaller pieces of a body are joined: an object for each byte would take 40 times the memory
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_NO_BODY = (204, 304)
_KNOWN = {int(status): status.phrase for status in HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Disconnected(Exception):
    """The client is gone: nothing more comes from it, and nothing reaches it."""


class Link(Protocol):
    """What a connection is to its exchanges."""

    loop: asyncio.AbstractEventLoop
    budget: BodyBudget

    def write(self, data: bytes) -> None:
        """Sends bytes, now or as soon as the client takes them."""

    async def drain(self) -> None:
        """Waits while the client takes nothing."""

    async def send_file(self, part: FilePart) -> None:
        """Sends a part of a file after what was written; returns when the system has it, or the connection is lost."""

    def pause_reading(self) -> None:
        """Reads no more, until `resume_reading`."""

    def resume_reading(self) -> None:
        """Reads on."""

    def close(self) -> None:
        """Closes the connection after what was written."""

    def ended(self, exchange: Exchange) -> None:
        """The answer of an exchange is written."""

    def date(self) -> str:
        """The value of the header `date`."""


class Exchange:
    """A request and its answer. Made by the connection when a head is whole.

    Attributes:
        head: of the request.
        size: bytes of the body that are there and were not taken.
        whole: whether the whole body is there.
        begun: whether somebody answers it.
        started: whether the head of the answer is there.
        answered: whether the whole answer was written.
        lost: whether the connection is.
        room: bytes of the body that may wait for who answers; with more, no more is read.
    """

    __slots__ = (
        "_awaited",
        "_chunked",
        "_closed",
        "_continue",
        "_head",
        "_held",
        "_left",
        "_link",
        "_pieces",
        "answered",
        "begun",
        "head",
        "lost",
        "room",
        "size",
        "started",
        "whole",
    )

    def __init__(self, link: Link, head: Head) -> None:
        self.head = head
        self.size = 0
        self.room = HIGH_WATER
        self.whole = self.begun = self.started = self.answered = self.lost = False
        self._link = link
        self._pieces: list[bytes] = []
        self._held = 0
        self._awaited: asyncio.Future[None] | None = None
        self._closed: asyncio.Future[None] | None = None
        self._continue = head.headers.get("expect", "").lower() == "100-continue"
        self._head = b""
        self._chunked = False
        self._left: int | None = None

    # Called by the connection.

    def feed(self, piece: bytes) -> None:
        """A piece of the body has arrived. It is dropped once the response is written."""
        if self.answered:
            return
        if self._pieces and len(self._pieces[-1]) + len(piece) <= _SMALL:
            self._pieces[-1] += piece
        else:
            self._pieces.append(piece)
        self.size += len(piece)
        self._hold(len(piece))
        if self.size > self.room:
            self._link.pause_reading()
        self._wake()

    def complete(self) -> None:
        """The body is whole."""
        self.whole = True
        self._wake()

    def lose(self) -> None:
        """The connection is lost; nobody wants a body that will never be whole."""
        self._release()
        self.lost = True
        if not self.whole:
            self._pieces.clear()
        self._wake()
        if self._closed and not self._closed.done():
            self._closed.set_result(None)

    def _wake(self) -> None:
        if self._awaited and not self._awaited.done():
            self._awaited.set_result(None)

    # Called by handlers.

    @property
    def crowded(self) -> bool:
        """Whether bodies must not be kept in memory, because all requests together hold too much."""
        return self._link.budget.spent

    def body(self) -> bytes:
        """Returns what has arrived of the body since the last call."""
        pieces = self.pieces()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def pieces(self) -> list[bytes]:
        """The same, in the pieces that arrived."""
        pieces, self._pieces = self._pieces, []
        self._hold(-self.size)
        self.size = 0
        return pieces

    def collect(self, size: int) -> None:
        """Counts bytes of the body that are kept in memory until the request is answered.

        Raises:
            errors.Unavailable: all requests together hold too much.
        """
        self._hold(size)
        if self._link.budget.spent:
            raise errors.Unavailable("Too many large requests at once: try again later.")

    def _hold(self, size: int) -> None:
        if not (self.lost or self.answered):
            self._held += size
            self._link.budget.held += size

    def _release(self) -> None:
        self._hold(-self._held)

    async def receive(self) -> bytes | None:
        """The next piece of the body; None after the last one. Raises `Disconnected`."""
        if self._continue and not self.started:
            self._continue = False
            self._link.write(_CONTINUE)
        while not self._pieces:
            if self.whole:
                return None
            if self.lost:
                raise Disconnected
            self._link.resume_reading()
            self._awaited = self._link.loop.create_future()
            await self._awaited
        return self.body()

    async def hang_up(self) -> None:
        """Closes the connection; returns once it is closed."""
        if not self.lost:
            self._closed = self._link.loop.create_future()
            self._link.close()
            await self._closed

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Sets status and headers, which are sent with the first bytes of the body, or at the end.

        Raises:
            ValueError: the value of a header holds control characters; nothing is sent.
        """
        self._head = _written(status, self._link.date(), headers) + self._framing(status, headers)
        self.started = True

    def _framing(self, status: int, headers: Mapping[str, str]) -> bytes:
        """The end of the head: the headers that say where the answer ends, and whether another may follow."""
        lines = b""
        length = headers.get("content-length")
        if self.head.verb == "HEAD" or status in _NO_BODY:
            self._left = 0
        elif length is not None:
            self._left = int(length)
        elif self.head.chunks:
            self._chunked = True
            lines = b"transfer-encoding: chunked\r\n"
        return lines + (b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")

    @property
    def keep_alive(self) -> bool:
        """Whether the connection goes on after this answer.

        It does not where the client waits to be asked for a body that nobody wants: what comes next could be either.
        """
        bounded = self._chunked or self._left is not None or not self.started
        return self.head.keep_alive and bounded and not self._continue

    @property
    def takes_body(self) -> bool:
        """Whether a body may follow the head of the answer."""
        return self.head.verb != "HEAD"

    async def write(self, data: bytes) -> None:
        """Sends bytes of the answer's body, as soon as the client takes them. Raises `Disconnected`."""
        await self._link.drain()
        if self.lost:
            raise Disconnected
        if self.head.verb == "HEAD":
            data = b""
        elif self._left is not None:
            if len(data) > self._left:
                raise ValueError(f"the answer is longer than its content-length, by {len(data) - self._left} bytes")
            self._left -= len(data)
        elif self._chunked and data:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        if self._head or data:
            self._link.write(self._head + data if self._head else data)
            self._head = b""

    async def write_file(self, part: FilePart) -> None:
        """Sends a part of a file as the whole body, whose length the head tells. Raises `Disconnected`."""
        if self.head.verb == "HEAD":
            return
        if self._left != part.end - part.start:
            raise ValueError("the answer has another length than its content-length")
        self._link.write(self._head)
        self._head = b""
        await self._link.send_file(part)
        if self.lost:
            raise Disconnected
        self._left = 0

    def end(self) -> None:
        """Ends the response. Raises `Disconnected`."""
        if self.lost:
            raise Disconnected
        rest = self._head + (b"0\r\n\r\n" if self._chunked else b"")
        if rest:
            self._link.write(rest)
        if self._left or not self.keep_alive:  # bytes are missing: only closing the connection reports it
            self._link.close()
        self._finish()

    def answer(self, status: int, headers: Mapping[str, str], *body: bytes) -> None:
        """Sends a whole response, with its body in pieces. Waits for the client if necessary."""
        self.start(status, headers)
        self._link.write(b"".join((self._head, *body)))
        self._finish()

    def _finish(self) -> None:
        self._release()
        self.answered = True
        self._pieces.clear()
        self._link.ended(self)


def _written(status: int, date: str, headers: Mapping[str, str]) -> bytes:
    """The head of an answer but for its end."""
    if not _VALUE.fullmatch("".join(headers.values())):
        name = next(name for name, value in headers.items() if not _VALUE.fullmatch(value))
        raise ValueError(f"the header {name} holds control characters")
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"HTTP/1.1 {status} {_KNOWN.get(status, '')}\r\ndate: {date}\r\n{lines}".encode("latin-1")
