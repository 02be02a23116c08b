"""Without a card, the error says what has changed since the nearest one, and its pin."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import models
from models.artifacts import manifests
from models.artifacts.input_digest import Inputs, digest_of, read_inputs
from models.core.paths import card_path
from models.core.registry import complete, load_recipe
from tests.models.artifacts.test_input_digest import digest_of as digest_now
from tests.models.artifacts.test_resolve import put_build
from tests.running import ROOT


def put_card(root: Path, name: str, *, recorded: bool, **parameters: Any) -> str:
    """Writes a card of the current recipe, without inputs for an earlier release; returns its pin."""
    recipe = load_recipe(name, root)
    values = complete(name, recipe, parameters)
    inputs = read_inputs(name, recipe, values, root)
    digest = digest_of(name, values, inputs)
    facts = replace(put_build(root), recipe=name, parameters=values, input_digest=digest, tensorflow="2.21.0")
    facts = replace(facts, build_inputs=inputs._asdict()) if recorded else facts
    path = card_path(root, name, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(manifests.card_text(facts), encoding="utf-8")
    return f"{name}@{digest}"


def missing(root: Path, name: str, **parameters: Any) -> str:
    """The error of a recipe without a card."""
    with pytest.raises(models.ModelsError) as raised:
        models.resolve(name, parameters, root=root)
    text = str(raised.value)
    assert "\n" not in text
    assert (
        f"no card matches the current code, data and parameters (input digest {digest_now(name, root, **parameters)})"
        in text
    )
    return text


def _edit(path: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        file = root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def _new_source(root: Path) -> None:
    (root / "models/extra.py").write_text("", encoding="utf-8")
    with (root / "models/fashion_mnist.py").open("a", encoding="utf-8") as file:
        file.write("import models.extra\n")


RECIPE = _edit("models/fashion_mnist.py", "def train(", "# changed\n\n\ndef train(")
EXPORTER = _edit("models/core/export.py", "ENDPOINT =", "# changed\nENDPOINT =")
TENSORFLOW = _edit("requirements.txt", "tensorflow==2.21.0", "tensorflow==2.22.0")
KERAS = _edit("requirements.txt", "keras==3.15.1", "keras==3.16.0")


def _data(root: Path) -> None:
    file = root / "models/data/SHA256SUMS"
    text = file.read_text(encoding="utf-8")
    changed = re.sub(r"^[0-9a-f]{64}(?=  fashion-mnist-sample/train-images)", "0" * 64, text, flags=re.MULTILINE)
    assert changed != text
    file.write_text(changed, encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "parameters", "recorded", "earlier"),
    [
        (RECIPE, {}, "models/fashion_mnist.py", "code or data"),
        (EXPORTER, {}, "models/core/export.py", "code or data"),
        (_new_source, {}, "models/extra.py, models/fashion_mnist.py", "code or data"),
        (_data, {}, "data fashion-mnist-sample/train-images-idx3-ubyte", "code or data"),
        (TENSORFLOW, {}, "tensorflow==2.21.0 -> tensorflow==2.22.0", "TensorFlow 2.21.0 -> 2.22.0"),
        (lambda root: None, {"width": 64}, "width 128 -> 64", "width 128 -> 64"),
        (lambda root: None, {"data": "full"}, "data sample -> full", "data sample -> full"),
        (RECIPE, {"width": 64}, "width 128 -> 64, models/fashion_mnist.py", "width 128 -> 64, code or data"),
    ],
)
@pytest.mark.parametrize("is_recorded", [True, False])
def test_what_has_changed(
    checkout: Path,
    change: Callable[[Path], None],
    parameters: dict[str, Any],
    recorded: str,
    earlier: str,
    is_recorded: bool,
) -> None:
    """The error says which part has changed; for a card of an earlier release as far as its facts allow."""
    pin = put_card(checkout, "fashion_mnist", recorded=is_recorded)
    change(checkout)

    text = missing(checkout, "fashion_mnist", **parameters)

    assert f"Changed since the nearest card, {pin}: {recorded if is_recorded else earlier}. To keep that build" in text
    assert f"artifact: {pin}{', without parameters' if parameters else ''}; to make a new card, run: python" in text
    assert models.resolve(pin, root=checkout).parameters["width"] == 128


def test_a_change_of_keras_is_named(checkout: Path) -> None:
    """A changed pin is shown with its marker, because each Python may have its own version."""
    put_card(checkout, "line", recorded=True)
    KERAS(checkout)

    said = 'keras==3.15.1; python_version >= "3.11" -> keras==3.16.0; python_version >= "3.11"'
    assert said in missing(checkout, "line")


def test_the_nearest_card_is_the_one_that_differs_least(checkout: Path) -> None:
    """The nearest card is the one with the same parameters; second and damaged cards are ignored."""
    other, same = (put_card(checkout, "line", recorded=True, rate=rate) for rate in (0.25, 2.0))
    _, _, digest = other.partition("@")
    card_path(checkout, "line", f"{digest}-{'0' * 16}").write_text("{", encoding="utf-8")
    card_path(checkout, "line", "0" * 16).write_text("{", encoding="utf-8")
    _edit("models/line.py", "RECIPE =", "# changed\n\nRECIPE =")(checkout)

    assert f"nearest card, {same}: models/line.py." in missing(checkout, "line", rate=2.0)
    assert f"nearest card, {other}: models/line.py." in missing(checkout, "line", rate=0.25)


def test_without_any_card(checkout: Path) -> None:
    """Without any card, the error only has the command."""
    assert missing(checkout, "line").endswith("; to make a new card, run: python -m models build line")


def test_many_changes_are_counted(checkout: Path) -> None:
    """A message with many changes stays short."""
    put_card(checkout, "fashion_mnist", recorded=True)
    for name in ("core/__init__", "core/errors", "core/export", "core/recipe", "data/files", "fashion_mnist"):
        with (checkout / f"models/{name}.py").open("a", encoding="utf-8") as file:
            file.write("# changed\n")

    assert re.search(
        r": models/core/__init__\.py, (models/\S+ ?){4} and 1 more\. To keep", missing(checkout, "fashion_mnist")
    )


@pytest.mark.parametrize("path", sorted((ROOT / "models/cards").glob("*/*.json")), ids=lambda path: path.stem)
def test_the_inputs_of_a_committed_card_are_those_of_its_digest(path: Path) -> None:
    """The input digest can be computed from a card: it is a golden format."""
    card = json.loads(path.read_text(encoding="utf-8"))

    inputs = Inputs(**card["inputs"])
    assert digest_of(card["recipe"], card["parameters"], inputs) == card["inputDigest"] == path.stem
    assert sorted(card["inputs"]) == ["data", "packages", "sources"]


def test_card_of_an_earlier_release_is_unchanged(checkout: Path) -> None:
    """A card without inputs is read, and written without them."""
    put_card(checkout, "line", recorded=False)
    [path] = (checkout / "models/cards/line").iterdir()

    assert manifests.card_text(manifests.read(path)) == path.read_text(encoding="utf-8")
    assert "inputs" not in json.loads(path.read_text(encoding="utf-8"))
