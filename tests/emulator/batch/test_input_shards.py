"""How input is cut. Needs no TensorFlow."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.batch import input_shards
from emulator.serving.chunks import row_formats, tfrecord
from emulator.serving.chunks.malformed_input import MalformedInput

ROWS = st.lists(st.binary(max_size=30), max_size=40)


def _read(file: Path, form: str, most: int) -> bytes:
    planned = input_shards.plan(file, form, most=most)
    assert [shard.start for shard in planned] == [0, *(shard.end for shard in planned[:-1])]
    return b"".join(chunk for shard in planned for chunk in input_shards.chunks(file, shard, form))


@given(rows=ROWS, most=st.integers(1, 100), ended=st.booleans())
def test_lines_are_cut_only_at_their_ends(
    tmp_path_factory: pytest.TempPathFactory, rows: list[bytes], most: int, ended: bool
) -> None:
    """Whatever the size of a shard, all shards together are the file, and each ends with a line."""
    content = b"\n".join(row.replace(b"\n", b"") for row in rows) + (b"\n" if ended and rows else b"")
    file = tmp_path_factory.mktemp("lines") / "rows"
    file.write_bytes(content)

    assert _read(file, "JSON", most) == content
    ends = {shard.end for shard in input_shards.plan(file, "JSON", most=most)}
    assert all(end == len(content) or content[end - 1 : end] == b"\n" for end in ends)


@given(rows=ROWS, most=st.integers(1, 200))
def test_records_are_cut_only_at_their_ends(
    tmp_path_factory: pytest.TempPathFactory, rows: list[bytes], most: int
) -> None:
    """Whatever the size of a shard; a compressed file is one shard, with the same records."""
    folder = tmp_path_factory.mktemp("records")
    content = b"".join(map(tfrecord.frame, rows))
    (folder / "plain").write_bytes(content)
    (folder / "packed").write_bytes(gzip.compress(content))

    assert tfrecord.records(_read(folder / "plain", "TF_RECORD", most)) == rows
    assert tfrecord.records(_read(folder / "packed", "TF_RECORD_GZIP", most)) == rows


@given(at=st.integers(0, 2**16), bit=st.integers(0, 7))
def test_no_damage_of_a_record_goes_unseen(tmp_path_factory: pytest.TempPathFactory, at: int, bit: int) -> None:
    """Each flipped bit, and each byte that is missing, is found."""
    content = bytearray(b"".join(map(tfrecord.frame, [b"first", b"second"])))
    file = tmp_path_factory.mktemp("damaged") / "rows"
    file.write_bytes(content[: at % (len(content) - 1) + 1] if at % 2 else _flipped(content, at, bit))

    if at % 2 and len(file.read_bytes()) in (len(tfrecord.frame(b"first")), len(content)):
        return  # cut between two records, nothing is damaged
    with pytest.raises(MalformedInput):
        _read(file, "TF_RECORD", 1 << 20)


def _flipped(content: bytearray, at: int, bit: int) -> bytes:
    content[at % len(content)] ^= 1 << bit
    return bytes(content)


@pytest.mark.parametrize("form", ["JSON", "TF_RECORD"])
def test_halves_of_a_chunk_have_all_of_its_rows(form: str) -> None:
    """In their order, each half with rows of its own."""
    rows = [b"1", b"22", b"333"]
    chunk = b"".join(row + b"\n" if form == "JSON" else tfrecord.frame(row) for row in rows)

    first, second = row_formats.halves(chunk, form)

    assert first + second == chunk
    assert first != b"" != second
