"""Writes small SavedModel folders without TensorFlow, with a protocol-buffer writer of a dozen lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

SHARD = "variables/variables.data-00000-of-00001"
INDEX = "variables/variables.index"
Tensor = tuple[int, Sequence[int] | None]


def varint(value: int) -> bytes:
    """A number in base 128, least significant digit first; a negative one as 64-bit complement."""
    value %= 1 << 64
    digits = []
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def number(field: int, value: int) -> bytes:
    """A field of type int64 or enum."""
    return varint(field << 3) + varint(value)


def block(field: int, content: bytes | str) -> bytes:
    """A field of type string, bytes or message."""
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(field: int, name: str, kind: int, shape: Sequence[int] | None) -> bytes:
    """An entry of a signature's inputs or outputs; the shape None means unknown rank."""
    sizes = number(3, 1) if shape is None else b"".join(block(2, number(1, size)) for size in shape)
    return block(field, block(1, name) + block(2, block(1, f"{name}:0") + number(2, kind) + block(3, sizes)))


def graph(
    inputs: Mapping[str, Tensor],
    outputs: Mapping[str, Tensor],
    *,
    tags: Sequence[str] = ("serve",),
    nodes: bytes = b"",
    names: Sequence[str] = ("serving_default",),
) -> bytes:
    """The bytes of a saved_model.pb with a signature under each name, written by "TensorFlow" 2.99.0."""
    info = b"".join(block(4, tag) for tag in tags) + block(5, "2.99.0")
    signature = b"".join(tensor(1, name, *each) for name, each in inputs.items())
    signature += b"".join(tensor(2, name, *each) for name, each in outputs.items())
    signatures = b"".join(block(5, block(1, name) + block(2, signature)) for name in names)
    return number(1, 1) + block(2, block(1, info) + block(2, nodes) + signatures)


def index(needs: Mapping[int, int], *, shards: int = 1, kind: int = 0) -> bytes:
    """A variables.index with one tensor per shard, which ends at that byte; `kind` is the type of a block."""
    keys = [(b"", number(1, shards))]
    keys += [(b"w%d" % shard, number(3, shard) + number(4, 1) + number(5, end - 1)) for shard, end in needs.items()]
    content = _table_block(keys)
    handle = varint(0) + varint(len(content))
    blocks, found = content + bytes([kind, 0, 0, 0, 0]), _table_block([(b"x", handle)])
    footer = varint(0) + varint(0) + varint(len(blocks)) + varint(len(found))
    magic = bytes.fromhex("57fb808b247547db")
    return blocks + found + bytes(5) + footer.ljust(40, b"\0") + magic


def _table_block(entries: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A block with one restart; keys share their first byte with the previous key if possible."""
    content, before = b"", b""
    for key, value in entries:
        shared = int(bool(before) and key[:1] == before[:1])
        content += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return content + bytes(4) + (1).to_bytes(4, "little")


GRAPH = graph({"x": (1, (-1, 2))}, {"y": (1, (-1, 1))}, nodes=b"VarHandleOp")
FILES = {"saved_model.pb": GRAPH, INDEX: index({0: 9}), SHARD: b"0123456789"}


def write(folder: Path, files: Mapping[str, bytes] = FILES) -> Path:
    """Writes files into a folder; returns the folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
