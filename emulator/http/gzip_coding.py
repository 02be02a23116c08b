"""Gzip: which clients accept it, compression and decompression."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping

_PIECE = 256 * 1024
_STEP = 16 * 1024
"""Compressed bytes per step. Each stream that ends within them copies the rest of them."""
_WBITS = 16 + zlib.MAX_WBITS


class NotGzip(Exception):
    """The data is not a valid gzip stream, or is cut off."""


def taken(headers: Mapping[str, str]) -> bool:
    """Whether a client accepts gzip in `Accept-Encoding`."""
    for item in headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


def pack(content: bytes) -> bytes:
    """Favours speed over size: on loopback, the network is memory."""
    stream = zlib.compressobj(1, wbits=_WBITS)
    return stream.compress(content) + stream.flush()


async def unpack(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The decompressed data of a gzip stream, in pieces of at most 256 KiB.

    Raises:
        NotGzip: see there.
    """
    stream = zlib.decompressobj(_WBITS)
    async for chunk in chunks:
        for start in range(0, len(chunk), _STEP):
            rest, piece = chunk[start : start + _STEP], b""
            while rest or len(piece) == _PIECE:
                if stream.eof and rest:  # a gzip file may hold several, one after the other
                    stream = zlib.decompressobj(_WBITS)
                try:
                    piece = stream.decompress(rest, _PIECE)
                except zlib.error as exc:
                    raise NotGzip(str(exc)) from None
                rest = stream.unconsumed_tail or stream.unused_data
                if piece:
                    yield piece
                # A few bytes may unpack to very many, or hold many streams: let other tasks run in between.
                await asyncio.sleep(0)
    if not stream.eof:
        raise NotGzip("the stream is not at its end")
