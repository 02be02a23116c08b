"""`/console` in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Error

from tests.emulator.console.asking import RESULT, predict, table
from tests.emulator.console.browser import Browser, Page
from tests.emulator.ml.caller import N1, Caller
from tests.prediction.deployment import Deployment
from tests.running import ROOT, RunningEmulator

pytestmark = pytest.mark.tensorflow

_FILES = sorted(Path(ROOT, "emulator/console/page").iterdir())
_CONTRASTS = """
(() => {
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (node) => {
    for (let each = node; each; each = each.parentElement) {
      const rgb = numbers(getComputedStyle(each).backgroundColor);
      if (rgb.length < 4 || rgb[3] > 0) return rgb;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter((node) => node.getClientRects().length && !node.disabled)
    .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
    .map((node) => {
      const [one, other] = [light(numbers(getComputedStyle(node).color)), light(ground(node))].sort((a, b) => b - a);
      return [(one + 0.05) / (other + 0.05), node.textContent.slice(0, 30)];
    });
})()
"""


def test_it_shows_what_is_deployed(page: Page, emulator: RunningEmulator, project: str) -> None:
    """Each version with its state, nodes, requests and latency; the calls. The browser has no complaint."""
    caller = Caller(emulator, project)
    caller.predict(caller.version(caller.model("asked"))["name"], [1.0])
    row = f"{table(project, 'asked')}?.querySelector('tbody tr').innerText"
    page.until(f"Number({row}?.split('\\t')[3]) > 0")

    version, state, nodes, _, p50, p99, failures, *_ = page.run(row).split("\t")

    assert (version.split(), state, nodes.split()[0], failures) == (["v1", "default"], "READY", "1", "0")
    assert 0 < float(p50) <= float(p99)
    assert f"projects/{project}/models/asked/versions/v1:predict" in page.run(
        "document.getElementById('call-rows').innerText"
    )
    assert page.logged_errors() == []


def test_focus_stays_while_the_page_looks_again(page: Page, deployment: Deployment) -> None:
    """On a table whose numbers change, and on the button that asks."""
    region = table(deployment.project, "clothes")
    page.run(f"{region}.focus()")
    before = page.run(f"{region}.innerText")
    path = f"/v1/projects/{deployment.project}/models/clothes/versions/v1:predict"
    page.run(f"fetch({path!r}, {{method: 'POST', body: '{{}}', headers: {{'content-type': 'application/json'}}}})")
    page.until(f"{region}.innerText !== {json.dumps(before)}")
    assert page.run(f"document.activeElement === {region}") is True

    page.run("document.getElementById('predict').focus()")
    page.press("Enter")
    page.until(f"{RESULT}.includes('Answered in')")
    assert page.run("document.activeElement.id") == "predict"


def test_a_version_that_failed_says_why(
    page: Page, deployment: Deployment, emulator: RunningEmulator, project: str
) -> None:
    """In the table; it is not offered to be asked."""
    caller = Caller(emulator, project)
    caller.upload("broken", b"no SavedModel", "saved_model.pb")
    body = {"name": "v1", "deploymentUri": f"gs://{caller.bucket}/broken", **N1}
    caller.wait(caller.versions.create(parent=caller.model("broken"), body=body).execute())

    row = f"{table(project, 'broken')}?.querySelector('tbody tr').innerText"
    page.until(f"{row}?.includes('FAILED')")

    assert "Failed to load model" in page.run(row)
    offered = page.run("[...document.querySelectorAll('#version option')].map((each) => each.value)")
    assert f"projects/{deployment.project}/models/clothes/versions/v1" in offered
    assert f"projects/{project}/models/broken/versions/v1" not in offered


def test_all_of_it_works_with_the_keyboard(page: Page) -> None:
    """The first key leads past the header; arrows and space draw; Enter predicts; each focus can be seen."""
    page.run("document.activeElement.blur()")
    page.press("Tab")
    assert page.run("document.activeElement.innerText") == "Skip to the models"
    page.run("document.querySelector('canvas').focus()")
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    before = page.run("document.getElementById('json').value")
    for key in ("ArrowRight", "ArrowDown", " ", "Delete", " "):
        page.press(key)
    assert page.run("document.querySelector('.unseen[role=status]').innerText") == "row 4, column 4: ink 1.00"
    assert page.run("document.getElementById('json').value") != before
    page.run("document.getElementById('predict').focus()")
    page.press("Enter")

    page.until(f"{RESULT}.includes('Answered in')")


def test_a_screen_reader_is_told_everything(page: Page) -> None:
    """Landmarks, and a name for each control; predictions and a lost connection are announced."""
    predict(page)
    tree = page.tree()
    roles = {role for role, _ in tree}

    assert {"banner", "main", "form", "table", "columnheader", "rowheader", "status"} <= roles
    assert {name for role, name in tree if role == "region"} >= {"Models", "Try an instance", "Calls"}
    controls = ("button", "checkbox", "combobox", "textbox", "application", "Canvas", "link")
    assert [role for role, name in tree if role in controls and not name.strip()] == []
    assert page.run("document.getElementById('result').getAttribute('role')") == "status"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(page: Page, scheme: str) -> None:
    """Its contrast is 4.5 or more, as WCAG 2 asks at level AA."""
    page.scheme(scheme)
    predict(page)

    found = page.run(_CONTRASTS)

    assert len(found) > 40
    assert [text for ratio, text in found if ratio < 4.5] == []


def test_a_token_may_stand_in_the_address(
    browser: Browser, emulator_factory: Callable[..., RunningEmulator], tmp_path: Path
) -> None:
    """As the password: the page comes, and what it asks for comes, too."""
    (tmp_path / "token").write_text("0123456789abcdef")
    emulator = emulator_factory("--token-file", str(tmp_path / "token"))
    with browser.page() as page:
        page.open(f"{emulator.endpoint.replace('//', '//any:0123456789abcdef@')}/console")
        page.until("document.getElementById('facts')?.innerText.includes('models')")

        assert page.run("document.getElementById('model-list').innerText").startswith("No version is deployed.")
        assert page.run("document.getElementById('connection').innerText") == ""


def test_text_from_outside_never_becomes_markup(page: Page) -> None:
    """Classes, labels and refusals are shown as they are; the browser itself lets no text become markup."""
    evil = '<img src=x onerror="document.title=1">'
    shown = f"{{predictions: [[0.9, 0.1]]}}, {{classes: [{evil!r}, 'b']}}, {evil!r}, 1"
    page.run(f"import('/console/result.js').then((module) => module.showPrediction({shown}))")

    assert page.run(RESULT).count(evil) == 3
    assert page.run("document.querySelector('#result img')") is None
    with pytest.raises(Error, match="TrustedHTML"):
        page.run("document.body.innerHTML = '<b>'")


def test_nothing_comes_from_elsewhere() -> None:
    """No file names another host; SVG's namespace is a name, and is not fetched."""
    assert len(_FILES) > 10
    for path in _FILES:
        urls = set(re.findall(r"(?:https?:)?//[\w.]+", re.sub(r"(?m)^\s*//.*$|\s// .*$", "", path.read_text())))
        assert urls <= {"http://www.w3.org"}, path.name
        assert len(path.read_text().splitlines()) < 300
