"""SavedModel folders that are damaged or cannot be uploaded are rejected quickly, with one line."""

from __future__ import annotations

import os
import random
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models.artifacts.resolve import read_folder
from models.core.errors import FolderError
from models.saved_model.file_listing import MOST_BYTES, MOST_FILES
from resources.storage import rules
from tests.models.saved_models import FILES, GRAPH, SHARD, write

GIGABYTE = 2**30
AT_ONCE = 1.0
"""Longest CPU time to reject a folder without reading its files, in seconds."""


def _sparse(name: str, size: int) -> Callable[[Path], object]:
    return lambda folder: os.truncate(write(folder, {name: b""}) / name, size)


def _graph(content: bytes) -> Callable[[Path], object]:
    return lambda folder: write(folder, {"saved_model.pb": content})


def _in_its_place(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Replaces `saved_model.pb`."""

    def change(folder: Path) -> None:
        (folder / "saved_model.pb").unlink()
        make(folder / "saved_model.pb")

    return change


def _named(name: str | bytes) -> Callable[[Path], object]:
    return lambda folder: Path(os.fsdecode(os.path.join(os.fsencode(folder), os.fsencode(name)))).touch()  # noqa: PTH118 - bytes


def _many(folder: Path) -> None:
    for number in range(MOST_FILES + 1):
        (folder / f"{number}").touch()


def _nested(depth: int) -> Callable[[Path], object]:
    """Makes nested folders by descending: the whole path may be too long for a system call."""

    def change(folder: Path) -> None:
        place = os.open(folder, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir("d" * 200, dir_fd=place)
            below = os.open("d" * 200, os.O_RDONLY, dir_fd=place)
            os.close(place)
            place = below
        os.close(place)

    return change


def _both(one: str, other: str) -> Callable[[Path], object]:
    return lambda folder: write(folder, {one: b"", other: b""})


def _empty_folders(folder: Path) -> None:
    for number in range(MOST_FILES + 1):
        (folder / f"{number}").mkdir()


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty graph": (_graph(b""), "has 0 bytes"),
    "garbage": (_graph(random.Random(1).randbytes(4096)), "is not a SavedModel"),  # noqa: S311 - no secret
    "text": (_graph(b"<html>not found</html>"), "is not a SavedModel"),
    "folder in its place": (_in_its_place(Path.mkdir), "it is a folder"),
    "pipe in its place": (_in_its_place(os.mkfifo), "a special file"),
    "socket": (lambda folder: os.mknod(folder / "socket", stat.S_IFSOCK), "a special file"),
    "link to a file": (_in_its_place(lambda path: path.symlink_to(path.parent / SHARD)), "a link"),
    "link to a file outside": (_in_its_place(lambda path: path.symlink_to("/etc/hostname")), "a link"),
    "link to a folder": (lambda folder: (folder / "assets").symlink_to(folder / "variables"), "a link"),
    "link to a folder outside": (lambda folder: (folder / "assets").symlink_to("/"), "a link"),
    "link to nothing": (lambda folder: (folder / "assets").symlink_to("nowhere"), "a link"),
    "10 GiB, sparse": (_sparse(SHARD, 10 * GIGABYTE), f"{SHARD} alone {10 * GIGABYTE}"),
    "graph of 3 GiB, sparse": (_sparse("saved_model.pb", 3 * GIGABYTE), "is not a graph"),
    "manifest of 10 GiB, sparse": (_sparse("manifest.json", 10 * GIGABYTE), "manifest.json alone"),
    "too many files": (_many, f"at most {MOST_FILES} files"),
    "too many folders": (_empty_folders, f"at most {MOST_FILES} folders"),
    "no UTF-8": (_named(b"a\xff"), "rename it"),
    "control character": (_named("a\x1b[31m"), "rename it"),
    "newline": (_named("a\nb"), "rename it"),
    "nested": (_nested(5), "shorten it"),
    "nested beyond a path": (_nested(25), "shorten it"),
    "case": (_both("Words", "words"), "ignore case"),
    "accents": (_both("\u00e9", "e\u0301"), "rename one"),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES)
def test_rejected_quickly(tmp_path: Path, damage: Callable[[Path], object], said: str) -> None:
    """One line names the file and says what is wrong and what to do; large files are not read."""
    folder = write(tmp_path / "model")
    damage(folder)
    start = time.process_time()

    with pytest.raises(FolderError, match=said) as caught:
        read_folder(folder)

    assert time.process_time() - start < AT_ONCE
    assert str(caught.value).isprintable()
    assert str(folder) in str(caught.value)
    assert len(str(caught.value)) < len(str(folder)) + 400


@pytest.mark.parametrize("name", ["saved_model.pb", SHARD, "variables"])
def test_unreadable(tmp_path: Path, name: str) -> None:
    """A file without read permission is named."""
    folder = write(tmp_path)
    (folder / name).chmod(0)
    if os.access(folder / name, os.R_OK):
        pytest.skip("nothing is unreadable for root")

    with pytest.raises(FolderError, match=f"{name}: cannot be read: Permission denied"):
        read_folder(folder)
    (folder / name).chmod(0o700)


def test_the_limits_are_those_of_the_resource() -> None:
    """`models` does not import `resources`: both have the same limits."""
    assert (MOST_FILES, MOST_BYTES) == (rules.MOST_FILES, rules.MOST_BYTES)


def test_truncated_anywhere(tmp_path: Path) -> None:
    """A truncated graph is always rejected."""
    for length in range(len(GRAPH)):
        with pytest.raises(FolderError, match=r"saved_model\.pb"):
            read_folder(write(tmp_path, {**FILES, "saved_model.pb": GRAPH[:length]}))

    assert read_folder(write(tmp_path)).tensorflow == "2.99.0"
