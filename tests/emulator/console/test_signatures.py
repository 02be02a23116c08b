"""Choosing a signature on `/console`, from manifests of any version of the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.emulator.console.asking import RESULT, choose_version, predict
from tests.emulator.console.browser import Page
from tests.emulator.ml.caller import N1, Caller
from tests.prediction.deployment import Deployment
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow

_OLD = {
    "samples": [{"instance": 1.5, "prediction": {"double": 3.0, "half": 0.75}}],
    "classes": [],
    "signatures": {
        "negative": {"inputs": {"x": "float32[?]"}, "outputs": {"minus": "float32[?]"}},
        "serving_default": {"inputs": {"x": "float32[?]"}, "outputs": {"double": "float32[?]", "half": "float32[?]"}},
    },
}


def test_a_signature_is_chosen_among_those_of_an_old_manifest(
    page: Page, emulator: RunningEmulator, project: str, prediction_models: Path
) -> None:
    """Each has its own form, of types and shapes; samples are for the one that is asked by default."""
    caller = Caller(emulator, project)
    for path in sorted(path for path in (prediction_models / "numbers").rglob("*") if path.is_file()):
        caller.upload("numbers", path.read_bytes(), path.relative_to(prediction_models / "numbers").as_posix())
    caller.upload("numbers", json.dumps(_OLD).encode(), "manifest.json")
    body = {"name": "v1", "deploymentUri": f"gs://{caller.bucket}/numbers", **N1}
    caller.response(caller.versions.create(parent=caller.model("numbers"), body=body).execute())
    name = f"projects/{project}/models/numbers/versions/v1"
    choose_version(page, name)
    page.until("document.getElementById('signature').options.length === 2")

    assert page.run("document.querySelector('#fields label').innerText").split("\n") == ["x", "float32"]
    assert predict(page).split("\n\n")[:4] == ["3", "Output: double", "0.75", "Output: half"]
    page.choose("signature", "negative")
    page.until("document.getElementById('sample').options.length === 1")
    page.type("document.querySelector('#fields input')", "3")
    assert predict(page).startswith("-3")
    assert page.logged_errors() == []


def test_a_signature_is_written_where_none_is_known(page: Page, deployment: Deployment) -> None:
    """A version without a manifest is asked for any; one that it does not have is refused with those that it has."""
    choose_version(page, f"projects/{deployment.project}/models/numbers/versions/v1")
    page.until("document.getElementById('inputs').hidden")
    page.type("document.getElementById('json')", "3")

    page.type("document.getElementById('signature')", "negative")
    assert predict(page).startswith("-3")
    page.type("document.getElementById('signature')", "nothing")
    assert "negative, serving_default" in predict(page)
    assert "nothing" in page.run(RESULT)


def test_a_model_with_one_signature_offers_no_choice(page: Page) -> None:
    """There is nothing to choose, so nothing is shown."""
    assert page.run("document.getElementById('signature-choice').getClientRects().length") == 0
    assert page.run("document.getElementById('version').getClientRects().length") == 1
