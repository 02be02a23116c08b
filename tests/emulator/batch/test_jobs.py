"""`ml.projects.jobs.*` through Google's own client: what a batch prediction job reads and writes."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.http import MediaInMemoryUpload

from emulator.serving.chunks import tfrecord
from tests.emulator.batch.batch import Batch, counts
from tests.emulator.ml.caller import until
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow


def test_a_job_predicts_every_row_of_its_files(batch: Batch) -> None:
    """Results are JSON lines, an object per row, in the order of the input, one file for each part of it."""
    for number in (2, 1):
        batch.input(b"".join(b"%d\n" % row for row in range(number * 1000, number * 1000 + 300)), f"rows{number}.json")

    job = batch.done(f"gs://{batch.ml.bucket}/in/rows*.json", batchSize="7")

    expected = [{"y": 2.0 * row} for row in [*range(1000, 1300), *range(2000, 2300)]]
    assert batch.results(job) == expected
    assert batch.files(job) == [
        "prediction.errors_stats-00000-of-00001",
        "prediction.results-00000-of-00002",
        "prediction.results-00001-of-00002",
    ]
    assert counts(job) == (600, 0)
    assert batch.errors(job) == {}
    assert job["predictionOutput"]["nodeHours"] > 0
    assert job["createTime"] <= job["startTime"] <= job["endTime"]


@pytest.mark.parametrize("by", ["modelName", "versionName"])
def test_a_deployed_version_does_the_job(batch: Batch, by: str) -> None:
    """By its full name, or by that of the model whose default it is."""
    model = batch.ml.model()
    version = batch.ml.version(model, factor=3.0)

    job = batch.done(batch.input(b"1\n2"), **{by: model if by == "modelName" else version["name"]})

    assert batch.results(job) == [{"y": 3.0}, {"y": 6.0}]


def test_rows_that_are_refused_are_counted_and_spoil_no_other(batch: Batch, models: Path) -> None:
    """What is no JSON, does not fit the signature or fails in the model goes to the error file, by its error."""
    rows: list[Any] = [[row / 4, 1.0] for row in range(200)]
    rows[20], rows[90], rows[91] = [1.0], "text", [100.0, 0.0]
    lines = [json.dumps(row) for row in rows]
    lines[150] = "{oops"

    job = batch.done(batch.input("\n".join(lines).encode()), uri=batch.folder(models / "refuse"))

    assert len(batch.results(job)) == counts(job)[0]
    assert sum(counts(job)) == 200
    assert sum(batch.errors(job).values()) == counts(job)[1] == 4
    assert {error.rpartition("Error code: ")[2] for error in batch.errors(job)} == {"1)", "2)"}


def test_rejected_rows_are_named_by_file_and_row(batch: Batch) -> None:
    """Rows are numbered from 1 in each file, over all its shards; a job without rejected rows writes no such file."""
    lines = [b"1" + b" " * 1000] * 9000  # more than a shard
    for row in (3, 8500, 8501):
        lines[row - 1] = b'"x"' if row % 2 else b"{oops"
    paths = [batch.input(b"\n".join(lines), "a.json"), batch.input(b"1\n[1]\n2", "b.json")]

    job, fine = batch.done(*paths), batch.done(batch.input(b"1", "c.json"))

    names = [name for name in batch.files(job) if name.startswith("prediction.rejected_rows-")]
    found = [json.loads(line) for name in names for line in batch.content(job, name).splitlines()]
    assert names == [f"prediction.rejected_rows-{shard:05}-of-00003" for shard in range(3)]
    assert [(each["file"], each["row"]) for each in found] == [
        *((paths[0], row) for row in (3, 8500, 8501)),
        (paths[1], 2),
    ]
    assert "not valid JSON" in found[1]["error"]
    assert Counter(each["error"] for each in found) == batch.errors(job)
    assert not [name for name in batch.files(fine) if "rejected" in name]


@pytest.mark.parametrize("form", ["TF_RECORD", "TF_RECORD_GZIP"])
def test_records_are_the_values_of_an_input_of_text(batch: Batch, models: Path, form: str) -> None:
    """Each record is one instance, its bytes as they are."""
    texts = [b"a", b"", b"line\nbreak"]
    content = b"".join(map(tfrecord.frame, texts))
    path = batch.input(gzip.compress(content) if form == "TF_RECORD_GZIP" else content, "rows.tfrecord")

    job = batch.done(path, dataFormat=form, uri=batch.folder(models / "length"))

    assert batch.results(job) == [{"length": len(text)} for text in texts]


def test_a_signature_is_chosen_by_its_name(batch: Batch, models: Path) -> None:
    """Without a name it is `serving_default`."""
    path, uri = batch.input(b"[1, 2]"), batch.folder(models / "named")

    jobs = [batch.done(path, uri=uri, **given) for given in ({}, {"signatureName": "negative"})]

    assert [batch.results(job) for job in jobs] == [[{"y": [2.0, 4.0]}], [{"minus": [-1.0, -2.0]}]]


def test_results_may_be_separated_by_commas(batch: Batch, models: Path) -> None:
    """A value of each output in a row, and a file of their keys; with lines of JSON there is no such file."""
    path, uri = batch.input(b"[1, 2]\n[3.5, 4]\n"), batch.folder(models / "named")

    job = batch.done(path, uri=uri, outputDataFormat="CSV")

    assert batch.content(job, "prediction.results-00000-of-00001") == b"2.0,4.0\n7.0,8.0\n"
    assert batch.content(job, "prediction.keys-00000-of-00001") == b"y_0,y_1\n"
    assert counts(job) == (2, 0)
    lines = batch.done(path, uri=uri)
    assert [name for name in batch.files(lines) if "keys" in name] == []


def test_an_empty_file_gives_an_empty_result(batch: Batch) -> None:
    """The files are there all the same."""
    job = batch.done(batch.input(b""))

    assert batch.files(job)[1:] == ["prediction.results-00000-of-00001"]
    assert (batch.results(job), counts(job)) == ([], (0, 0))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"inputPaths": ["gs://no-such-bucket/x*"]}, "No file matches gs://no-such-bucket/x*"),
        ({"uri": "gs://no-such-bucket/model"}, "gs://no-such-bucket/model"),
        ({"outputPath": "gs://no-such-bucket/"}, "output path gs://no-such-bucket/"),
        (
            {"signatureName": "other"},
            "model: No signature found for signature key other. The model has: serving_default. (Error code: 0)",
        ),
        ({"dataFormat": "TF_RECORD"}, "/in/rows.json: at byte 0 is no TFRecord"),
        ({"dataFormat": "TF_RECORD_GZIP"}, "/in/rows.json: it is no whole gzip file"),
    ],
)
def test_a_job_that_cannot_be_done_fails_and_says_why(batch: Batch, given: dict[str, Any], says: str) -> None:
    """It writes nothing."""
    job = batch.ended(batch.begin(batch.input(b"[1, 2, 3, 4, 5, 6, 7]\n"), **given))

    assert job["state"] == "FAILED"
    assert says in job["errorMessage"]
    assert batch.files(job) == []


def test_jobs_wait_for_one_another_and_can_be_cancelled(batch: Batch) -> None:
    """A job that waits tells its position; cancelled, it has ended at once, and a running one soon. Neither writes."""
    rows = batch.input(b"1\n" * 3_000_000)
    running, waiting = batch.begin(rows), batch.begin(rows)
    until(lambda: batch.get(running)["state"] == "RUNNING", "the first job's turn")

    queued = batch.get(waiting)
    for name in (waiting, running):
        assert batch.jobs.cancel(name=name, body={}).execute() == {}
    at_once, stopped = batch.get(waiting), batch.ended(running)

    assert (queued["state"], queued["jobPosition"]) == ("QUEUED", "1")
    assert (at_once["state"], stopped["state"]) == ("CANCELLED", "CANCELLED")
    assert stopped["errorMessage"] == "The job was cancelled."
    assert batch.files(stopped) == batch.files(at_once) == []


def test_a_result_that_is_held_is_not_overwritten(batch: Batch, emulator: RunningEmulator) -> None:
    """A job whose output path holds an older result under a hold fails, says so, and writes nothing."""
    name = "out1/prediction.results-00000-of-00001"
    media = MediaInMemoryUpload(b"older", "text/plain")
    objects = emulator.storage().objects()
    rows = batch.input(b"1\n")
    objects.insert(bucket=batch.ml.bucket, name=name, body={"temporaryHold": True}, media_body=media).execute()

    job = batch.ended(batch.begin(rows))

    assert job["state"] == "FAILED"
    assert "is under active Temporary hold" in job["errorMessage"]
    assert objects.get_media(bucket=batch.ml.bucket, object=name).execute() == b"older"
    assert batch.files(job) == ["prediction.results-00000-of-00001"]
    objects.patch(bucket=batch.ml.bucket, object=name, body={"temporaryHold": False}).execute()
