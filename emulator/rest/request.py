"""What a handler takes and gives: a request that routing has already understood, and a response."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.http.file_part import FilePart


@dataclass(slots=True, kw_only=True)
class Request:
    """One call of one API method.

    Attributes:
        method: the discovery document's id of the method, `storage.objects.insert`.
        params: path and query parameters under the document's names, typed as it says (int64 as int), with its
            defaults.
        headers: HTTP headers, names in lower case.
        body: the parsed and validated JSON body; None where the method takes none, or where the handler reads `chunks`.
        chunks: the raw body, once; for uploads and `predict`.
        collect: see `http_call.Collect`.
        path: the decoded path as it came, without the query.
        verb: the HTTP verb; it tells the calls of an upload session apart.
        base_url: `http://HOST:PORT` as this client addressed the endpoint; answers that hold links start with it.
    """

    method: str
    params: dict[str, Any]
    headers: Mapping[str, str]
    body: Any = None
    chunks: AsyncIterator[bytes]
    collect: Callable[[int], None]
    path: str
    base_url: str
    verb: str = "GET"

    async def read(self, limit: int) -> bytes:
        """The raw body. Raises `ValueError` as soon as it is longer than `limit` bytes, and `Unavailable`."""
        content = bytearray()
        async for chunk in self.chunks:
            content += chunk
            self.collect(len(chunk))
            if len(content) > limit:
                raise ValueError(limit)
        return bytes(content)

    async def drain(self) -> None:
        """Takes the rest of the body and drops it: a client that is still sending would not read an answer."""
        async for _ in self.chunks:
            pass


@dataclass(slots=True, kw_only=True)
class Response:
    """An answer.

    Attributes:
        body: JSON (dict or list), bytes as they are, a part of a file or an iterator of bytes for large ones, or None
            for an empty body.
        status: HTTP status.
        headers: further headers; `content-type` is set where `body` tells it.
        stored: whether the bytes are those of an object: they are sent as they are, whatever their type.
    """

    body: dict[str, Any] | list[Any] | bytes | FilePart | AsyncIterator[bytes] | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stored: bool = False
