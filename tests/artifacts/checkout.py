"""A checkout with builds and cards that need no training: SavedModels that multiply, under a recipe's name."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from artifact_format.manifest import Artifact
from models.artifacts import manifests
from models.artifacts.input_digest import input_digest
from models.artifacts.resolve import read_folder
from models.core.paths import build_folder, card_path
from models.core.registry import complete, load_recipe
from tests.emulator import saved_models
from tests.models.conftest import make_checkout
from tests.running import ROOT

RECIPE = "line"


def program(root: Path) -> Path:
    """Writes a checkout that the engine can run, with this checkout's `resources`; returns its folder."""
    make_checkout(root)
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, root)
    return root


def build(root: Path, factor: float = 2.0, **parameters: float) -> Artifact:
    """Writes a build of the recipe and its card; other parameters, such as `rate=0.25`, give another build."""
    recipe = load_recipe(RECIPE, root)
    values = complete(RECIPE, recipe, parameters)
    digest = input_digest(RECIPE, recipe, values, root)
    folder = saved_models.write(build_folder(root, RECIPE, digest), factor)
    samples = [{"instance": 1.5, "prediction": 1.5 * factor}]
    facts = replace(
        read_folder(folder), recipe=RECIPE, parameters=values, input_digest=digest, samples=samples, folder=folder
    )
    (folder / "manifest.json").write_text(json.dumps(facts.to_json()), encoding="utf-8")
    card = card_path(root, RECIPE, digest)
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text(manifests.card_text(facts), encoding="utf-8")
    return facts
