"""A version on `/console`: its artifact, its share, its jobs, and several versions side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.batch.batch import Batch
from tests.emulator.console.asking import RESULT, choose_version, predict, table
from tests.emulator.console.browser import Browser, Page
from tests.emulator.ml.caller import N1, Caller
from tests.prediction.deployment import MANIFESTS, Deployment
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow

_FACTS = "document.getElementById('version-facts').innerText"
_EVIL = '<img src=x onerror="document.title=1">'


def _clothes(caller: Caller, models: Path, name: str, **facts: Any) -> str:
    """Uploads the model of the kinds of clothes with further facts in its manifest; returns its URI."""
    for path in sorted(path for path in (models / "clothes").rglob("*") if path.is_file()):
        caller.upload(name, path.read_bytes(), path.relative_to(models / "clothes").as_posix())
    return caller.upload(name, json.dumps({**MANIFESTS["clothes"], **facts}).encode(), "manifest.json")


def _deploy(caller: Caller, model: str, name: str, uri: str, **body: Any) -> str:
    whole = {"name": name, "deploymentUri": uri, **N1, **body}
    full: str = caller.response(caller.versions.create(parent=model, body=whole).execute())["name"]
    return full


def test_versions_answer_one_instance_side_by_side(
    page: Page, emulator: RunningEmulator, project: str, prediction_models: Path
) -> None:
    """Each with its own classes, in the same order; one that refuses the instance says so, beside the others."""
    caller = Caller(emulator, project)
    model = caller.model("sides")
    others = {"classes": ["shirt", "trousers", "bag", "boot"]}
    first = _deploy(caller, model, "v1", _clothes(caller, prediction_models, "v1"))
    _deploy(caller, model, "v2", _clothes(caller, prediction_models, "v2", **others))
    caller.version(model, "v3")  # takes a number, not an image
    choose_version(page, first)
    page.until("document.querySelectorAll('#other-versions input').length === 2")
    page.run("for (const each of document.querySelectorAll('#other-versions input')) each.click()")
    predict(page)
    page.until("document.querySelectorAll('.sides section').length === 3")

    found = page.run("[...document.querySelectorAll('.sides section')].map((each) => each.innerText.split('\\n'))")
    rows = "(n) => [...document.querySelectorAll(`.sides section:nth-child(${n}) li span:first-child`)]"
    names = [page.run(f"({rows})({place}).map((each) => each.innerText)") for place in (1, 2)]

    assert [side[0] for side in found] == ["v1", "v2", "v3"]
    assert [side[2].split()[0] for side in found[:2]] == ["Boot", "boot"]
    assert [others["classes"].index(name) for name in names[1]] == [
        MANIFESTS["clothes"]["classes"].index(name) for name in names[0]
    ]
    assert page.run("document.querySelector('.sides section:nth-child(3) .bad').innerText") != ""
    assert page.run(RESULT).count("Expected label: Boot") == 1
    calls = json.loads(page.run("fetch('/-/metrics').then((a) => a.text())"))["calls"]
    assert [call["path"][-10:] for call in calls[:3]] == ["v3:predict", "v2:predict", "v1:predict"]
    assert page.logged_errors() == []


def test_a_version_shows_its_artifact(
    page: Page, emulator: RunningEmulator, project: str, prediction_models: Path
) -> None:
    """Location, digests, metrics and signatures of what serves, even if the bucket holds something else by now."""
    facts = {
        "recipe": "clothes",
        "parameters": {"width": 7},
        "contentDigest": "0123456789abcdef",
        "tensorflow": "2.21.0",
        "metrics": {"accuracy": 0.8655},
        "size": 1234567,
        "files": {"saved_model.pb": {}},
    }
    caller = Caller(emulator, project)
    uri = _clothes(caller, prediction_models, "c", **facts)
    name = _deploy(caller, caller.model("facts"), "v1", uri, description=_EVIL, labels={"team": "one"})
    caller.upload("c", b'{"metrics": {"accuracy": 1.0}}', "manifest.json")
    choose_version(page, name)
    page.until(f"{_FACTS}.includes({name!r})")
    said = page.run(_FACTS)

    for text in (uri, _EVIL, "team: one", "width 7", "0123456789abcdef", "2.21.0", "1,234,567 bytes in 1 file"):
        assert text in said
    assert "accuracy\n0.8655" in said
    assert ["image", "input", "float32", "[any, 4, 4]"] in [line.split("\t") for line in said.splitlines()]
    assert ["softmax", "output", "float32", "[any, 4]"] in [line.split("\t") for line in said.splitlines()]
    assert page.run("document.querySelector('#version-facts img')") is None


def test_a_manifest_may_hold_anything(page: Page, emulator: RunningEmulator, project: str) -> None:
    """Anything unexpected in a manifest, which is a file from outside, counts as missing."""
    caller = Caller(emulator, project)
    model = caller.model("odd")
    odd = ["[]", "{", '{"signatures": 7, "samples": {}, "classes": "abc", "metrics": null}', '{"size": 1e999}']
    for number, text in enumerate(odd):
        caller.upload(f"odd{number}", text.encode(), "manifest.json")
        uri = caller.upload(f"odd{number}")
        name = _deploy(caller, model, f"v{number}", uri)
        choose_version(page, name)
        page.until(f"{_FACTS}.includes({name!r})")
        page.type("document.getElementById('json')", "3")
        assert predict(page).startswith("6"), text
    assert page.logged_errors() == []


def test_a_version_of_the_list_is_chosen_by_its_link(
    page: Page, deployment: Deployment, emulator: RunningEmulator, project: str
) -> None:
    """It is shown, and asked if it answers; one that failed is shown with its reason."""
    caller = Caller(emulator, project)
    bad = caller.upload("broken", b"no SavedModel")
    body = {"name": "v9", "deploymentUri": bad, **N1}
    caller.wait(caller.versions.create(parent=caller.model("broken"), body=body).execute())
    link = "document.querySelector(`a[data-version='{}']`)"
    good = f"projects/{deployment.project}/models/risk/versions/v1"
    page.run(f"{link.format(good)}.focus()")
    page.press("Enter")
    page.until(f"{_FACTS}.includes({good!r})")

    assert page.run("document.getElementById('version').value") == good
    failed = f"projects/{project}/models/broken/versions/v9"
    page.until(f"{link.format(failed)} !== null")
    page.run(f"{link.format(failed)}.click()")
    page.until(f"{_FACTS}.includes({failed!r})")
    assert "Failed to load model" in page.run(_FACTS)
    assert page.run("document.getElementById('version').value") == good


def test_the_share_of_a_version_is_what_was_measured(page: Page, emulator: RunningEmulator, project: str) -> None:
    """The share is of the model's requests in the last minute, including those to the default version."""
    caller = Caller(emulator, project)
    model = caller.model("split")
    caller.version(model, "v1")
    caller.version(model, "v2")
    for name in (model, f"{model}/versions/v1", f"{model}/versions/v1", f"{model}/versions/v2"):
        caller.predict(name, [1.0])
    cell = f"[...{table(project, 'split')}?.querySelectorAll('tbody tr') ?? []].map((row) => row.cells[7].innerText)"
    page.until(f"({cell}).join().includes('of 4')")

    assert page.run(cell) == ["3 of 4", "1 of 4"]


