"""The heads of requests: what stands before the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httptools

_Headers = Sequence[tuple[bytes, bytes]]
_KEPT = 256
_AGAIN = b":predict"
"""How the targets end that are asked again and again, with the same head."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """What stands before the body of a request.

    Attributes:
        verb: HTTP verb.
        raw_path: percent-encoded, begins with a slash.
        query: without its `?`.
        headers: names in lower case; of a name that comes twice, the last.
        keep_alive: whether the connection goes on after the answer, as far as the client is concerned.
        chunks: whether the client understands an answer in chunks.
    """

    verb: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    keep_alive: bool = True
    chunks: bool = True

    @property
    def has_body(self) -> bool:
        """Whether a body follows, be it empty."""
        return "content-length" in self.headers or "transfer-encoding" in self.headers


class Heads:
    """Makes heads of what the parser tells. Those of predictions are kept: clients send the same one each time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[bytes, bytes, str, tuple[tuple[bytes, bytes], ...]], Head] = {}

    def of(self, method: bytes, target: bytes, version: str, headers: _Headers, *, keep_alive: bool) -> Head:
        """The head, the very same object for the same bytes. Raises `httptools.HttpParserError` for no target."""
        if not target.endswith(_AGAIN):
            return _head(method, target, version, headers, keep_alive=keep_alive)
        key = (method, target, version, tuple(headers))
        head = self._kept.get(key)
        if head is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            head = self._kept[key] = _head(method, target, version, headers, keep_alive=keep_alive)
        return head


def _head(method: bytes, target: bytes, version: str, headers: _Headers, *, keep_alive: bool) -> Head:
    url = httptools.parse_url(target)
    return Head(
        verb=method.decode("ascii"),
        raw_path=(url.path or b"/").decode("ascii", "backslashreplace"),
        query=(url.query or b"").decode("ascii", "replace"),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers},
        keep_alive=version != "1.0" and keep_alive,
        chunks=version != "1.0",
    )
