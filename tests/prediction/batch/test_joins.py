"""Joins of batch results with rows if the endpoint does not keep the order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from artifact_format.manifest import Manifest
from gcp import errors
from prediction.batch import echoed_rows
from prediction.batch.job_files import prepare
from prediction.batch.job_plan import Plan
from prediction.batch.joins import join_of
from prediction.batch.local_job import LocalJob
from prediction.batch.outcome import Join, Outcome
from prediction.batch.row_matching import ByKey, ByPosition
from prediction.errors import PredictionFailed
from prediction.instances.row_files import RowFile
from prediction.targets.vertex import VertexTarget
from tests.prediction.deployment import MANIFESTS, file_of, json_lines


def _plan(output_format: str | None = None) -> Plan:
    return Plan(model="m", version=None, inputs=[], output="x", row_format="JSON", output_format=output_format)


@pytest.mark.parametrize(
    ("model", "key", "with_input", "output_format", "says"),
    [
        ("risk", "id", False, None, "the model does not return id: export a signature that takes it"),
        ("risk", "", True, None, "add --key"),
        ("keyed", "id", False, "CSV", "leave out --key"),
    ],
)
def test_endpoint_without_order(
    tmp_path: Path, model: str, key: str, with_input: bool, output_format: str | None, says: str
) -> None:
    """An unreliable join is rejected before the job; the error says how to make it reliable."""
    job = LocalJob(_plan(), tmp_path, tmp_path / "x")
    job.keeps_order = False

    with pytest.raises(errors.InvalidInput, match=says):
        join_of(job, _plan(output_format), Manifest.parse(MANIFESTS[model]), key=key, with_input=with_input)

    job.clean_up()


@pytest.mark.parametrize("with_input", [False, True])
def test_results_in_any_order_are_matched_by_the_key(tmp_path: Path, with_input: bool) -> None:
    """Results in any order, as Google's service writes them, are put in input order; missing rows were rejected."""
    rows = [{"id": number, "x": number} for number in range(100)]
    source = RowFile(file_of(tmp_path, "rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows)))
    (tmp_path / "work").mkdir()
    prepared = prepare([source], tmp_path / "work", inputs={}, key="id", checked=True)
    raw, target = tmp_path / "work" / "results", tmp_path / "out"
    results = [{"id": [float(number)], "y": number * 2} for number in range(99, -1, -1) if number != 42]
    raw.write_text("".join(f"{json.dumps(row)}\n" for row in results), encoding="utf-8")

    outcome = Outcome(prepared, ["gs://b/rows.jsonl"], raw)
    outcome.write(target, Join(match=ByKey("id"), key="id", is_returned=True, with_input=with_input))

    found = [row["prediction"] if with_input else row for row in json_lines(target)]
    assert [row["y"] for row in found] == [number * 2 for number in range(100) if number != 42]
    assert [(row["id"], row["line"]) for row in json_lines(tmp_path / "out.rejected")] == [(42, 43)]


def _by_row(folder: Path, rows: list[Any], results: list[Any]) -> Path:
    """Results of Vertex AI, each with its row, joined with the rows by `id`; the file with the outcome."""
    source = RowFile(file_of(folder, "rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows)))
    (folder / "work").mkdir()
    prepared = prepare([source], folder / "work", inputs={}, key="id", sent=False, checked=True)
    raw, target = folder / "work" / "results", folder / "out"
    lines = [{"instance": row, "prediction": prediction} for row, prediction in results]
    raw.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    echoed_rows.separate(raw, VertexTarget.split_result, ["y"])
    Outcome(prepared, ["gs://b/rows.jsonl"], raw).write(target, Join(match=echoed_rows.ByRow(), key="id"))
    return target


def test_results_in_any_order_are_matched_by_the_rows_that_they_hold(tmp_path: Path) -> None:
    """Also equal rows, and numbers that the service writes in another way; missing rows were rejected."""
    rows = [{"id": number, "x": number % 40} for number in range(100)]
    results = [({"x": float(row["x"])}, row["x"] * 2) for row in reversed(rows) if row["x"] != 7]

    found = json_lines(_by_row(tmp_path, rows, results))

    assert found == [{"id": row["id"], "y": row["x"] * 2} for row in rows if row["x"] != 7]
    rejected = json_lines(tmp_path / "out.rejected")
    assert [(row["id"], row["line"]) for row in rejected] == [(7, 8), (47, 48), (87, 88)]


def test_results_of_rows_that_were_not_sent_are_not_joined(tmp_path: Path) -> None:
    """Rows that the service changed would otherwise be reported as rejected."""
    with pytest.raises(PredictionFailed, match=r"1 of them hold rows that were not sent\. The results are in .*out"):
        _by_row(tmp_path, [{"id": 1, "x": 1}], [({"x": 2}, 4)])

    assert json_lines(tmp_path / "out") == [{"y": 4}]


@pytest.mark.parametrize("results", [["1", "2", "3"], ["1"]])
def test_unmatched_results_are_kept(tmp_path: Path, results: list[str]) -> None:
    """If results and rows do not match, the join fails, and the results are kept."""
    source = RowFile(file_of(tmp_path, "rows.jsonl", "1\n2\n"))
    (tmp_path / "work").mkdir()
    prepared = prepare([source], tmp_path / "work", inputs={}, checked=True)
    raw, target = tmp_path / "work" / "results", tmp_path / "out"
    raw.write_text("".join(f'{{"y": {row}}}\n' for row in results), encoding="utf-8")

    with pytest.raises(PredictionFailed, match=r"cannot be matched with rows.*The results are in .*out, not joined"):
        Outcome(prepared, ["x"], raw).write(target, Join(match=ByPosition(), with_input=True))

    assert [row["y"] for row in json_lines(target)] == list(map(int, results))
