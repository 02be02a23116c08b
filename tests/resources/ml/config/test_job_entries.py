"""The batch prediction jobs of a stack file, as the program reads them."""

from __future__ import annotations

from typing import Any

import pytest

from gcp import errors
from resources import platforms
from tests.resources.config.test_stack_config import MODELS, resolve, stack

JOB = {"model": "m", "dataFormat": "JSON", "inputPaths": ["gs://in-bucket/*"], "outputPath": "gs://out-bucket/o"}


def job(**edit: Any) -> dict[str, str]:
    """A stack with one job, edited; None takes a key away."""
    entry = {key: value for key, value in {**JOB, **edit}.items() if value is not None}
    return stack(MODELS, batchPredictionJobs={"j": entry})


LABELS = {f"l{number}": "" for number in range(63)}


@pytest.mark.parametrize(
    ("values", "key", "reason"),
    [
        (job(model="n"), "j.model", "'n' is not a model of this file: m"),
        (job(model=None), "j.model", "is missing"),
        (job(version="v9"), "j.version", "'v9' is not a version of m: v2, v1"),
        (job(dataFormat="CSV"), "j.dataFormat", "must be a format of inputs"),
        (job(outputDataFormat="TF_RECORD"), "j.outputDataFormat", "must be a format of outputs"),
        (job(inputPaths=["rows.json"]), "j.inputPaths[0]", "must be gs://BUCKET/OBJECT"),
        (job(inputPaths=[]), "j.inputPaths", "is required"),
        (job(outputPath=None), "j.outputPath", "is missing"),
        (job(batchSize=0), "j.batchSize", "must be 1 to 1000000"),
        (job(uri="gs://bucket/m"), "j.uri", "is set by the program"),
        (job(name="other"), "j.name", "is set by the program"),
        (job(nodes=3), "j.nodes", "is not a key here; the keys are batchSize, dataFormat,"),
        (job(timeouts={"create": -1}), "j.timeouts.create", "must be more than 0 seconds"),
        (job(labels={"A": "b"}), "j.labels.A", "small letter"),
        (job(labels={"tf2-models-released": "true"}), "j.labels.tf2-models-released", "choose another key"),
        (job(labels=LABELS), "j.labels", "has 63 labels; at most 62 may be given"),
        (
            job(labels=dict.fromkeys([*LABELS, "x", "y"], "")),
            "j.labels",
            "adds tf2-models-owner and tf2-models-release",
        ),
        (
            stack(MODELS, batchPredictionJobs={"i": {**JOB, "outputPath": "gs://out-bucket/o/"}, "j": JOB}),
            "j.outputPath",
            "is also the folder of i, whose results would be overwritten",
        ),
        (stack(MODELS, batchPredictionJobs={"a-b": JOB}), "a-b", "letters, digits"),
        (stack(MODELS, batchPredictionJobs={"j": 1}), "j", "must be"),
    ],
)
def test_what_is_wrong_is_told_once(values: dict[str, str], key: str, reason: str) -> None:
    """Under its key's full path."""
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(values, resolve)

    found = dict(caught.value.failures)
    assert len(found) == len(caught.value.failures)
    assert reason in found[f"tf2-models:batchPredictionJobs.{key}"]


def test_a_wrong_name_of_a_model_is_told_once() -> None:
    """And not again for each of its versions, and for each job that asks it."""
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(stack({"m-1": MODELS["m"]}, batchPredictionJobs={"j": {**JOB, "model": "m-1"}}), resolve)

    assert [path for path, _ in caught.value.failures] == ["tf2-models:models.m-1"]


@pytest.mark.parametrize(("edit", "version"), [({}, "v2"), ({"version": "v1"}, "v1")])
def test_a_job_asks_a_version_of_the_stack(edit: dict[str, str], version: str) -> None:
    """The one that it names, or the default; its region is the stack's."""
    [found] = platforms.read(job(batchSize=8, labels={"team": "a"}, **edit), resolve).jobs

    assert (found.model, found.version) == ("m", version)
    assert found.inputs == {
        "project": "demo",
        "name": "j",
        "labels": {"team": "a"},
        "predictionInput": {
            "versionName": f"projects/demo/models/m/versions/{version}",
            "dataFormat": "JSON",
            "inputPaths": ["gs://in-bucket/*"],
            "outputPath": "gs://out-bucket/o",
            "region": "us-central1",
            "batchSize": 8,
        },
    }
