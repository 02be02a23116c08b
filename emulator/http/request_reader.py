"""Reads the requests of a connection: httptools parses them; the limits that it lacks are enforced here."""

from __future__ import annotations

from typing import Protocol

import httptools

from emulator.http import early_errors
from emulator.http.early_errors import EarlyError
from emulator.http.request_head import MOST_BYTES, Head, Heads, HeadTooLong, WrongVersion

STEP = 8 << 10
"""Bytes to parse at a time, except in a body of known length: limits how many requests come of one read."""

_CHUNK_LINE_BYTES = 16
"""For the line of each chunk; what its size and the line breaks take."""

_MOST_HEADERS = 1000
_VERSIONS = ("Invalid HTTP version", "Pause on PRI/Upgrade")
"""What the parser says of a version that it does not know, and of how HTTP/2 begins."""


class Refused(Exception):
    """The request is malformed or over a limit.

    Args:
        error: what to answer.
    """

    def __init__(self, error: EarlyError) -> None:
        super().__init__(error.message)
        self.error = error


class Events(Protocol):
    """Callbacks for a connection's requests, in their order."""

    def request_begun(self) -> None:
        """The first byte of a request is there."""

    def head_read(self, head: Head) -> None:
        """The head is there."""

    def head_withdrawn(self) -> None:
        """The head that was read last comes again, without an offer of another protocol."""

    def body_read(self, piece: bytes) -> None:
        """A piece of the body is there."""

    def request_read(self) -> None:
        """The whole request is there."""


class RequestReader:
    """The requests of one connection.

    A head has at most 64 KiB and 1000 headers. The same 64 KiB limit chunk extensions and trailers of a
    body, and empty lines before a request.

    Args:
        heads: makes the heads.
        events: gets what is read.
    """

    def __init__(self, heads: Heads, events: Events) -> None:
        self._heads, self._events = heads, events
        self._parser = self._fresh_parser()
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._has_body = self._in_head = False
        self._length = 0  # what is left of a body whose length is known
        self._beside = 0  # bytes outside of bodies since the last head began or ended
        self._body = 0

    def close(self) -> None:
        """Drops the parser. It refers to this reader: both would stay until the garbage collector runs."""
        del self._parser

    def step(self) -> int:
        """How many bytes may be fed at a time."""
        return max(STEP, self._length)

    def feed(self, data: bytes | memoryview) -> None:
        """Parses at most `step` bytes. Raises `Refused`."""
        self._body = 0
        rest: bytes | memoryview | None = data
        while rest is not None:
            rest = self._parse(rest)
        self._beside += len(data) - self._body
        if self._beside > MOST_BYTES + STEP:
            raise Refused(early_errors.LONG_HEAD if self._in_head else early_errors.LONG_FRAMING)

    def _parse(self, data: bytes | memoryview) -> bytes | None:
        """Returns what is still to be parsed after the offer of another protocol: HTTP/1.1 goes on."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as exc:
            rest = bytes(data[exc.args[0] :])
            return self._without_offer() + rest if self._has_body else rest
        except httptools.HttpParserError as exc:
            raise Refused(_refusal(exc)) from exc
        return None

    def _without_offer(self) -> bytes:
        """Parses the last head again without its `Upgrade` header, so that the body is read."""
        parser, url, headers = self._parser, self._url, self._headers
        self._events.head_withdrawn()
        self._parser = self._fresh_parser()
        first = b"%b %b HTTP/%b" % (parser.get_method(), url, parser.get_http_version().encode())
        lines = [b"%b: %b" % (name, value) for name, value in headers if name.lower() != b"upgrade"]
        return b"\r\n".join([first, *lines, b"", b""])

    def _fresh_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # Data after a request with `Connection: close` is not read, and is not an error of that request.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    # Called by the parser, which treats every exception as an error of the request.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url, self._headers = b"", []
        self._in_head, self._beside, self._length = True, 0, 0
        self._events.request_begun()

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody asks for."""
        if not self._in_head:
            return
        self._headers.append((name, value))
        if len(self._headers) > _MOST_HEADERS:
            raise HeadTooLong

    def on_headers_complete(self) -> None:
        """The head is there."""
        parser, keep_alive = self._parser, self._parser.should_keep_alive()
        version = parser.get_http_version()
        head = self._heads.of(parser.get_method(), self._url, version, self._headers, keep_alive=keep_alive)
        self._in_head, self._beside = False, 0
        self._has_body = head.has_body
        if self._has_body and "transfer-encoding" not in head.headers:
            self._length = int(head.headers["content-length"])
        self._events.head_read(head)

    def on_chunk_header(self) -> None:
        """A chunk begins."""
        self._beside = max(0, self._beside - _CHUNK_LINE_BYTES)  # a shorter line leaves nothing for what comes later

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body += len(body)
        self._length = max(0, self._length - len(body))
        self._events.body_read(body)

    def on_message_complete(self) -> None:
        """The whole request is there."""
        self._beside = 0
        self._events.request_read()


def _refusal(error: httptools.HttpParserError) -> EarlyError:
    if isinstance(error.__context__, HeadTooLong):
        return early_errors.LONG_HEAD
    if isinstance(error.__context__, WrongVersion) or str(error) in _VERSIONS:
        return early_errors.WRONG_VERSION
    return early_errors.NO_HTTP
