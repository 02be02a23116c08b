"""Stacks, buckets and cards of older versions work with this one."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.artifacts import manifests
from tests.artifacts.checkout import program
from tests.engine import Engine
from tests.running import BOUND, RunningEmulator

FIXTURES = Path(__file__).parent
OLD = sorted(folder.name for folder in FIXTURES.iterdir() if (folder / "state.json").is_file())

_ENDPOINT = "http://127.0.0.1:8470"
"""The emulator's endpoint in the old states; tests replace it."""

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


class OldStack:
    """A deployed stack of an older version, on an emulator with the data of that version.

    Attributes:
        engine: this version's engine with the old state.
        emulator: this version's emulator with the old data.
        root: the user's project.
    """

    def __init__(self, folder: Path, emulator: RunningEmulator, place: Path) -> None:
        self.emulator, self.root = emulator, program(place / "checkout")
        shutil.copytree(folder / "project", self.root, dirs_exist_ok=True)
        self.engine = Engine(place / "engine", self.root)
        config = yaml.safe_load((folder / "stack.yaml").read_text(encoding="utf-8"))["config"]
        self.engine.write({**config, "tf2-models:endpoint": emulator.endpoint})
        state = (folder / "state.json").read_text(encoding="utf-8").replace(_ENDPOINT, emulator.endpoint)
        (place / "state.json").write_text(state, encoding="utf-8")
        self.engine.run("stack", "import", "--stack", "test", "--file", str(place / "state.json"))

    def predict(self, model: str, *instances: Any) -> list[Any]:
        """The predictions of the default version."""
        url = f"{self.emulator.endpoint}/v1/projects/demo/models/{model}:predict"
        body = json.dumps({"instances": instances}).encode()
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=BOUND) as answer:  # noqa: S310 - loopback
            found: list[Any] = json.load(answer)["predictions"]
        return found


@pytest.fixture(params=OLD)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OldStack]:
    """The stack of each older version."""
    folder = FIXTURES / request.param
    shutil.copytree(folder / "data", tmp_path / "data")
    with RunningEmulator(tmp_path / "data") as emulator:
        yield OldStack(folder, emulator, tmp_path)


def test_an_old_stack_shows_no_change_and_serves(old: OldStack) -> None:
    """The upgrade creates, changes and deletes nothing, also after a refresh, and every model predicts."""
    first = old.engine.preview()
    done = old.engine.up()
    old.engine.stack("refresh", "--skip-preview")

    assert first == {}
    assert done.keys() == {"unchanged"}
    assert old.engine.preview() == {}
    assert [old.predict(model, 1.5) for model in ("doubler", "elsewhere", "line")] == [
        [{"y": 3.0}],
        [{"y": 3.0}],
        [{"y": 6.0}],
    ]


def test_samples_with_bare_predictions_still_work(old: OldStack) -> None:
    """A gate compares them with predictions by output name, and the default moves."""
    samples = [{"instance": 1.5, "prediction": 4.5}, {"instance": {"x": 2.0}, "prediction": 6.0}]
    (old.root / "samples.json").write_text(json.dumps(samples), encoding="utf-8")
    old.engine.edit("doubler.defaultVersion", "v2")

    text = old.engine.stack("up", "--skip-preview")

    assert "gate: 2 of 2 samples match" in text
    assert old.predict("doubler", 1.5) == [{"y": 4.5}]


def test_a_manifest_with_bare_predictions_still_works(old: OldStack) -> None:
    """A version whose manifest in the bucket has bare predictions passes its gate and becomes the default."""
    models = old.engine.config["tf2-models:models"]
    pinned = models["line"]["version"]["artifact"]
    models["doubler"]["gate"] = {"tolerance": 0.01}
    models["doubler"]["versions"]["v3"] = {**models["line"]["version"], "artifact": pinned}
    models["doubler"]["defaultVersion"] = "v3"
    old.engine.write(old.engine.config)

    old.engine.up()

    assert old.predict("doubler", 1.5) == [{"y": 6.0}]


def test_an_old_stack_can_be_destroyed(old: OldStack) -> None:
    """Only resources outside the stack are left."""
    old.engine.stack("destroy", "--skip-preview")

    buckets = old.emulator.storage().buckets().list(project="demo").execute()["items"]
    assert old.engine.resources().keys() <= {"Stack tf2-models-test"}
    assert old.emulator.ml().projects().models().list(parent="projects/demo").execute() == {}
    assert [bucket["name"] for bucket in buckets] == ["demo-others"]


@pytest.mark.parametrize("card", sorted(FIXTURES.glob("*/project/models/cards/*/*.json")), ids=lambda card: card.stem)
def test_an_old_card_is_read_with_predictions_by_name(card: Path) -> None:
    """Its samples have predictions by the signature's output names, in every format of cards."""
    artifact = manifests.read(card)
    outputs = set(artifact.signatures["serving_default"]["outputs"])

    assert artifact.samples
    assert all(set(sample["prediction"]) == outputs for sample in artifact.samples)
