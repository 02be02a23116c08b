"""Rows of input files, their places, and their instances for a signature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from artifact_format.signatures import Tensors
from gcp import errors
from prediction.instances.csv_table import CsvTable, parse_json_number
from prediction.instances.row_files import RowFile

PATIENT: Tensors = {
    "age": {"dtype": "float32", "shape": [None, 1]},
    "beats": {"dtype": "int32", "shape": [None]},
    "smokes": {"dtype": "bool", "shape": [None]},
    "thal": {"dtype": "string", "shape": [None, 1]},
}


def _rows(tmp_path: Path, name: str, content: str | bytes) -> list[tuple[int, Any, str]]:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(row.number, row.value, row.error) for row in RowFile(str(file)).rows()]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.json", "[1.0]\n", [(1, 1.0)]),
        ("x.jsonl", "[1.0]\n", [(1, [1.0])]),
        ("x.json", "[[1], [2]]", [(1, [1]), (1, [2])]),
        ("x.json", '[\n  {"a": 1,\n   "b": "]\\n,"},\n\n  [2,\n 3]]', [(2, {"a": 1, "b": "]\n,"}), (5, [2, 3])]),
        ("x.json", "[1, 2]\n[3, 4]\n", [(1, [1, 2]), (2, [3, 4])]),
        ("x.txt", '\ufeff{"a": 1}\r\n\r\n{"a": 2}\r\n', [(1, {"a": 1}), (3, {"a": 2})]),
        ("x.json", '{"a":\n1}', [(1, {"a": 1})]),
        ("x.json", '{"instances": [5, 6]}', [(0, 5), (1, 6)]),
        ("x.jsonl", '{"instances": [5, 6]}', [(1, {"instances": [5, 6]})]),
        ("x.json", "", []),
        ("x.csv", 'a,b\n1,"x\ny"\n\n2,z\n', [(2, {"a": "1", "b": "x\ny"}), (5, {"a": "2", "b": "z"})]),
    ],
)
def test_rows_and_where_they_begin(tmp_path: Path, name: str, content: str, expected: list[tuple[int, Any]]) -> None:
    """A list is a list of instances, except in a .jsonl file; blank lines are skipped."""
    assert _rows(tmp_path, name, content) == [(number, value, "") for number, value in expected]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.json", b"{oops\n2\n", "is not valid JSON: column 2"),
        ("x.jsonl", b"[1,\n2\n", "is not valid JSON: column 4"),
        ("x.jsonl", b'"\xff"\n2\n', "is not UTF-8"),
        ("x.jsonl", b"[" * 100_000 + b"\n2\n", "is nested too deeply"),
        ("x.csv", b"a,b\n1\n2,3\n", "has 1 cell; the first line has 2"),
        ("x.jsonl", b'{"a": [1, NaN]}\n2\n', "is not valid JSON: it contains NaN"),
        ("x.jsonl", b"-Infinity\n2\n", "is not valid JSON: it contains -Infinity"),
        ("x.jsonl", b"1e999\n2\n", "has a number that is too large: 1e999"),
        ("x.jsonl", b"9" * 5000 + b"\n2\n", "has a number with too many digits"),
        ("x.json", b'[{"a": NaN},\n 2]', "is not valid JSON: it contains NaN"),
        ("x.json", b'{"instances": [[1e999], 2]}', "is not valid JSON: it contains Infinity"),
        ("x.json", b'{"instances": [1, 2], "labels": [NaN, 0]}', "is not valid JSON: it contains NaN"),
    ],
)
def test_unreadable_row_does_not_affect_others(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    """A row that cannot be read has an error and its number; other rows are read."""
    first, second = _rows(tmp_path, name, content)

    assert says in first[2]
    assert second[2] == ""


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.json", "[1,\n2,\n", "line 3, column 1"),
        ("x.json", '{"instances": [1], "labels": [1, 2]}', '"labels" must be a list of 1'),
        ("x.csv", "a,a\n1,2\n", "has the column a twice"),
        ("x.csv", "", "the first line must have the names"),
        ("x.csv", 'a\n"x" y\n', "is not valid CSV: row 2"),
    ],
)
def test_unreadable_file(tmp_path: Path, name: str, content: str, says: str) -> None:
    """The error has the place."""
    with pytest.raises(errors.InvalidInput, match=says):
        _rows(tmp_path, name, content)


def test_cells_get_the_types_of_inputs() -> None:
    """Cells are converted to the types and shapes of inputs; other columns are left out and listed."""
    table = CsvTable("x.csv", ["name", "thal", "beats", "age", "smokes"], PATIENT)

    found = table.instance({"name": "N", "thal": "7", "beats": "150.0", "age": " 63 ", "smokes": "True"})

    assert found == {"age": [63.0], "beats": 150, "smokes": True, "thal": ["7"]}
    assert table.unused == ["name"]


def test_an_input_with_several_values_has_a_column_for_each() -> None:
    """An input with several values has several columns, or one with JSON lists."""
    inputs: Tensors = {"x": {"dtype": "float32", "shape": [None, 2]}}
    wide, narrow = CsvTable("x.csv", ["x_1", "x_0", "x_00"], inputs), CsvTable("x.csv", ["x"], inputs)

    assert wide.instance({"x_1": "2", "x_0": "1", "x_00": "9"}) == {"x": [1.0, 2.0]}
    assert wide.typed({"x_1": "2", "x_0": "1", "x_00": "9"}, {"x": [1.0, 2.0]}) == {"x_1": 2.0, "x_0": 1.0, "x_00": 9}
    assert narrow.instance({"x": "[1, 2]"}) == {"x": [1, 2]}


def test_a_list_in_a_cell_is_json() -> None:
    """A list in a cell must be JSON without NaN."""
    table = CsvTable("x.csv", ["x"], {"x": {"dtype": "float32", "shape": [None, 2]}})

    with pytest.raises(ValueError, match=r"column x must be a JSON list; got '\[1, NaN\]'"):
        table.instance({"x": "[1, NaN]"})


@pytest.mark.parametrize("text", ["7", "-7", "0", "1.5", "1.0", str(2**63 - 1)])
def test_number_that_json_writes_the_same(text: str) -> None:
    """A number that JSON writes the same is a number in a joined CSV row."""
    number = parse_json_number(text)

    assert (type(number), json.dumps(number)) == (float if "." in text else int, text)


@pytest.mark.parametrize("text", ["007", "+7", "1.50", "1e5", " 7", "-0", "NaN", "inf", "", "1_000", str(2**63), "٣"])
def test_any_other_cell_stays_text(text: str) -> None:
    """Any other cell stays text, so that nothing is lost."""
    assert parse_json_number(text) == text


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (
            "x.jsonl",
            "[1, 2]\n",
            "its JSON list is one instance: to send its items, name it .json",
        ),
        ("x.jsonl", '{"instances": [1, 2]}\n', 'its JSON object {"instances": [...]} is one'),
        ("x.jsonl", "[1]\n[2]\n", ""),
        ("x.jsonl", '{"instances": 1}\n', ""),
        ("x.json", "[1, 2]\n", ""),
    ],
)
def test_all_instances_in_one_line(tmp_path: Path, name: str, content: str, says: str) -> None:
    """A .jsonl file with all instances in one line has a hint."""
    (tmp_path / name).write_text(content, encoding="utf-8")

    hint = RowFile(str(tmp_path / name)).hint

    assert says in hint
    assert bool(hint) == bool(says)


def test_unknown_inputs() -> None:
    """Without known inputs, a number is sent as a number, the rest as text."""
    table = CsvTable("x.csv", ["a", "b", "id"], {}, ["id"])

    assert table.instance({"a": "1e3", "b": "1_000", "id": "7"}) == {"a": 1000.0, "b": "1_000"}


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ({"age": ""}, "column age is empty"),
        ({"age": "old"}, "column age must be a number; got 'old'"),
        ({"beats": "1.5"}, "column beats must be a whole number; got '1.5'"),
        ({"beats": "nan"}, "column beats must be a whole number; got 'nan', a missing value"),
        ({"age": "NaN"}, "column age must be a number; got 'NaN', a missing value"),
        ({"age": "-inf"}, "column age must be a number; got '-inf', which JSON does not have"),
        ({"age": "1e999"}, "column age must be a number; got '1e999'"),
        ({"age": "9" * 400}, "column age must be a number; got '9+'"),
        ({"beats": "9" * 5000}, "column beats must be a whole number; got '9+'"),
        ({"smokes": "often"}, "column smokes must be true or false; got 'often'"),
    ],
)
def test_wrong_cell(cells: dict[str, str], says: str) -> None:
    """The error names the column."""
    table = CsvTable("x.csv", list(PATIENT), PATIENT)

    with pytest.raises(ValueError, match=says):
        table.instance({"age": "1", "beats": "1", "smokes": "0", "thal": "x", **cells})
