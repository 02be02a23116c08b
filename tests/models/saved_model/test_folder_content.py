"""Complete SavedModel folders, and their checksums."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from models.core.errors import FolderError
from models.saved_model.folder_content import read_content
from tests.models.saved_models import FILES, INDEX, SHARD, write


def test_checksums(tmp_path: Path) -> None:
    """Sizes and CRC32C are those of the files; the content digest is a persisted format."""
    folder = write(tmp_path, {**FILES, SHARD: b"123456789", "assets/words.txt": b""})

    content = read_content(folder)

    assert content.files[SHARD] == {"size": 9, "crc32c": "4waSgw=="}
    assert content.files["assets/words.txt"] == {"size": 0, "crc32c": "AAAAAA=="}
    assert content.size == sum(file["size"] for file in content.files.values())
    assert content.digest == "a492f2841f584dd6"


def test_manifest_is_not_content(tmp_path: Path) -> None:
    """A manifest in the folder does not change the content."""
    before = read_content(write(tmp_path))
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")

    assert before == read_content(tmp_path)


JUNK = [".DS_Store", "assets/.DS_Store", "._saved_model.pb", "Thumbs.db", "saved_model.pb~", "a.swp", "__MACOSX/x/y"]
CONTENT = ["keras_metadata.pb", ".hidden", "ds_store", "thumbs.db.txt", "assets/~a", "swp", "MACOSX/x", "a.swp.txt"]


@pytest.mark.parametrize("name", JUNK)
def test_named_junk_is_not_content(tmp_path: Path, name: str) -> None:
    """Junk does not change the digest, even if it could not be uploaded, unless a manifest lists it."""
    before = read_content(write(tmp_path))
    write(tmp_path, {name: b"junk"})

    found = read_content(tmp_path)

    assert found == before._replace(left_out=[name])
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/etc")
    assert read_content(tmp_path) == found
    (tmp_path / name).unlink()
    write(tmp_path, {name: b"junk", "manifest.json": json.dumps({"files": {name: {}}}).encode()})
    kept = read_content(tmp_path)
    assert (kept.left_out, set(kept.files)) == ([], {*FILES, name})
    assert kept.digest != before.digest


@pytest.mark.parametrize("name", CONTENT)
def test_nothing_else_is_left_out(tmp_path: Path, name: str) -> None:
    """Files with other names are content, and digests are those of earlier releases."""
    before = read_content(write(tmp_path))

    found = read_content(write(tmp_path, {name: b"content"}))

    assert (found.left_out, set(found.files)) == ([], {*FILES, name})
    assert found.digest != before.digest


@pytest.mark.parametrize("manifest", ["[]", "{", '{"files": []}', "[" * 100_000, "{}"])
def test_invalid_manifest_keeps_no_junk(tmp_path: Path, manifest: str) -> None:
    """A wrong manifest is reported when its other facts are read."""
    write(tmp_path, {**FILES, ".DS_Store": b"", "manifest.json": manifest.encode()})

    assert read_content(tmp_path).left_out == [".DS_Store"]


@pytest.mark.parametrize("change", ["content", "name"])
def test_digest_covers(tmp_path: Path, change: str) -> None:
    """A changed byte or file name changes the digest."""
    files = {**FILES, "assets/a": b"1"}
    other = {**FILES, "assets/a": b"2"} if change == "content" else {**FILES, "assets/b": b"1"}

    assert read_content(write(tmp_path / "1", files)).digest != read_content(write(tmp_path / "2", other)).digest


def _without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def _text_form(folder: Path) -> None:
    (folder / "saved_model.pb").rename(folder / "saved_model.pbtxt")


def _second_shard(folder: Path) -> None:
    (folder / SHARD).rename(folder / "variables" / "variables.data-00000-of-00002")


def _no_variables(folder: Path) -> None:
    (folder / SHARD).unlink()
    (folder / INDEX).unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_without("saved_model.pb"), "no saved_model.pb"),
        (
            _text_form,
            r"saved_model\.pbtxt, its text form, must be converted to the binary form: see docs/",
        ),
        (_without(SHARD), "variables.data"),
        (_without(INDEX), "variables.index"),
        (_second_shard, "shards"),
        (_no_variables, "variables.index"),
        (lambda folder: write(folder, {"variables/variables_temp/part-0": b""}), "temporary"),
        (lambda folder: (folder / "assets").symlink_to("/etc"), "a link"),
        (lambda folder: (folder / "variables" / "inside").symlink_to("variables.index"), "a link"),
        (lambda folder: os.mkfifo(folder / "pipe"), "a special file"),
    ],
)
def test_refused(tmp_path: Path, damage: Callable[[Path], object], said: str) -> None:
    """A folder that is incomplete or has links or special files is rejected, and the error says why."""
    damage(write(tmp_path))

    with pytest.raises(FolderError, match=said):
        read_content(tmp_path)


@pytest.mark.parametrize("name", ["nowhere", "saved_model.pb"])
def test_no_folder(tmp_path: Path, name: str) -> None:
    """A missing folder and a file are rejected."""
    with pytest.raises(FolderError, match="folder not found"):
        read_content(write(tmp_path) / name)
