"""Paths in errors start at the project's folder or are as the user wrote them: none reveals the machine."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resources.config import plan
from resources.deploy_errors import ArtifactError
from resources.schema.secrets import HIDDEN, Secret
from resources.storage.bucket import BucketProvider
from resources.storage.saved_model import SavedModelProvider
from tests.emulator import saved_models
from tests.engine import Engine
from tests.providers import as_engine, configured, saved_model_inputs
from tests.running import ROOT, RunningEmulator


def write_defective(folder: Path) -> dict[str, str]:
    """Writes artifacts with different defects; returns version name -> the stack file's `artifact`."""
    for name in ("empty", "half/variables", "changed"):
        (folder / name).mkdir(parents=True)
    saved_models.write(folder / "half")
    (folder / "half/variables/variables.index").touch()
    (folder / "cut").mkdir()
    (folder / "cut/saved_model.pb").write_bytes(saved_models.multiplier(2.0)[:40])
    saved_models.write(folder / "link")
    (folder / "link/other").symlink_to(folder / "empty")
    saved_models.write(folder / "changed")
    (folder / "changed/manifest.json").write_text("{}", encoding="utf-8")
    recipes = folder / "models"
    recipes.mkdir()
    (recipes / "broken.py").write_text("from models import nothing_like_it\n", encoding="utf-8")
    (recipes / "bare.py").write_text("", encoding="utf-8")
    names = ("nothing", "empty", "half", "cut", "link", "changed")
    absolute = {"absolute": str(folder / "empty"), "upwards": "../nothing/here"}
    return {**{name: f"./{name}" for name in names}, **absolute, "broken": "broken", "bare": "bare", "no": "no@12"}


@pytest.mark.engine
def test_errors_about_a_stack_file_reveal_no_path_of_the_machine(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """Eleven artifacts and a file of samples have different defects, with the real engine."""
    folder = tmp_path / "program"
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copyfile(ROOT / name, folder / name)
    artifacts = write_defective(folder)
    engine = Engine(folder, folder)
    shared = {"machineType": "n1-standard-2", "runtimeVersion": "2.21"}
    versions = {name: {"artifact": artifact, **shared} for name, artifact in artifacts.items()}
    model = {"defaultVersion": "empty", "gate": {"samples": "./none.json"}, "versions": versions}
    engine.write({"gcp:project": project, "tf2-models:endpoint": emulator.endpoint, "tf2-models:models": {"m": model}})

    text = engine.stack("preview", fails=True)

    for name in artifacts:
        assert f"tf2-models:models.m.versions.{name}.artifact: " in text, text
    assert "gate.samples" in text
    for path in (str(tmp_path), str(ROOT), f"{Path.home()}/"):
        assert path not in text


Damage = Callable[[Path], object]
DAMAGES: list[Any] = [
    pytest.param(shutil.rmtree, id="missing"),
    pytest.param(lambda folder: (folder / "saved_model.pb").unlink(), id="a file is missing"),
    pytest.param(lambda folder: (folder / "saved_model.pb").write_bytes(b"other"), id="a file has other bytes"),
    pytest.param(
        lambda folder: (folder / "saved_model.pb").rename(folder / "x") and (folder / "saved_model.pb").symlink_to("x"),
        id="a file is a link",
    ),
    pytest.param(
        lambda folder: (folder / "saved_model.pb").unlink() or (folder / "saved_model.pb").mkdir(),
        id="a file is a folder",
    ),
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("outside", [False, True], ids=["in the project", "elsewhere"])
def test_errors_about_a_damaged_folder_reveal_no_path_of_the_machine(
    emulator: RunningEmulator,
    project: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Damage,
    outside: bool,
) -> None:
    """A path below the project starts there; another path is a secret in the state and hidden in the message."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    folder = saved_models.write(tmp_path / ("elsewhere" if outside else "project/exported"))
    source = plan.portable(str(folder))
    declared = saved_model_inputs(folder, f"{project}-paths", "multiplier/one")
    secrets = {"secrets": ["source"]} if isinstance(source, Secret) else {}
    inputs = {**declared, "source": json.loads(json.dumps(source)), **secrets}
    bucket = {"project": project, "name": f"{project}-paths"}
    configured(BucketProvider, emulator.endpoint).create(as_engine(bucket))
    provider = configured(SavedModelProvider, emulator.endpoint)
    damage(folder)

    with pytest.raises(ArtifactError) as caught:
        provider.create(as_engine(inputs))

    assert (HIDDEN if outside else "exported") in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert os.pardir not in str(caught.value)


@pytest.mark.parametrize("written", ["exports/parity", "../exports/parity", "./parity"])
def test_a_relative_path_is_kept_as_it_was_written(written: str) -> None:
    """It reveals no more of the machine than the stack file does."""
    assert plan.portable(written) == written
    assert not isinstance(plan.portable(written), Secret)