def test_jobs_are_shown(page: Page, emulator: RunningEmulator, project: str) -> None:
    """With state, counts, results and, if they failed, the reason."""
    batch = Batch(emulator, project)
    batch.done(batch.input(b"1\n2\nno\n"))
    batch.ended(batch.begin("gs://no-such-bucket-of-anybody/x"))
    rows = "[...document.querySelectorAll('#job-list tbody tr')].map((row) => row.innerText)"
    page.until(f"({rows}).filter((row) => row.includes({project!r})).length === 2")

    last, first = (row.split("\t") for row in page.run(rows) if project in row)

    assert (first[0].split()[0], first[2:5], first[7]) == (
        "job1",
        ["SUCCEEDED", "2", "1"],
        f"gs://{project}-models/out1/",
    )
    assert last[2].startswith("FAILED ")
    assert "no-such-bucket-of-anybody" in last[2]


def test_what_the_page_reads_is_no_call(browser: Browser, deployment: Deployment, emulator: RunningEmulator) -> None:
    """The page's reads are not listed or counted, use no quota and get no faults; its predictions are calls."""
    name = f"projects/{deployment.project}/models/clothes/versions/v1"
    emulator.faults({"method": "*", "status": 503, "times": 1})
    calls, quota = emulator.calls(), emulator.status()["quota"]
    with browser.page() as page:
        page.open(f"{emulator.endpoint}/console")
        choose_version(page, name)
        page.until(f"{_FACTS}.includes({name!r}) && document.querySelector('canvas') !== null")
        before = page.run("document.getElementById('facts').innerText")
        page.until(f"document.getElementById('job-list').childElementCount > 0 && {before!r} !== ''")

        assert (emulator.calls(), emulator.status()["quota"]) == (calls, quota)
        assert emulator.faults_left()[0]["times"] == 1
        emulator.faults()
        predict(page)

    assert emulator.calls()["ml.projects.predict"] == calls.get("ml.projects.predict", 0) + 1


def test_a_version_made_again_is_read_again(
    page: Page, emulator: RunningEmulator, project: str, prediction_models: Path
) -> None:
    """If a version is recreated with another artifact, the page shows the new one."""
    caller = Caller(emulator, project)
    model = caller.model("again")
    name = _deploy(caller, model, "v1", _clothes(caller, prediction_models, "one", recipe="first_recipe"))
    choose_version(page, name)
    page.until(f"{_FACTS}.includes('first_recipe')")
    caller.wait(caller.versions.delete(name=name).execute())
    _deploy(caller, model, "v1", _clothes(caller, prediction_models, "two", recipe="second_recipe"))
    choose_version(page, name)

    page.until(f"{_FACTS}.includes('second_recipe')")
    assert "first_recipe" not in page.run(_FACTS)


def test_nothing_is_asked_before_the_form_is_that_of_the_version(page: Page, deployment: Deployment) -> None:
    """Input while the manifest loads is not sent to a version with another one's form."""
    name = f"projects/{deployment.project}/models/risk/versions/v1"
    page.run("void (globalThis.go = new Promise((done) => { globalThis.arrive = done; }))")
    page.run(
        "(() => { const real = globalThis.fetch; globalThis.fetch = async (url, options) => {"
        " if (url.pathname.includes('/versions/')) await globalThis.go; return real(url, options); }; })()"
    )
    page.choose("version", name)
    page.type("document.getElementById('json')", "[1]")
    assert page.run("document.getElementById('predict').hasAttribute('aria-disabled')") is True

    page.run("globalThis.arrive()")
    page.until("document.querySelectorAll('#fields input').length === 2")
    assert predict(page).startswith("75.0 %")
