"""Builds are made once per input digest, completely or not at all, and are repeatable."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import models
from artifact_format.manifest import MANIFEST
from models.core.paths import build_folder, card_path
from tests.models.artifacts.test_input_digest import digest_of
from tests.models.conftest import TRAININGS, Run
from tests.models.saved_models import SHARD
from tests.running import BOUND

pytestmark = pytest.mark.tensorflow


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_built_once_and_repeatable(run: Run, checkout: Path) -> None:
    """Building twice trains once and changes no file; a new build gives the same bytes and keeps the card."""
    first = run("build", "line")
    digest = digest_of("line", checkout)
    folder, card = checkout / "build" / "line" / digest, checkout / "models" / "cards" / "line" / f"{digest}.json"
    before, card_before = _tree(checkout), card.read_bytes()
    again = run("build", "line")

    assert (first.returncode, first.stderr, again.returncode, again.stderr) == (0, "", 0, "")
    assert f"  its card is new; commit models/cards/line/{digest}.json" in first.stdout
    assert "line: already built" in again.stdout
    assert before == _tree(checkout)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == {**json.loads(card_before), "samples": manifest["samples"]}
    assert (manifest["recipe"], manifest["inputDigest"], len(manifest["samples"])) == ("line", digest, 3)
    assert models.resolve("line", root=checkout).folder == folder
    assert all(list(sample["prediction"]) == ["y"] for sample in manifest["samples"])

    (folder / SHARD).write_bytes(b"damaged")
    card.write_text(card_before.decode().replace(manifest["contentDigest"], "0" * 16), encoding="utf-8")
    repaired = run("build", "line", PYTHONHASHSEED="77")

    assert before[str((folder / SHARD).relative_to(checkout))] == (folder / SHARD).read_bytes()
    assert (checkout / TRAININGS).read_text(encoding="utf-8") == "trained\n" * 2
    assert f"the card of line@{digest} has content {'0' * 16}" in repaired.stdout
    assert (
        json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["contentDigest"] == manifest["contentDigest"]
    )


def test_a_card_of_an_earlier_release_is_completed(run: Run, checkout: Path) -> None:
    """The next build, which does not train again, adds the operations of the graph, and nothing else."""
    run("build", "line")
    digest = digest_of("line", checkout)
    card = card_path(checkout, "line", digest)
    manifest = build_folder(checkout, "line", digest) / MANIFEST
    whole, old = card.read_bytes(), json.loads(card.read_bytes())
    assert "MatMul" in old.pop("operations")
    card.write_text(json.dumps(old), encoding="utf-8")
    manifest.write_text(json.dumps(old), encoding="utf-8")
    assert models.resolve("line", root=checkout).operations == {}
    assert "MatMul" in models.resolve("line", root=checkout, allow_rebuild=True).operations

    completed, again = run("build", "line"), run("build", "line")

    text = f"  its card now lists the operations of the graph; commit models/cards/line/{digest}.json"
    assert (text in completed.stdout, text in again.stdout) == (True, False)
    assert card.read_bytes() == whole
    assert (checkout / TRAININGS).read_text(encoding="utf-8") == "trained\n"


def test_failing_training(run: Run, checkout: Path) -> None:
    """A failing recipe gives one line with its error and the log; no complete build and no card are left."""
    done = run("build", "line", "--set", "fault=true")

    assert done.returncode == 1
    assert done.stderr.startswith(
        "models: line: the build failed with exit code 1: ZeroDivisionError: as the test wants it (all"
    )
    assert done.stderr.count("\n") == 1
    digest = digest_of("line", checkout, fault=True)
    assert [f".{digest}.lock", f"{digest}.log"] == sorted(path.name for path in (checkout / "build" / "line").iterdir())
    assert not (checkout / "models" / "cards").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_killed(run: Run, checkout: Path, number: signal.Signals) -> None:
    """An interrupted or killed build leaves nothing that looks complete, and the next one succeeds."""
    recipe = checkout / "models" / "line.py"
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(
        text.replace('report(1, 1, "a line has no epochs")', 'report(1, 1, "waits"); input()'), encoding="utf-8"
    )
    command = [sys.executable, "-m", "models", "build", "line"]
    pipe = subprocess.PIPE  # for its input too: at the end of that, the build would fail by itself
    with subprocess.Popen(command, cwd=checkout, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert any("waits" in line for line in process.stdout)
        process.send_signal(number)
        _, errors = process.communicate(timeout=BOUND)

    assert "Traceback" not in errors
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert not list((checkout / "build" / "line").glob("*/manifest.json"))
    assert not (checkout / "models" / "cards").exists()


def test_wrong_versions(run: Run, checkout: Path) -> None:
    """A build with another TensorFlow than the pinned one is rejected, because its digest would be wrong."""
    path = checkout / "requirements.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("tensorflow==", "tensorflow==0."), encoding="utf-8")

    done = run("build", "line")

    assert done.returncode == 1
    assert "as in requirements.txt; found 2." in done.stderr
    assert done.stderr.count("\n") == 1
