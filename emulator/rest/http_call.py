"""What is known of a call while it is being answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from emulator.http import gzip_coding
from emulator.http.request_head import Head
from emulator.rest import error_body
from emulator.rest.error_body import ErrorBody
from gcp import errors

Receive = Callable[[], Awaitable[bytes | None]]
"""Gives the pieces of a body, and None after the last one. Raises `Disconnected`."""

Collect = Callable[[int], None]
"""Called with the number of body bytes that are kept in memory. Raises `Unavailable` if they are too many."""

BODY_LIMIT = 8 * 1024 * 1024
"""The largest JSON body, in bytes, unpacked; media and predictions have limits of their own."""

_QUERY_BYTES = 1024 * 1024
"""The longest query that comes in a body."""

_OVERRIDE = "x-http-method-override"


def _collected(size: int) -> None:
    """For bodies that are part of another one."""
    del size


class Dropped(Exception):
    """A fault asks that the connection be closed."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        verb: HTTP verb; `raw_path` is percent-encoded and begins with a slash; `query` comes without its `?`.
        headers: names in lower case.
        receive: see there.
        collect: see `Collect`.
        method: id of the method, once it is known.
        error_body: writes errors in the form of the method's API, once that is known.
        pretty: whether JSON is answered with line breaks.
        limit: a fault asks that no more bytes of the answer be sent.
    """

    verb: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    receive: Receive
    collect: Collect = _collected
    method: str = "-"
    error_body: ErrorBody = error_body.canonical
    pretty: bool = True
    limit: int | None = None
    _more: bool = field(default=True, init=False)

    @property
    def is_known(self) -> bool:
        """Whether its method is known."""
        return self.method != "-"

    @classmethod
    def of(cls, head: Head, receive: Receive, collect: Collect) -> Call:
        """The call that a request is."""
        return cls(
            verb=head.verb,
            raw_path=head.raw_path,
            query=head.query,
            headers=head.headers,
            receive=receive,
            collect=collect,
        )

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces, as it arrives, unpacked where it is packed; what was read before does not come again.

        Raises:
            errors.InvalidArgument: what says that it is packed with gzip is not, or is cut off.
        """
        if self.headers.get("content-encoding", "").strip().lower() != "gzip":
            async for chunk in self._received():
                yield chunk
            return
        try:
            async for piece in gzip_coding.unpack(self._received()):
                yield piece
        except gzip_coding.NotGzip as exc:
            raise errors.InvalidArgument(f"The body is not gzip, as Content-Encoding says: {exc}.") from None

    async def _received(self) -> AsyncIterator[bytes]:
        while self._more:
            piece = await self.receive()
            if piece is None:
                self._more = False
            elif piece:
                yield piece

    async def read(self, limit: int = BODY_LIMIT) -> bytes:
        """The body of a JSON call. Raises `PayloadTooLarge` beyond `limit` bytes, and `Unavailable`."""
        content = bytearray()
        async for chunk in self.chunks():
            content += chunk
            self.collect(len(chunk))
            if len(content) > limit:
                raise errors.PayloadTooLarge(f"Request payload size exceeds the limit: {limit} bytes.")
        return bytes(content)

    async def override(self) -> None:
        """Takes the HTTP method from the header and the query from the body, as clients send very long queries."""
        if not self.headers.get(_OVERRIDE) or self.verb != "POST":
            return
        self.verb = self.headers[_OVERRIDE].upper()
        if "form-urlencoded" in self.headers.get("content-type", ""):
            self.query = (await self.read(_QUERY_BYTES)).decode("ascii", "replace")
