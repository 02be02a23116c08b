"""`python -m models import` with the model's own predictions, and of `.keras` files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import models
from tests.emulator import saved_models
from tests.models.conftest import Run, models_command
from tests.running import BOUND, ROOT

pytestmark = pytest.mark.tensorflow

MAKE = """
import keras
x = keras.Input((2,), name="x")
y = keras.layers.Dense(1, name="y", kernel_initializer="ones", use_bias=False)(x)
keras.Model(x, y).save("line.keras")
z = keras.layers.Lambda(lambda value: value + 1)(x)
keras.Model(x, z).save("unsafe.keras")
"""


@pytest.fixture
def ask(run: Run) -> Run:
    """Runs `python -m models import` beside the emulator, which makes the predictions."""
    return lambda *words: run("import", *words, PYTHONPATH=str(ROOT))


def test_generated_samples_with_predictions(ask: Run, checkout: Path) -> None:
    """Without a file, samples come from the signature; predictions are by output name."""
    saved_models.write(checkout / "exports/x", 3.0)

    done = ask("exports/x", "--name", "triple")

    assert done.returncode == 0, done.stderr
    samples = models.resolve("triple", root=checkout).samples
    assert f"  {len(samples) + 1} samples from its signature\n" in done.stdout, "a card has the first two"
    for sample in samples:
        assert sample["prediction"] == {"y": pytest.approx(3 * sample["instance"])}


def test_instances_in_a_file_get_predictions(ask: Run, checkout: Path) -> None:
    """Samples may be instances without predictions."""
    saved_models.write(checkout / "exports/x", 3.0)
    (checkout / "samples.json").write_text('[{"instance": 2.0, "label": "two"}, {"instance": 4.0}]', encoding="utf-8")
    (checkout / "bare.json").write_text("[2.0, 4.0]", encoding="utf-8")
    (checkout / "body.json").write_text('{"instances": [2.0, 4.0]}', encoding="utf-8")

    for name in ("samples", "bare", "body"):
        done = ask("exports/x", "--name", name, "--samples", f"{name}.json")
        assert "  2 samples from the file\n" in done.stdout, done.stderr

    answers = [{"instance": 2.0, "prediction": {"y": 6.0}}, {"instance": 4.0, "prediction": {"y": 12.0}}]
    for name in ("bare", "body"):
        assert models.resolve(name, root=checkout).samples == answers
    assert models.resolve("samples", root=checkout).samples == [{**answers[0], "label": "two"}, answers[1]]


def test_failing_model(ask: Run, checkout: Path) -> None:
    """A model that fails for the samples is rejected, unless none are wanted."""
    saved_models.write(checkout / "exports/x")
    (checkout / "samples.json").write_text('[{"instance": [1.0]}]', encoding="utf-8")

    done = ask("exports/x", "--name", "churn", "--samples", "samples.json")

    assert (done.returncode, done.stdout) == (1, "")
    said = done.stderr.splitlines()[-1]
    assert said.startswith("models: churn: the model fails: ")
    assert "expected shape [], got [1]" in said
    assert said.endswith("with --samples FILE, or use --no-samples")
    assert not (checkout / "models/cards").exists()
    assert not list((checkout / "build/churn").glob("[!.]*"))
    assert ask("exports/x", "--name", "churn", "--no-samples").returncode == 0


def test_a_keras_file_is_exported_once(ask: Run, checkout: Path) -> None:
    """Keras exports the file once, although it would write different bytes again; unsafe code is not run."""
    make = subprocess.run([sys.executable, "-c", MAKE], cwd=checkout, capture_output=True, timeout=BOUND, check=False)
    assert make.returncode == 0, make.stderr

    done = ask("line.keras", "--name", "straight")

    assert done.returncode == 0, done.stderr
    facts = models.resolve("straight", root=checkout)
    assert facts.signatures["serving_default"]["inputs"] == {"x": {"dtype": "float32", "shape": [None, 2]}}
    assert (facts.keras is not None, facts.recipe, facts.name) == (True, None, "straight")
    for sample in facts.samples:
        [prediction] = sample["prediction"].values()
        assert prediction == [pytest.approx(sum(sample["instance"]))]
    again = ask("line.keras", "--name", "straight")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith(f"straight: already imported: build/straight/{facts.content_digest} ")
    (checkout / "build").rename(checkout / "elsewhere")
    clone = ask("line.keras", "--name", "straight")
    assert (clone.returncode, clone.stdout) == (1, "")
    assert "its card is here, but not its bytes" in clone.stderr
    pinned = f"straight@{facts.content_digest}"
    assert f"python -m models push {pinned} --to gs://BUCKET, and set tf2-models:artifactSource" in clone.stderr
    stack = "config: {tf2-models:models: {m: {version: {artifact: straight}}}}"
    (checkout / "Pulumi.local.yaml").write_text(stack, encoding="utf-8")
    where = models_command(checkout, "where", "m")
    copy = f"copy the folder build/straight/{facts.content_digest} from a machine that has it"
    assert where.stderr.strip().endswith(f"is not on this machine; {copy}")

    unsafe = ask("unsafe.keras", "--name", "unsafe")
    assert (unsafe.returncode, unsafe.stdout) == (1, "")
    assert "unsafe.keras: Keras cannot export it: " in unsafe.stderr
    assert 'model.export("exports/unsafe"), and import that folder' in unsafe.stderr
    assert json.loads(next((checkout / "models/cards").glob("*/*.json")).read_text(encoding="utf-8"))["keras"]
