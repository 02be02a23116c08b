"""Request heads: everything before the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httptools

_Headers = Sequence[tuple[bytes, bytes]]
MOST_BYTES = 64 << 10
"""Of a head."""

_KEPT = 256
_KEPT_BYTES = 4 << 10


class HeadTooLong(httptools.HttpParserError):
    """A head of more than `MOST_BYTES`."""


class WrongVersion(httptools.HttpParserError):
    """Neither HTTP/1.0 nor HTTP/1.1."""


_VERSIONS = ("1.0", "1.1")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """Everything before the body of a request.

    Attributes:
        verb: HTTP verb.
        raw_path: percent-encoded, begins with a slash.
        query: without its `?`.
        headers: names in lower case; of a name that comes twice, the last.
        keep_alive: whether the client wants to keep the connection after the response.
        chunks: whether the client accepts a chunked response.
        kept: whether this object is reused for the next request with the same head.
    """

    verb: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    keep_alive: bool = True
    chunks: bool = True
    kept: bool = False

    @property
    def has_body(self) -> bool:
        """Whether a body follows, which may be empty."""
        return "content-length" in self.headers or "transfer-encoding" in self.headers


class Heads:
    """Makes heads from what the parser reads.

    Args:
        repeated: ends of targets that clients send again and again with the same head; such heads are kept.
    """

    def __init__(self, repeated: tuple[bytes, ...] = ()) -> None:
        self._repeated = repeated
        self._kept: dict[tuple[bytes, bytes, str, tuple[tuple[bytes, bytes], ...]], Head] = {}

    def of(self, method: bytes, target: bytes, version: str, headers: _Headers, *, keep_alive: bool) -> Head:
        """The head; of a repeated target the same object for the same bytes.

        Raises:
            HeadTooLong: it is longer than `MOST_BYTES`.
            WrongVersion: the version is neither 1.0 nor 1.1.
            httptools.HttpParserError: the target is not valid, or there are two hosts.
        """
        if not target.endswith(self._repeated):
            return _head(method, target, version, headers, keep_alive=keep_alive)
        key = (method, target, version, tuple(headers))
        head = self._kept.get(key)
        if head is None:
            head = _head(method, target, version, headers, keep_alive=keep_alive, repeated=True)
            if head.kept:
                if len(self._kept) >= _KEPT:
                    self._kept.clear()
                self._kept[key] = head
        return head


def _head(
    method: bytes, target: bytes, version: str, headers: _Headers, *, keep_alive: bool, repeated: bool = False
) -> Head:
    size = len(target) + sum(len(name) + len(value) for name, value in headers)
    if size > MOST_BYTES:
        raise HeadTooLong
    if version not in _VERSIONS:
        raise WrongVersion
    url = httptools.parse_url(target)
    return Head(
        verb=method.decode("ascii"),
        raw_path=(url.path or b"/").decode("ascii", "backslashreplace"),
        query=(url.query or b"").decode("ascii", "replace"),
        headers=_named(headers, url, version),
        keep_alive=version != "1.0" and keep_alive,
        chunks=version != "1.0",
        kept=repeated and size <= _KEPT_BYTES,
    )


def _named(headers: _Headers, url: Any, version: str) -> dict[str, str]:
    """The headers by name.

    A host in the target takes precedence, but HTTP/1.1 requires the header even then (RFC 9112, 3.2).
    """
    named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
    if len(named) < len(headers) and sum(name.lower() == b"host" for name, _ in headers) > 1:
        raise httptools.HttpParserError("there are two hosts")
    if url.host and ("host" in named or version == "1.0"):
        host = url.host.decode("ascii", "replace")
        named["host"] = (f"[{host}]" if ":" in host else host) + (f":{url.port}" if url.port else "")
    return named
