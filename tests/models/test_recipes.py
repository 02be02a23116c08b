"""The exports of recipes can be served, and the committed cards have their metrics."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import models
from models import fashion_mnist, heart_disease
from models.artifacts.manifests import CARD_SAMPLES, card_text
from models.artifacts.manifests import read as read_card
from models.core.paths import card_path
from models.data import fashion
from tests.models.artifacts.test_input_digest import digest_of
from tests.models.conftest import ROOT, Run
from tests.running import BOUND

LOADERS = Path(__file__).with_name("loaders.py")
LOCAL: list[tuple[str, dict[str, Any], float]] = [
    ("fashion_mnist", {}, 0.82),
    ("fashion_mnist", {"width": 256}, 0.82),
    ("heart_disease", {}, 0.80),
]
CARDS = [*LOCAL, ("fashion_mnist", {"data": "full"}, 0.88)]
CONTENT = {
    "fashion_mnist/831617cab8e83f7b": "76e19336cc90baed",
    "fashion_mnist/ac4b11035afa657e": "acceea433dc6debf",
    "fashion_mnist/f17e66981963ade4": "0ec21ea6022a0553",
    "heart_disease/e4a4b8b48df20979": "818968711e36d844",
}
"""Recipe and input digest -> content digest of each committed card."""


def _loaded(artifact: models.Artifact) -> dict[str, Any]:
    """The results of the loaders for an artifact and its samples."""
    inputs = list(artifact.signatures["serving_default"]["inputs"])
    instances = [sample["instance"] for sample in artifact.samples]
    named = instances if len(inputs) > 1 else [{inputs[0]: instance} for instance in instances]
    command = [sys.executable, str(LOADERS), str(artifact.folder), json.dumps(named)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BOUND, check=True)
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def _floats(prediction: dict[str, list[float]]) -> dict[str, list[float]]:
    """Decimals as float32 values."""
    return {name: [struct.unpack("f", struct.pack("f", value))[0] for value in row] for name, row in prediction.items()}


def _rounded(prediction: dict[str, list[float]]) -> dict[str, Any]:
    """A prediction for comparison with one whose last bits differ."""
    return {name: pytest.approx(row, rel=1e-5, abs=1e-7) for name, row in prediction.items()}


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "settings", "inputs", "outputs"),
    [
        (
            "fashion_mnist",
            {"epochs": 1, "width": 4},
            {"image": {"dtype": "float32", "shape": [None, 28, 28]}},
            {"softmax": {"dtype": "float32", "shape": [None, 10]}},
        ),
        (
            "heart_disease",
            {"epochs": 1},
            {
                **{feature: {"dtype": "float32", "shape": [None, 1]} for feature in heart_disease.NUMBERS},
                "thal": {"dtype": "string", "shape": [None, 1]},
            },
            {"prediction_probability": {"dtype": "float32", "shape": [None, 1]}},
        ),
    ],
)
def test_export(
    run: Run, checkout: Path, name: str, settings: dict[str, Any], inputs: dict[str, Any], outputs: dict[str, Any]
) -> None:
    """The signature gives exactly the answers of the manifest, and the light reader reads what TensorFlow reads.

    The session of the TF1 loader optimises the graph in another way: its last bit may differ.
    """
    done = run("build", name, *(part for key, value in settings.items() for part in ("--set", f"{key}={value}")))
    assert (done.returncode, done.stderr) == (0, "")
    artifact = models.resolve(name, settings, root=checkout, allow_rebuild=True)

    loaded = _loaded(artifact)

    assert artifact.signatures == {"serving_default": {"inputs": inputs, "outputs": outputs}}
    assert artifact.signatures["serving_default"] == loaded["signature"]
    assert artifact.operations == loaded["operations"]
    assert len(artifact.samples) == 20
    expected = [_floats(sample["prediction"]) for sample in artifact.samples]
    assert expected == loaded["second"]
    assert [_rounded(prediction) for prediction in expected] == loaded["first"]


@pytest.mark.parametrize(("name", "settings", "least"), CARDS)
def test_cards(name: str, settings: dict[str, Any], least: float) -> None:
    """The committed cards match the current code and reach the required accuracy."""
    artifact = models.resolve(name, settings, root=ROOT)

    assert artifact.metrics["accuracy"] >= least
    assert len(artifact.samples) == CARD_SAMPLES
    assert all("label" in sample and "prediction" in sample for sample in artifact.samples)
    assert list(artifact.classes) == (list(fashion.CLASSES) if name == "fashion_mnist" else [])


def test_cards_keep_their_digests() -> None:
    """Input digests need new cards if they change, and content digests redeploy every stack."""
    cards = {f"{path.parent.name}/{path.stem}": read_card(path) for path in (ROOT / "models/cards").glob("*/*.json")}
    today = {f"{name}/{digest_of(name, ROOT, **settings)}" for name, settings, _ in CARDS}

    assert {place: card.content_digest for place, card in cards.items()} == CONTENT
    assert {f"{card.recipe}/{card.input_digest}" for card in cards.values()} == today == CONTENT.keys()


def test_cards_hold_predictions_by_output_name() -> None:
    """What a card says that the model answers is what a client reads: `predictions[i]["softmax"]`."""
    for name, settings, _ in CARDS:
        text = card_path(ROOT, name, digest_of(name, ROOT, **settings)).read_text(encoding="utf-8")
        outputs = json.loads(text)["signatures"]["serving_default"]["outputs"]
        assert all(sample["prediction"].keys() == outputs.keys() for sample in json.loads(text)["samples"])


def test_card_form() -> None:
    """A card is exactly the text of its facts: no formatter or person has changed it."""
    for name, settings, _ in CARDS:
        path = card_path(ROOT, name, digest_of(name, ROOT, **settings))
        assert path.read_text(encoding="utf-8") == card_text(read_card(path))


def test_samples_are_rows() -> None:
    """The samples of the heart-disease card are the first rows of the file with labels."""
    card = models.resolve("heart_disease", root=ROOT)
    rows = heart_disease.read()[: len(card.samples)]

    assert [sample["label"] for sample in card.samples] == [int(row["target"]) for row in rows]
    assert [
        {name: [row[name]] for name in sample["instance"]} for sample, row in zip(card.samples, rows, strict=True)
    ] == [sample["instance"] for sample in card.samples]


def test_samples_are_images() -> None:
    """The samples of the Fashion-MNIST card are held-out images with pixels from 0 to 1, with labels."""
    images = fashion.load("sample")
    card = models.resolve("fashion_mnist", root=ROOT)

    for sample, image, label in zip(card.samples, images.test, images.test_labels, strict=False):
        assert sample["label"] == label
        assert sample["instance"] == [[round(pixel / 255, 4) for pixel in row] for row in image.tolist()]
    assert fashion_mnist.SAMPLES == 20
