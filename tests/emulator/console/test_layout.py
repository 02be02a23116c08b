"""`/console` on screens of any width: nothing is cut off, nothing has to be scrolled sideways."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import pytest

from tests.emulator.console.asking import choose_version, predict
from tests.emulator.console.browser import Browser, Page
from tests.emulator.ml.caller import Caller
from tests.running import RunningEmulator
from tests.unloading import unload

pytestmark = pytest.mark.tensorflow

_MODEL = "m" * 128
_VERSION = "v{}_of_sixty_letters_" + "w" * 40
_VERSIONS = 6
_CUT = """
(() => {
  const width = document.documentElement.clientWidth;
  const cut = (node) => {
    const box = node.getBoundingClientRect();
    const inner = node.clientWidth && (node.scrollWidth > node.clientWidth + 1);
    const lines = SCROLLS.includes(node.tagName) || getComputedStyle(node).overflowY === 'visible' ? false
      : node.clientHeight && node.scrollHeight > node.clientHeight + 1;
    return box.right > width + 1 || box.left < -1 || inner || (width < 640 && lines);
  };
  return [...document.querySelectorAll('body *')]
    .filter((node) => node.getClientRects().length && !node.closest('thead, .unseen, .skip') && cut(node))
    .map((node) => `${node.tagName} ${node.id} ${node.className} ${node.textContent.slice(0, 40)}`);
})()
""".replace("SCROLLS", json.dumps(["TEXTAREA"]))
_HUGE = """
(() => {
  const real = globalThis.fetch;
  const name = 'x'.repeat(120);
  const seen = { requests: 123456789012, failures: 98765432101, requestsPerSlot: [1, 987654321],
    p50Milliseconds: 123456.7, p99Milliseconds: 1234567.8 };
  const job = { name: `projects/p/jobs/${name}`, jobId: name, state: 'FAILED', createTime: '2026-01-31T15:04:05Z',
    startTime: '2026-01-31T15:04:05Z', endTime: '2027-01-31T15:04:05Z', errorMessage: 'y'.repeat(300),
    predictionInput: { versionName: `projects/p/models/${name}/versions/${name}` },
    predictionOutput: {
      outputPath: `gs://${name}/${name}`, predictionCount: '9'.repeat(19), errorCount: '8'.repeat(19) } };
  const call = { time: job.createTime, method: `ml.projects.${'method.'.repeat(12)}`, path: `/v1/${name}`, status: 400,
    milliseconds: 123456789.1 };
  let versions = [];
  const instead = {
    '/-/status': (found) => {
      versions = found.versions;
      const nodes = { nodes: 1000000, minNodes: 1000000, maxNodes: 100000000 };
      return { ...found, versions: versions.map((each) => ({ ...each, ...nodes })) };
    },
    '/-/metrics': () => ({
      seconds: 60, versions: Object.fromEntries(versions.map((each) => [each.name, seen])), calls: [call] }),
    '/-/jobs': () => ({ jobs: [job, { ...job, predictionInput: { uri: `gs://${name}/${name}` } }] }),
  };
  globalThis.fetch = async (url, options) => {
    const answer = await real(url, options);
    const change = instead[url.pathname];
    return change ? new Response(JSON.stringify(change(await answer.json()))) : answer;
  };
})()
"""
"""Makes every number and name that the page reads as long as it may be."""


@pytest.fixture(scope="module")
def crowded(browser: Browser, emulator: RunningEmulator) -> Iterator[Page]:
    """The page with long names, many versions, a failed one and huge numbers."""
    project = f"test-{secrets.token_hex(4)}"
    caller = Caller(emulator, project)
    model, name = caller.model(_MODEL), _VERSION.format(0)
    uri = caller.upload("x")
    manifest = {"metrics": {"z" * 80: 1.5}, "recipe": "r" * 90, "classes": ["c" * 90]}
    caller.upload("x", json.dumps(manifest).encode(), "manifest.json")
    scale = {"machineType": "mls1-c1-m2", "runtimeVersion": "2.11", "pythonVersion": "3.7"}
    begun = [
        caller.versions.create(
            parent=model,
            body={"name": _VERSION.format(number), "deploymentUri": uri, "labels": {"k" * 60: "v" * 60}, **scale},
        ).execute()
        for number in range(_VERSIONS)
    ]
    for each in begun:
        caller.response(each)
    bad = caller.upload("broken", b"no SavedModel")
    body = {"name": _VERSION.format("x"), "deploymentUri": bad, **scale}
    caller.wait(caller.versions.create(parent=model, body=body).execute())
    with browser.page() as page:
        page.size(1280, 900)
        page.open(f"{emulator.endpoint}/console")
        choose_version(page, f"{model}/versions/{name}")
        page.until(f"document.querySelectorAll('#other-versions input').length === {_VERSIONS - 1}")
        page.until(f"document.getElementById('version-facts').innerText.includes({'z' * 80!r})")
        page.type("document.getElementById('json')", "3")
        page.run("for (const each of document.querySelectorAll('details')) each.open = true")
        page.run("for (const each of document.querySelectorAll('#other-versions input')) each.checked = true")
        predict(page)
        page.until(f"document.querySelectorAll('.sides section').length === {_VERSIONS}")
        page.run("document.getElementById('copy').click()")
        page.run(_HUGE)
        page.until("document.getElementById('job-list').innerText.includes('FAILED')")
        page.until("document.getElementById('model-list').innerText.includes('987654321')")
        yield page
    unload(emulator, project)


def test_nothing_is_cut_off(crowded: Page) -> None:
    """At 320 to 1280 pixels, in both colour schemes, with every name and number as long as it may be."""
    assert crowded.run("document.getElementById('model-list').innerText").count("Failed to load model") >= 1
    for width in (320, 390, 768, 1024, 1280):
        for scheme in ("light", "dark"):
            crowded.size(width, 844, phone=width < 768)
            crowded.scheme(scheme)
            assert (width, scheme, crowded.run(_CUT)) == (width, scheme, [])
            assert crowded.run("document.documentElement.scrollWidth") <= width


def test_the_long_name_of_a_choice_can_be_read(crowded: Page) -> None:
    """The full name is below the selector, because some browsers do not wrap it."""
    crowded.size(390, 844, phone=True)
    chosen = crowded.run("document.getElementById('version').value")

    assert crowded.run("document.getElementById('full-name').innerText") == chosen
    assert len(chosen) > 200


def test_a_phone_shows_the_titles_beside_the_cells(crowded: Page) -> None:
    """A row is a block there, and still a row of a table for a screen reader."""
    crowded.size(390, 844, phone=True)

    titles = crowded.run(
        "[...document.querySelectorAll('#model-list tbody tr')[0].cells].slice(1)"
        ".map((cell) => getComputedStyle(cell, '::before').content.slice(1, -2))"
    )
    roles = {role for role, _ in crowded.tree()}

    assert titles[:4] == ["State", "Nodes", "Req./s", "p50 ms"]
    assert {"table", "row", "columnheader", "rowheader", "cell"} <= roles


def test_buttons_and_choices_are_large_enough_for_a_finger(crowded: Page) -> None:
    """Buttons and selectors have at least 38 pixels on a phone."""
    crowded.size(360, 740, phone=True)

    shown = "[...document.querySelectorAll('button, select')].filter((each) => each.getClientRects().length)"
    assert crowded.run(f"Math.min(...{shown}.map((each) => each.offsetHeight))") >= 38
