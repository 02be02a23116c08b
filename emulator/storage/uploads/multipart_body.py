"""Uploads with `uploadType=multipart`: JSON metadata and media in one `multipart/related` body, read as a stream.

Lines end in CRLF, or in LF as google-api-python-client sends them; the first line decides.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from gcp import errors

_BOUNDARY = re.compile(r""";\s*boundary=(?:"([^"]+)"|'([^']+)'|([^;\s]+))""", re.IGNORECASE)
_HEADER_BYTES = 16 * 1024
_METADATA_BYTES = 256 * 1024


class Multipart:
    """Reads the two parts of a body. Call `metadata`, then `media_type`, then `media`, each once.

    Args:
        content_type: the request's `Content-Type`. The boundary may be in double quotes, in single ones (gcloud) or
            without quotes.
        chunks: the body.

    Raises:
        errors.InvalidArgument: here or in a method: the body does not have this form, or ends before its last boundary.
    """

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        found = _BOUNDARY.search(content_type)
        if found is None or not content_type.lower().startswith("multipart/"):
            raise errors.InvalidArgument("A multipart upload needs Content-Type: multipart/related; boundary=...")
        self._boundary = b"--" + next(filter(None, found.groups())).encode("latin-1", "replace")
        self._delimiter = b""
        self._chunks = chunks
        self._pending = bytearray()

    async def metadata(self) -> bytes:
        """Returns the bytes of the first part."""
        before = _HEADER_BYTES
        while not (line := await self._line(before)).strip():
            before -= len(line)
        if line.strip() != self._boundary:
            raise errors.InvalidArgument("The multipart body does not begin with its boundary.")
        self._delimiter = (b"\r\n" if line.endswith(b"\r\n") else b"\n") + self._boundary
        await self._headers()
        content = await self._until(self._delimiter, _METADATA_BYTES)
        if (await self._line()).strip():
            raise errors.InvalidArgument("The multipart body needs two parts: metadata and media.")
        return content

    async def media_type(self) -> str | None:
        """Returns the `Content-Type` of the second part."""
        return (await self._headers()).get("content-type")

    async def media(self) -> AsyncIterator[bytes]:
        """Gives the bytes of the second part, in pieces; what follows its boundary is read and dropped."""
        held = len(self._delimiter) - 1
        while (at := self._pending.find(self._delimiter)) < 0:
            if len(self._pending) > held:
                piece = bytes(self._pending[:-held])
                del self._pending[:-held]
                yield piece
            await self._more()
        yield bytes(self._pending[:at])
        async for _ in self._chunks:
            pass

    async def _headers(self) -> dict[str, str]:
        headers, left = {}, _HEADER_BYTES
        while (line := await self._line(left)).strip():
            left -= len(line)
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        return headers

    async def _line(self, limit: int = _HEADER_BYTES) -> bytes:
        return await self._until(b"\n", limit) + b"\n"

    async def _until(self, mark: bytes, limit: int) -> bytes:
        """Returns what comes before `mark`, and removes both from the pending bytes."""
        end, searched = max(0, limit) + len(mark), 0
        while (at := self._pending.find(mark, searched, end)) < 0:
            if len(self._pending) >= end:
                raise errors.InvalidArgument(
                    "The headers or the metadata of a part of the multipart body are too long."
                )
            # Otherwise each new piece would cause another search of all bytes before it.
            searched = max(0, len(self._pending) - len(mark) + 1)
            await self._more()
        content = bytes(self._pending[:at])
        del self._pending[: at + len(mark)]
        return content

    async def _more(self) -> None:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            raise errors.InvalidArgument("The multipart body ends before its last boundary.")
        self._pending += chunk
