"""The training data and their errors."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from models import heart_disease
from models.core.errors import DataError
from models.data import fashion, files, sample, table

COLUMNS = {"age": None, "thal": ("fixed", "normal")}


def test_rows() -> None:
    """Declared columns are read, numbers as floats; others are ignored, and lines can be skipped."""
    content = b"thal,other,age\nfixed,x,1\nwrong,x,2\nnormal,x,3.5\n"

    assert table.read_rows(content, Path("f.csv"), COLUMNS, skip=[3]) == [
        {"age": 1.0, "thal": "fixed"},
        {"age": 3.5, "thal": "normal"},
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"age,tal\n1,fixed\n", "f.csv, line 1: column thal is missing"),
        (b"", "f.csv, line 1: column age is missing"),
        (b"age,thal\n1,fixed\nNaN,fixed\n", "f.csv, line 3, column age: 'NaN' is no finite number"),
        (b"age,thal\n-inf,fixed\n", "f.csv, line 2, column age: '-inf' is no finite number"),
        (b"age,thal\nold,fixed\n", "f.csv, line 2, column age: 'old' is no number"),
        (b"age,thal\n,fixed\n", "f.csv, line 2, column age: '' is no number"),
        (b"age,thal\n1,1\n", "f.csv, line 2, column thal: '1' is none of fixed, normal"),
        (b"age,thal\n1\n", "f.csv, line 2, column thal: the line ends before this column"),
        (b"age,thal\n1,fixed,2\n", "f.csv, line 2: more cells than the header has columns"),
        (b'age,thal\n1,"fixed\n', "f.csv: this is no CSV file"),
        (b"age,thal\n1,\xff\n", "f.csv: this is no CSV file"),
    ],
)
def test_bad_rows(content: bytes, said: str) -> None:
    """The error names file, line and column of a wrong value."""
    with pytest.raises(DataError) as raised:
        table.read_rows(content, Path("f.csv"), COLUMNS)
    assert str(raised.value).startswith(said)


def test_heart_disease_rows() -> None:
    """Six of 303 rows are left out, because they repeat six patients in another coding."""
    lines = (files.FOLDER / heart_disease.FILE).read_text(encoding="utf-8").splitlines()
    first = heart_disease.REPEATED_LINES.start - 1
    measured = [[line.split(",")[i] for i in (0, 1, 3, 4, 5, 7, 8, 9, 11)] for line in lines]

    assert (len(lines) - 1, len(heart_disease.read())) == (303, 297)
    assert measured[first - 6 : first] == measured[first : first + 6]
    assert {"1", "2"} <= {line.split(",")[12] for line in lines[first : first + 6]}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("heart.csv", b"age\n", "its SHA-256 is"),
        ("heart.csv", None, "not there"),
        ("images.gz", b"no gzip", "cannot be read"),
        ("images.gz", gzip.compress(b"x" * 99, mtime=0)[:-9], "cannot be read"),
        ("images.gz", gzip.compress(b"x", mtime=0), "says None for heart.csv"),
    ],
)
def test_bad_file(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    """A file that is missing, truncated or different from its checksum is rejected with its path."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    expected = "heart.csv" if said != "says None for heart.csv" else "none"

    with pytest.raises(DataError) as raised:
        files.read(path, expected)
    assert str(raised.value).startswith(f"{path}: ")
    assert said.replace("heart.csv", expected) in str(raised.value)


def test_sample() -> None:
    """The committed sample has real images, the same number of each class, and matches its checksums."""
    images = fashion.load("sample")

    assert [images.train.shape, images.test.shape] == [(10_000, 28, 28), (2_000, 28, 28)]
    assert np.bincount(images.train_labels).tolist() == [sample.TRAIN_PER_CLASS] * 10
    assert np.bincount(images.test_labels).tolist() == [sample.TEST_PER_CLASS] * 10
    assert sum(path.stat().st_size for path in files.FOLDER.rglob("*-ubyte.gz")) < 5_500_000


def test_sample_is_made_of_the_first() -> None:
    """The sample takes the first images of each class in order, in idx format."""
    labels = np.array([1, 0, 1, 1, 0, 9], np.uint8)
    content = (files.FOLDER / fashion.FOLDERS["sample"] / f"{fashion.NAMES[3]}.gz").read_bytes()

    assert sample.first_per_class(labels, 2).tolist() == [0, 1, 2, 4, 5]
    assert sample.idx(fashion.load("sample").test_labels) == gzip.decompress(content)


@pytest.mark.parametrize("place", ["system", "cache", "download", None])
def test_full(tmp_path: Path, place: str | None) -> None:
    """The full set comes from the system's package, else from Keras, else an error says what to do."""
    system, cache = tmp_path / "system", tmp_path / "cache"

    def fill(folder: Path) -> None:
        folder.mkdir()
        for name in fashion.NAMES:
            (folder / f"{name}.gz").touch()

    def download() -> None:
        if place is None:
            raise OSError("no network")
        fill(cache)

    if place in ("system", "cache"):
        fill(tmp_path / place)
    if place is None:
        with pytest.raises(DataError, match=r"no network.*dataset-fashion-mnist.*data=sample"):
            fashion.find_full(system, cache, download)
    else:
        assert fashion.find_full(system, cache, download) == (system if place == "system" else cache)


def test_checksums() -> None:
    """Every data set of every recipe has a checksum, and the committed files match theirs."""
    sums = files.checksums()

    assert {*fashion.data_names("sample"), *fashion.data_names("full"), heart_disease.FILE} == set(sums)
    assert hashlib.sha256((files.FOLDER / heart_disease.FILE).read_bytes()).hexdigest() == sums[heart_disease.FILE]
