"""The shards of a SavedModel's variables match their index."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.core.errors import FolderError
from models.saved_model.folder_content import list_files
from models.saved_model.protobuf_wire import WireError
from models.saved_model.variables import Bundle, read_index
from tests.models.saved_models import FILES, INDEX, SHARD, index, write
from tests.running import ROOT
from tests.shared_models import build_once

TWO = {f"variables/variables.data-0000{number}-of-00002": b"0123456789" for number in range(2)}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The SavedModels that TensorFlow wrote for the tests of `prediction`, from the same folder."""
    return build_once(ROOT / "tests/prediction/make_models.py", "prediction_models", tmp_path_factory, worker_id)


def _cut(keep: Callable[[int], int]) -> Callable[[Path], object]:
    return lambda path: os.truncate(path, keep(path.stat().st_size))


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("damage", "name", "said"),
    [
        (_cut(lambda size: size - 1), SHARD, "is truncated: it has"),
        (_cut(lambda size: size // 2), SHARD, "is truncated: it has"),
        (_cut(lambda size: 0), SHARD, "is truncated: it has 0 bytes"),
        (Path.unlink, SHARD, r"variables\.data-\* is missing"),
        (Path.unlink, INDEX, r"variables\.index is missing"),
        (_cut(lambda size: size - 1), INDEX, "is not an index of variables, or is truncated"),
        (_cut(lambda size: 0), INDEX, "is not an index of variables, or is truncated"),
    ],
    ids=["a byte less", "half", "empty", "no shard", "no index", "index a byte less", "index empty"],
)
def test_damaged_exports_of_tensorflow(
    real: Path, tmp_path: Path, damage: Callable[[Path], object], name: str, said: str
) -> None:
    """Each of its models is complete, and incomplete if a file is truncated or missing."""
    models = [path.parent for path in sorted(real.glob("*/saved_model.pb"))]
    assert models
    for model in models:
        folder = shutil.copytree(model, tmp_path / model.name)
        assert SHARD in list_files(folder).sizes
        damage(folder / name)

        with pytest.raises(FolderError, match=said):
            list_files(folder)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({INDEX: index({0: 10, 1: 11}, shards=2), **TWO}, "00001-of-00002: is truncated: it has 10 bytes of the 11 in"),
        ({INDEX: index({0: 10}, shards=2), SHARD: b"0123456789"}, "lists 2 shards, found 1"),
        ({INDEX: index({1: 10}), SHARD: b"0123456789"}, "lists 1 shard, found 1"),
        ({INDEX: index({0: 10}, shards=0), SHARD: b"0123456789"}, "it has no header"),
    ],
    ids=["the second of two", "another number", "a shard beyond them", "no header"],
)
def test_shards_that_do_not_match_the_index(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    """The error names the file, or the numbers of files."""
    folder = write(tmp_path, {"saved_model.pb": FILES["saved_model.pb"], **files})

    with pytest.raises(FolderError, match=said):
        list_files(folder)


def test_bytes_in_the_index_are_enough(tmp_path: Path) -> None:
    """Additional bytes are allowed: a shard may end with padding."""
    for size in (10, 9):
        files = {**FILES, INDEX: index({0: size, 1: 10}, shards=2), **TWO}
        del files[SHARD]
        assert list_files(write(tmp_path, files)).sizes.keys() == files.keys()


def test_compressed_index_is_not_read(tmp_path: Path) -> None:
    """A compressed index, which TensorFlow does not write, is accepted unread."""
    content = index({0: 1000}, kind=1)

    assert read_index(content) is None
    assert SHARD in list_files(write(tmp_path, {**FILES, INDEX: content})).sizes


WHOLE = index({0: 1000, 1: 70}, shards=2)


@given(st.one_of(st.binary(max_size=200), st.integers(0, len(WHOLE) - 1).map(lambda size: WHOLE[:size])))
def test_noise(content: bytes) -> None:
    """Arbitrary bytes and a truncated index raise WireError and no other error."""
    with pytest.raises(WireError):
        read_index(content)


@given(st.integers(0, len(WHOLE) - 49), st.integers(0, 255))
def test_changed_byte(place: int, value: int) -> None:
    """A changed index gives a result or a WireError, never another error or endless work."""
    content = bytearray(WHOLE)
    content[place] = value

    try:
        found = read_index(bytes(content))
    except WireError:
        return
    assert found is None or isinstance(found, Bundle)
