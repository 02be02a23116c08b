"""Trying an instance on `/console`: drawn, chosen, typed or by a form."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imsave

from tests.emulator.console.asking import RESULT, choose_version, predict
from tests.emulator.console.browser import Page
from tests.prediction.deployment import Deployment

pytestmark = pytest.mark.tensorflow


def test_a_sample_is_predicted(page: Page) -> None:
    """With the names of the classes, and the truth beside it."""
    said = predict(page)

    assert said.splitlines()[0].split() == ["Boot", "94.8", "%"]
    assert "Output: softmax" in said
    assert "Expected label: Boot" in said


def test_an_image_is_drawn_and_predicted(page: Page) -> None:
    """With a pointer: the model is asked about what was drawn, and no truth is claimed of it."""
    page.run("[...document.querySelectorAll('button')].find((b) => b.innerText === 'Clear').click()")
    box = page.run("(({x, y, width}) => ({x, y, width}))(document.querySelector('canvas').getBoundingClientRect())")
    x, y = box["x"] + box["width"] * 0.375, box["y"] + box["width"] * 0.1  # in the second of four columns
    page.drag(x, y, box["width"] * 0.8)

    said = predict(page)

    assert said.startswith("Trouser")
    assert "Expected label" not in said


def test_an_image_file_is_shown_as_the_model_takes_it(page: Page, tmp_path: Path) -> None:
    """Scaled, in grey, its paper white whichever it was; a file that is no image is refused by its name."""
    place = "document.querySelector('input[type=file]')"
    pixels = "JSON.parse(document.getElementById('json').value)"
    for name, paper, ink in (("dark.png", 255, 0), ("bright.png", 0, 255)):
        picture = np.full((40, 80, 3), paper, np.uint8)  # twice as wide as high: there is paper above and below
        picture[:, 20:40] = ink
        imsave(tmp_path / name, picture)
        page.run("document.getElementById('json').value = '[0]'")
        page.give(place, tmp_path / name)
        page.until(f"{pixels}.length === 4")
        rows = page.run(pixels)
        assert rows[0] == rows[3] == [0, 0, 0, 0]
        assert all(row[1] > 0.9 and max(row[2:]) < 0.1 for row in rows[1:3])
    assert predict(page).startswith("Trouser")
    (tmp_path / "notes.txt").write_text("no image")
    page.give(place, tmp_path / "notes.txt")

    page.until(f"{RESULT}.includes('notes.txt is no image')")


def test_truth_is_claimed_of_samples_only(page: Page) -> None:
    """Typed JSON is an instance of its own: the form follows, and the sample's expected label is not shown for it."""
    assert page.run("document.getElementById('sample').value") == "0"
    page.type("document.getElementById('json')", str([[0, 1, 0, 0]] * 4))

    assert page.run("document.getElementById('sample').value") == ""
    image = "[...document.querySelector('canvas').getContext('2d').getImageData(0, 0, 4, 1).data]"
    assert page.run(image)[::4] == [255, 0, 255, 255]
    assert predict(page).startswith("Trouser")
    assert "Expected label" not in page.run(RESULT)


def test_what_a_field_cannot_mean_is_not_sent(page: Page, deployment: Deployment) -> None:
    """Nor what it meant before."""
    choose_version(page, f"projects/{deployment.project}/models/risk/versions/v1")
    page.until("document.querySelectorAll('#fields input').length === 2")
    page.type("document.querySelector('#fields input')", "old")
    assert predict(page) == 'age takes a float32; it is "old"'
    page.type("document.querySelector('#fields input')", "")
    assert predict(page) == "age: expected a float32, got nothing"

    page.type("document.querySelector('#fields input')", "64")
    page.type("document.querySelectorAll('#fields input')[1]", "normal")

    said = predict(page)
    assert said.startswith("50.0 % (0.5)")
    assert "Output: prediction_probability" in said


def test_a_version_without_a_manifest_is_asked_by_json(page: Page, deployment: Deployment) -> None:
    """Its signature is not known: the JSON is open, and nothing is sent while nothing stands there."""
    choose_version(page, f"projects/{deployment.project}/models/numbers/versions/v1")
    page.until("document.getElementById('inputs').hidden")

    assert page.run("document.getElementById('as-json').open") is True
    assert predict(page) == "There is nothing to send: write an instance as JSON."
    page.type("document.getElementById('json')", "3")
    assert predict(page).split("\n\n")[:2] == ["6", "Output: double"]


@pytest.mark.parametrize(
    ("dtype", "shape", "instance"),
    [
        ("float32", [None, 4, 4, 1], [[[0.0]] * 4] * 4),
        ("uint8", [None, 4, 4], [[0] * 4] * 4),
        ("float32", [None, 3], [0, 0, 0]),
        ("string", [None, 2], ["", ""]),
        ("bool", [None, 1, 2], [[False, False]]),
    ],
)
def test_a_new_form_says_an_instance(page: Page, dtype: str, shape: list[int | None], instance: object) -> None:
    """Of each type and shape that is known; what is shown in it comes back."""
    inputs = json.dumps({"x": {"dtype": dtype, "shape": shape}})
    made = f"import('/console/fields.js').then((module) => new module.Fields({inputs}, () => 0, () => 0))"

    assert page.run(f"{made}.then((fields) => fields.instance)") == instance
    other = json.dumps(instance).replace("0.0", "1").replace("0", "255").replace('""', '"a"').replace("false", "true")
    shown = f"{made}.then((fields) => {{ fields.show({other}); return fields.instance; }})"
    assert page.run(shown) == json.loads(other)


def test_what_cannot_be_an_instance_is_said_and_not_sent(page: Page, deployment: Deployment) -> None:
    """An error of the model is shown in the model's words."""
    set_json = "document.getElementById('json').value = {}"
    page.run(set_json.format("'[1, '"))
    assert "not valid JSON" in predict(page)
    page.run(set_json.format("'[1, 2]'"))
    assert "expected shape [4, 4], got [2]" in predict(page)


def test_a_form_has_a_field_for_each_input(page: Page, deployment: Deployment) -> None:
    """Of its type, with its label; a sample fills it."""
    name = f"projects/{deployment.project}/models/risk/versions/v1"
    choose_version(page, name)
    page.until("document.querySelectorAll('#fields input').length === 2")

    assert page.run("[...document.querySelectorAll('#fields label')].map((e) => e.innerText.split('\\n')[0])") == [
        "age",
        "thal",
    ]
    assert page.run("[...document.querySelectorAll('#fields input')].map((e) => e.value)") == ["63", "fixed"]
    assert predict(page).startswith("75.0 %")


@pytest.mark.parametrize(("text", "said"), [("", "got nothing"), ("[1, ", "got [1,"), ("x" * 50, f"got {'x' * 40}…")])
def test_a_field_for_json_says_what_it_expects(page: Page, text: str, said: str) -> None:
    """An empty one too."""
    inputs = json.dumps({"x": {"dtype": "float32", "shape": [None, 3]}})
    page.run(
        f"import('/console/fields.js').then((module) => {{ const made = new module.Fields({inputs}, () => 0, () => 0);"
        f" made.nodes[0].querySelector('textarea').value = {json.dumps(text)};"
        " try { made.instance; } catch (error) { document.title = error.message; } })"
    )

    assert page.run("document.title") == f"x: expected JSON, {said}"
