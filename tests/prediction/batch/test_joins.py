"""Which results of a batch job belong to which rows, where the endpoint says nothing of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gcp import errors
from prediction.batch.job_plan import Plan
from prediction.batch.joins import join_of
from prediction.batch.local_job import LocalBatch
from prediction.batch.outcome import Join, Outcome
from prediction.batch.row_matching import ByKey, ByPosition
from prediction.instances.prepared_rows import prepare
from prediction.instances.row_files import Source
from prediction.manifest import Manifest
from tests.prediction.deployment import MANIFESTS, file_of, json_lines


def _plan(**settings: str) -> Plan:
    return Plan(
        project="p", model="m", version=None, sources=[], target="x", staging="", form="JSON", settings=dict(settings)
    )


@pytest.mark.parametrize(
    ("model", "key", "whole", "settings", "says"),
    [
        ("risk", "id", False, {}, "the model does not return id: export a signature that takes it"),
        ("risk", "", True, {}, "give --key too"),
        ("keyed", "id", False, {"outputDataFormat": "CSV"}, "leave out --key"),
    ],
)
def test_an_endpoint_that_keeps_no_order(
    tmp_path: Path, model: str, key: str, whole: bool, settings: dict[str, str], says: str
) -> None:
    """A join that is not reliable is refused before the job; the error says what would make it so."""
    job = LocalBatch(_plan(), tmp_path, tmp_path / "x")
    job.ordered = False

    with pytest.raises(errors.InvalidInput, match=says):
        join_of(job, _plan(**settings), Manifest.parse(MANIFESTS[model]), key=key, whole=whole)

    job.clean()


@pytest.mark.parametrize("whole", [False, True])
def test_results_in_any_order_are_matched_by_the_key(tmp_path: Path, whole: bool) -> None:
    """Results in any order, as Google's service writes them, are put in input order; missing rows were rejected."""
    rows = [{"id": number, "x": number} for number in range(100)]
    source = Source(file_of(tmp_path, "rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows)))
    (tmp_path / "work").mkdir()
    prepared = prepare([source], tmp_path / "work", inputs={}, key="id", checked=True)
    raw, target = tmp_path / "work" / "results", tmp_path / "out"
    results = [{"id": [float(number)], "y": number * 2} for number in range(99, -1, -1) if number != 42]
    raw.write_text("".join(f"{json.dumps(row)}\n" for row in results), encoding="utf-8")

    outcome = Outcome(prepared, ["gs://b/rows.jsonl"], raw)
    outcome.write(target, Join(match=ByKey("id"), key="id", passed=True, whole=whole))

    found = [row["prediction"] if whole else row for row in json_lines(target)]
    assert [row["y"] for row in found] == [number * 2 for number in range(100) if number != 42]
    assert [(row["id"], row["line"]) for row in json_lines(tmp_path / "out.rejected")] == [(42, 43)]


@pytest.mark.parametrize("results", [["1", "2", "3"], ["1"]])
def test_results_that_do_not_fit_the_rows_are_kept_as_they_are(tmp_path: Path, results: list[str]) -> None:
    """If results and rows do not match, the join fails, and the results are kept."""
    source = Source(file_of(tmp_path, "rows.jsonl", "1\n2\n"))
    (tmp_path / "work").mkdir()
    prepared = prepare([source], tmp_path / "work", inputs={}, checked=True)
    raw, target = tmp_path / "work" / "results", tmp_path / "out"
    raw.write_text("".join(f'{{"y": {row}}}\n' for row in results), encoding="utf-8")

    with pytest.raises(
        errors.PredictionFailed, match=r"cannot be matched with rows.*The results are in .*out, not joined"
    ):
        Outcome(prepared, ["x"], raw).write(target, Join(match=ByPosition(), whole=True))

    assert [row["y"] for row in json_lines(target)] == list(map(int, results))
