"""The article's two client programs, run unchanged against models trained and exported like the article's."""

from __future__ import annotations

import ast
import math
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from models.data import fashion
from tests.emulator.ml.caller import N1, Caller
from tests.running import BOUND, ROOT, RunningEmulator
from tests.shared_models import build_once

HERE = Path(__file__).parent

pytestmark = pytest.mark.tensorflow


class Article:
    """Both models, deployed in their own project."""

    def __init__(self, emulator: RunningEmulator, models: Path) -> None:
        self.project, self._emulator = f"test-{secrets.token_hex(4)}", emulator
        caller = Caller(emulator, self.project)
        begun = []
        for name in ("fashion_mnist", "hd_prediction"):
            for path in sorted(path for path in (models / name).rglob("*") if path.is_file()):
                caller.upload(name, path.read_bytes(), path.relative_to(models / name).as_posix())
            body = {"name": "v1", "deploymentUri": f"gs://{caller.bucket}/{name}", **N1}
            begun.append(caller.versions.create(parent=caller.model(name), body=body).execute())
        for operation in begun:
            caller.response(operation)

    def run(self, program: str, *arguments: str) -> list[str]:
        """The output of a program, by line."""
        command = [sys.executable, str(HERE / "at.py"), self._emulator.endpoint, str(HERE / program)]
        done = subprocess.run(
            [*command, self.project, *arguments],
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
            capture_output=True,
            text=True,
            timeout=BOUND,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@pytest.fixture(scope="session")
def article(emulator: RunningEmulator, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Article:
    """The article's models, made once per run."""
    models = build_once(HERE / "make_models.py", "article_models", tmp_path_factory, worker_id)
    return Article(emulator, models)


def test_the_client_of_the_clothes_reads_softmax(article: Article, tmp_path: Path) -> None:
    """Each image has ten probabilities under the output's name, and a picture shows them."""
    first, *labels = article.run("clothes.py", str(tmp_path / "clothes.png"))

    assert first.split()[1] == "10"
    assert labels[0] == fashion.CLASSES[int(first.split()[0])]
    assert len(labels) == 5
    assert set(labels) <= set(fashion.CLASSES)
    assert (tmp_path / "clothes.png").read_bytes().startswith(b"\x89PNG")


def test_the_client_of_the_patients_reads_output_1(article: Article) -> None:
    """The predictions look like in the article: `[{'output_1': [-1.47]}, ...]`."""
    printed, *risks = article.run("patients.py")

    predictions = ast.literal_eval(printed)
    assert [set(prediction) for prediction in predictions] == [{"output_1"}, {"output_1"}]
    assert all(len(prediction["output_1"]) == 1 for prediction in predictions)
    logits = [prediction["output_1"][0] for prediction in predictions]
    assert [float(risk) for risk in risks] == pytest.approx([1 / (1 + math.exp(-logit)) for logit in logits], abs=1e-3)
