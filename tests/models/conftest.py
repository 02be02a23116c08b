"""Fixtures: a checkout per test with the code of `models`, a tiny recipe, and no cards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.models.saved_models import write
from tests.running import BOUND

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = "fashion-mnist-sample"
TRAININGS = "trainings.txt"
LINE = '''"""A straight line: as small as a recipe can be."""

from __future__ import annotations

from models.core.recipe import Parameter, Recipe, Sample, Trained

TRAININGS = "trainings.txt"


def train(parameters, report):
    import keras

    x = keras.Input((2,), name="x")
    y = keras.layers.Dense(1, name="y")(x)
    report(1, 1, "a line has no epochs")
    with open(TRAININGS, "a") as file:
        file.write("trained\\n")
    if parameters["fault"]:
        raise ZeroDivisionError("as the test wants it")
    return Trained(keras.Model({"x": x}, {"y": y}), {"accuracy": 0.5}, [Sample([1.0, 0.1], 3)] * 3)


RECIPE = Recipe(
    summary="a straight line",
    train=train,
    parameters={
        "seed": Parameter(1, "start", minimum=0),
        "fault": Parameter(False, "fail"),
        "rate": Parameter(0.5, "unused"),
    },
)
'''
SAMPLES = [{"instance": [1.0, 2.0], "prediction": [3.0], "label": number} for number in range(3)]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
Take = Run


def make_checkout(root: Path) -> Path:
    """Copies the files that the package needs; the large sample and the reader of stack files are linked."""
    skip = shutil.ignore_patterns("__pycache__", "cards", SAMPLE)
    shutil.copytree(ROOT / "models", root / "models", ignore=skip)
    (root / "models" / "data" / SAMPLE).symlink_to(ROOT / "models" / "data" / SAMPLE)
    for name in ("artifact_format", "gcp", "resources"):
        (root / name).symlink_to(ROOT / name)
    (root / "models" / "line.py").write_text(LINE, encoding="utf-8")
    for name in ("requirements.txt", "command_line.py"):
        shutil.copy(ROOT / name, root)
    return root


def models_command(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m models` in a checkout."""
    return subprocess.run(
        [sys.executable, "-m", "models", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without cards and builds."""
    return make_checkout(tmp_path / "checkout")


@pytest.fixture
def run(checkout: Path) -> Run:
    """Runs `python -m models` in the checkout of this test."""
    return lambda *arguments, **environment: models_command(checkout, *arguments, **environment)


@pytest.fixture
def take(run: Run, checkout: Path) -> Take:
    """Imports `exports/x` as `churn`, with samples in a file."""
    write(checkout / "exports/x")
    (checkout / "samples.json").write_text(json.dumps(SAMPLES), encoding="utf-8")
    return lambda *words: run("import", *(words or ("exports/x", "--name", "churn", "--samples", "samples.json")))
