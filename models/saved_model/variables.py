"""Checks that the shards of a SavedModel have all the bytes in the index of its variables, without TensorFlow.

A copy that was interrupted lacks some: otherwise only a load of the whole model, after its upload, would find out.

`variables.index` is a table of sorted keys in blocks, in LevelDB's format
(https://github.com/google/leveldb/blob/main/doc/table_format.md), whose values are the messages of TensorFlow's
tensor_bundle.proto: the key "" has the header, every other key the shard, offset and size of a tensor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from command_line import pluralize
from models.core.errors import FolderError
from models.saved_model.file_listing import Sizes, unreadable
from models.saved_model.protobuf_wire import WireError, integer, varint

INDEX = "variables/variables.index"
_SHARD = re.compile(r"variables/variables\.data-(\d{5})-of-(\d{5})")
_FOOTER_BYTES, _MAGIC_BYTES = 48, 8
_MAGIC = 0xDB4775248B80FB57
_UNCOMPRESSED = 0
"""The type of an uncompressed block, the only type that TensorFlow writes."""
_MOST_INDEX_BYTES = 1 << 28
"""An index is read as a whole; it has about 100 bytes per tensor."""


class Bundle(NamedTuple):
    """The content of an index.

    Attributes:
        shards: number of shard files.
        needs: number of a shard -> its least size in bytes.
    """

    shards: int
    needs: dict[int, int]


def check(folder: Path, files: Sizes) -> bool:
    """Whether the folder of a SavedModel has variables.

    Raises:
        FolderError: index or shards are missing, or a shard is truncated.
    """
    shards = [(name, match) for name in files if (match := _SHARD.fullmatch(name))]
    for name, match in shards:
        if len(shards) != int(match[2]):
            raise FolderError(
                f"{folder}: is incomplete: {len(shards)} shards, but {name} is one of {int(match[2])}; export it again"
            )
    if bool(shards) != (INDEX in files):
        missing = "variables/variables.data-*" if INDEX in files else INDEX
        raise FolderError(f"{folder}: is incomplete: {missing} is missing; export it again")
    bundle = _bundle(folder, files[INDEX]) if shards else None
    if bundle:
        _check_shards(folder, files, bundle, len(shards))
    return bool(shards)


def _check_shards(folder: Path, files: Sizes, bundle: Bundle, found: int) -> None:
    if bundle.shards != found or not bundle.needs.keys() <= set(range(found)):
        raise FolderError(
            f"{folder}: is incomplete: {INDEX} lists {pluralize(bundle.shards, 'shard')}, found {found}; "
            "export it again"
        )
    for number in range(found):
        name = f"variables/variables.data-{number:05d}-of-{found:05d}"
        size, need = files.get(name), bundle.needs.get(number, 0)
        if size is None:
            raise FolderError(f"{folder}: is incomplete: {name} is missing; export it again")
        if size < need:
            raise FolderError(
                f"{folder / name}: is truncated: it has {size} bytes of the {need} in {INDEX}; "
                "copy it again, or export it again"
            )


def _bundle(folder: Path, size: int) -> Bundle | None:
    where = f"{folder / INDEX}: is not an index of variables"
    if size > _MOST_INDEX_BYTES:
        raise FolderError(f"{where}: it has {size} bytes; export it again")
    try:
        return read_index((folder / INDEX).read_bytes())
    except OSError as error:
        raise unreadable(folder / INDEX, error) from None
    except WireError as error:
        raise FolderError(f"{where}, or is truncated: {error}; copy it again, or export it again") from error


def read_index(content: bytes) -> Bundle | None:
    """The content of an index; None if a block is compressed, which is not read.

    Raises:
        WireError: the bytes are not a table, are truncated, or have no header.
    """
    table, shards, needs = memoryview(content), 0, dict[int, int]()
    footer = table[-_FOOTER_BYTES:]
    if len(footer) < _FOOTER_BYTES or int.from_bytes(footer[-_MAGIC_BYTES:], "little") != _MAGIC:
        raise WireError("it does not end like a table")
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
    """Offset and size of a block, and the position after both numbers."""
    offset, at = varint(content, at)
    size, at = varint(content, at)
    return (offset, size), at


def _block(table: memoryview, handle: tuple[int, int]) -> memoryview:
    """The entries of a block, without its type, and its restarts, which only a search needs."""
    offset, size = handle
    if size < 4 or offset + size >= len(table):
        raise WireError("a block is beyond its end")
    if table[offset + size] != _UNCOMPRESSED:
        raise _CompressedError
    block = table[offset : offset + size]
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little")
    if end < 0:
        raise WireError("a block has more restarts than bytes")
    return block[:end]


def _entries(block: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Key and value of each entry. A key is stored without the prefix that it shares with the previous one."""
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
