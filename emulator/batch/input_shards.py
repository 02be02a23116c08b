"""Splits input files into shards, whose results are kept as a unit, and shards into chunks, which a node gets at once.

Both end at the end of a row. At most one chunk and one row are in memory. Blocks: call it in a thread.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from emulator.serving.chunks import tfrecord
from emulator.serving.chunks.malformed_input import MalformedInput
from emulator.serving.chunks.row_formats import JSON, TF_RECORD, TF_RECORD_GZIP

SHARD_BYTES = 8 << 20
CHUNK_BYTES = 1 << 20
MOST_ROW = 16 << 20
"""Maximum bytes of a row."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The bytes from `start` to `end` of the input file with the number `source`."""

    source: int
    start: int
    end: int


def plan(file: Path, form: str, *, source: int = 0, most: int = SHARD_BYTES) -> list[Shard]:
    """The shards of a file in order, one at least; a compressed file is one shard.

    Args:
        file: the input.
        form: `JSON`, `TF_RECORD` or `TF_RECORD_GZIP`.
        source: the number of the file in its job.
        most: a shard ends with the row that holds its byte of this number.

    Raises:
        MalformedInput: a row is too long, or a TFRecord is not valid.
    """
    found, start = [], 0
    for end in _ends(file, form, most):
        found.append(Shard(source, start, end))
        start = end
    return found or [Shard(source, 0, 0)]


def _ends(file: Path, form: str, most: int) -> Iterable[int]:
    size = file.stat().st_size
    if form == TF_RECORD_GZIP or size == 0:
        return [size] if size else []
    return _ends_of_lines(file, size, most) if form == JSON else _ends_of_records(file, size, most)


def _ends_of_lines(file: Path, size: int, most: int) -> Iterator[int]:
    end = 0
    with file.open("rb") as opened:
        while end < size:
            end = min(end + most, size)
            opened.seek(end - 1)
            end = end - 1 + len(opened.readline(MOST_ROW + 1))
            yield end


def _ends_of_records(file: Path, size: int, most: int) -> Iterator[int]:
    start = end = 0
    with file.open("rb") as opened:
        while end < size:
            opened.seek(end)
            end += tfrecord.HEAD + tfrecord.length(opened.read(tfrecord.HEAD), end) + tfrecord.TAIL
            if end > size:
                raise MalformedInput("the last TFRecord is cut off")
            if end - start >= most or end == size:
                yield end
                start = end


def chunks(file: Path, shard: Shard, form: str) -> Iterator[bytes]:
    """The shard in pieces of about `CHUNK_BYTES`, each of whole rows. Raises `MalformedInput`."""
    if shard.start == shard.end:
        return
    with file.open("rb") as opened:
        opened.seek(shard.start)
        if form == JSON:
            yield from _lines(opened, shard)
        elif form == TF_RECORD:
            yield from _grouped(tfrecord.frames(opened, shard.start, MOST_ROW), shard.end - shard.start)
        else:
            yield from _inflated(opened)


def _lines(file: IO[bytes], shard: Shard) -> Iterator[bytes]:
    left, rest = shard.end - shard.start, b""
    while left and (piece := file.read(min(CHUNK_BYTES, left))):
        left -= len(piece)
        whole = piece.rfind(b"\n") + 1
        if whole:
            yield rest + piece[:whole]
            rest = b""
        rest += piece[whole:]
        if len(rest) > MOST_ROW:
            raise MalformedInput(f"the line that ends after byte {shard.end - left} has more than {MOST_ROW} bytes")
    if rest:
        yield rest


def _grouped(frames: Iterator[bytes], left: int | None = None) -> Iterator[bytes]:
    """Frames in chunks, up to `left` bytes of them."""
    group: list[bytes] = []
    size = 0
    for frame in frames:
        group.append(frame)
        size += len(frame)
        if size >= CHUNK_BYTES:
            yield b"".join(group)
            left = None if left is None else left - size
            group, size = [], 0
        if left is not None and size >= left:
            break
    if group:
        yield b"".join(group)


def _inflated(file: IO[bytes]) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=file) as opened:
            yield from _grouped(tfrecord.frames(cast("IO[bytes]", opened), 0, MOST_ROW))
    except (gzip.BadGzipFile, EOFError, zlib.error) as exc:
        raise MalformedInput(f"it is no whole gzip file: {exc}") from exc
