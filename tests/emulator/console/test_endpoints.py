"""Endpoints on `/console`: their deployed models, the split, and who answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.console.browser import Browser, Page
from tests.emulator.vertex.caller import VertexCaller
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow
_RESULT = "document.getElementById('endpoint-result').innerText"


@pytest.fixture
def vertex(emulator: RunningEmulator, project: str) -> Iterator[VertexCaller]:
    """A caller in the test's project; its nodes end with the test."""
    caller = VertexCaller(emulator, project)
    yield caller
    caller.undeploy_all()


@pytest.fixture
def console(browser: Browser, emulator: RunningEmulator) -> Iterator[Page]:
    """The console."""
    with browser.page() as found:
        found.size(1280, 900)
        found.open(f"{emulator.endpoint}/console")
        yield found


def test_it_shows_the_split_and_who_answered(console: Page, vertex: VertexCaller) -> None:
    """Each deployed model with its share; the form names the one that answered. The browser has no complaint."""
    endpoint = vertex.endpoint(displayName=vertex.project)
    first = vertex.upload(2.0, modelId="m")
    second = vertex.upload(3.0, parentModel=first.partition("@")[0])
    vertex.deploy(endpoint, first, id="1", split={"0": 100})
    vertex.deploy(endpoint, second, id="2", split={"1": 0, "0": 100})
    vertex.predict(endpoint)
    named = repr(vertex.project)
    heading = f"[...document.querySelectorAll('#endpoint-list h3')].find((each) => each.innerText.startsWith({named}))"
    found = f"[...({heading})?.nextElementSibling.querySelectorAll('tbody tr') ?? []]"
    rows = f"{found}.map((each) => each.innerText.split('\\t'))"
    console.until(f"({rows})[1]?.[4] === '1 of 1'")

    shown = console.run(rows)
    console.choose("endpoint", endpoint)
    console.run("document.getElementById('endpoint-instance').value = '4'")
    console.run("document.querySelector('#endpoint-form button').click()")
    console.until(f"{_RESULT}.includes('Answered')")

    assert [(row[0].split(), row[1], row[2], row[3]) for row in shown] == [
        (["1", "m@1"], "SERVING", "1", "0 %"),
        (["2", "m@2"], "SERVING", "1", "100 %"),
    ]
    answer = console.run(_RESULT)
    assert answer.startswith("12")
    assert "deployed model 2: m, version 2" in answer
    assert console.logged_errors() == []
