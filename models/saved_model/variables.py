"""The variables of a SavedModel: whether its shards hold all the bytes that their index tells of, without TensorFlow.

`variables.index` is a table of sorted keys in blocks, in LevelDB's format
(https://github.com/google/leveldb/blob/main/doc/table_format.md), whose values are the messages of TensorFlow's
tensor_bundle.proto: the key "" has the header, every other one a tensor's shard, offset and size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from models.core.errors import FolderError
from models.saved_model.file_listing import Sizes, unreadable
from models.saved_model.protobuf_wire import WireError, integer, varint

INDEX = "variables/variables.index"
_SHARD = re.compile(r"variables/variables\.data-(\d{5})-of-(\d{5})")
_FOOTER_BYTES, _MAGIC_BYTES = 48, 8
_MAGIC = 0xDB4775248B80FB57
_PLAIN = 0
"""The type of a block that is not compressed. TensorFlow writes no other."""
_MOST_INDEX_BYTES = 1 << 28
"""Read as a whole; of a tensor it has some 100 bytes."""


class Bundle(NamedTuple):
    """What an index tells.

    Attributes:
        shards: how many files there are.
        needs: by the number of a shard, how many bytes it has at least.
    """

    shards: int
    needs: dict[int, int]


def check(folder: Path, files: Sizes) -> bool:
    """Whether a SavedModel's folder has variables.

    Raises:
        FolderError: an index without its shards, shards without their index, or a shard that is cut short.
    """
    shards = [(name, match) for name in files if (match := _SHARD.fullmatch(name))]
    for name, match in shards:
        if len(shards) != int(match[2]):
            raise FolderError(
                f"{folder}: half-written: {len(shards)} shards, but {name} is one of {int(match[2])}; export it again"
            )
    if bool(shards) != (INDEX in files):
        lacking = "variables/variables.data-*" if INDEX in files else INDEX
        raise FolderError(f"{folder}: half-written: {lacking} is missing; export it again")
    bundle = _bundle(folder, files[INDEX]) if shards else None
    if bundle:
        _check_shards(folder, files, bundle, len(shards))
    return bool(shards)


def _check_shards(folder: Path, files: Sizes, bundle: Bundle, found: int) -> None:
    if bundle.shards != found or not bundle.needs.keys() <= set(range(found)):
        raise FolderError(
            f"{folder}: half-written: {INDEX} tells of {bundle.shards} shards, there are {found}; export it again"
        )
    for number in range(found):
        name = f"variables/variables.data-{number:05d}-of-{found:05d}"
        size, need = files.get(name), bundle.needs.get(number, 0)
        if size is None:
            raise FolderError(f"{folder}: half-written: {name} is missing; export it again")
        if size < need:
            raise FolderError(
                f"{folder / name}: cut short: it has {size} bytes of the {need} that {INDEX} tells of; "
                "copy it again, or export it again"
            )


def _bundle(folder: Path, size: int) -> Bundle | None:
    where = f"{folder / INDEX}: it is no index of variables"
    if size > _MOST_INDEX_BYTES:
        raise FolderError(f"{where}: it has {size} bytes; export it again")
    try:
        return read_index((folder / INDEX).read_bytes())
    except OSError as error:
        raise unreadable(folder / INDEX, error) from None
    except WireError as error:
        raise FolderError(f"{where}, or is cut short: {error}; copy it again, or export it again") from error


def read_index(content: bytes) -> Bundle | None:
    """What an index tells; None where a block is compressed, which is not judged.

    Raises:
        WireError: the bytes are no table, are cut short, or lack the header.
    """
    table, shards, needs = memoryview(content), 0, dict[int, int]()
    footer = table[-_FOOTER_BYTES:]
    if len(footer) < _FOOTER_BYTES or int.from_bytes(footer[-_MAGIC_BYTES:], "little") != _MAGIC:
        raise WireError("its end is not that of a table")
    try:
        _, at = _handle(footer, 0)
        index, _ = _handle(footer, at)
        for _, handle in _entries(_block(table, index)):
            for key, value in _entries(_block(table, _handle(handle, 0)[0])):
                if not key:
                    shards = integer(value, 1)
                    continue
                number, end = integer(value, 3), integer(value, 4) + integer(value, 5)
                needs[number] = max(end, needs.get(number, 0))
    except _CompressedError:
        return None
    if shards < 1:
        raise WireError("it has no header")
    return Bundle(shards, needs)


class _CompressedError(Exception):
    """A block is compressed."""


def _handle(content: memoryview, at: int) -> tuple[tuple[int, int], int]:
    """Where a block begins and how many bytes it has, and the place after both numbers."""
    offset, at = varint(content, at)
    size, at = varint(content, at)
    return (offset, size), at


def _block(table: memoryview, handle: tuple[int, int]) -> memoryview:
    """The entries of a block; behind it stand its type, and restarts, which only a search needs."""
    offset, size = handle
    if size < 4 or offset + size >= len(table):
        raise WireError("a block is beyond its end")
    if table[offset + size] != _PLAIN:
        raise _CompressedError
    block = table[offset : offset + size]
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little")
    if end < 0:
        raise WireError("a block has more restarts than bytes")
    return block[:end]


def _entries(block: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Key and value of each entry; a key begins with as much of the one before as it shares with it."""
    at, key = 0, b""
    while at < len(block):
        shared, at = varint(block, at)
        own, at = varint(block, at)
        size, at = varint(block, at)
        if shared > len(key) or at + own + size > len(block):
            raise WireError("an entry is beyond the end of its block")
        key = key[:shared] + bytes(block[at : at + own])
        yield key, block[at + own : at + own + size]
        at += own + size
