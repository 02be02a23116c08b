"""`python -m models import` gives SavedModels a name and a card."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import models
from models.artifacts.manifests import read
from models.core.paths import build_folder, card_path
from tests.emulator.ml.caller import until
from tests.models.conftest import SAMPLES, Run, Take
from tests.models.saved_models import FILES, block, graph, write
from tests.running import BOUND

USE = "to use others, set gate.samples: FILE in the stack file"
NAMED = [{**sample, "prediction": {"y": sample["prediction"]}} for sample in SAMPLES]


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_bytes_and_card(take: Take, checkout: Path) -> None:
    """The card is named after the content digest; the artifact has the facts of the folder."""
    facts = models.resolve("./exports/x", root=checkout)

    done = take()

    assert done.returncode == 0, done.stderr
    digest = facts.content_digest
    card, folder = card_path(checkout, "churn", digest), build_folder(checkout, "churn", digest)
    assert done.stdout.splitlines() == [
        f"churn: imported: build/churn/{digest} (content {digest}; 3 files, {facts.size} bytes)",
        "  3 samples from the file",
        f"  a bucket that already has this content keeps its samples; {USE}",
        f"  its card is new; commit models/cards/churn/{digest}.json",
        "  to use it in a stack file: artifact: churn",
    ]
    assert done.stderr == f"churn: copying 3 files, {facts.size} bytes\n"
    assert {name: content for name, content in _tree(folder).items() if name != "manifest.json"} == FILES
    assert (read(folder / "manifest.json").samples, read(card).samples) == (NAMED, NAMED[:2])
    for artifact in ("churn", f"churn@{digest}"):
        found = models.resolve(artifact, root=checkout)
        assert (found.name, found.recipe, found.folder) == ("churn", None, folder)
        assert (found.content_digest, found.files, found.signatures) == (digest, facts.files, facts.signatures)


def test_the_same_bytes_are_imported_once(take: Take, checkout: Path) -> None:
    """A second import changes nothing, but repairs damaged bytes; a card is never rewritten."""
    assert take().returncode == 0
    before = _tree(checkout)

    again = take()

    assert (again.returncode, again.stderr, _tree(checkout)) == (0, "", before)
    assert again.stdout.startswith("churn: already imported: build/churn/")
    digest = models.resolve("churn", root=checkout).content_digest
    (build_folder(checkout, "churn", digest) / "saved_model.pb").write_bytes(b"damaged")
    assert "churn: imported: " in take().stdout
    assert _tree(checkout) == before


def test_a_card_of_an_earlier_release_is_completed(take: Take, checkout: Path) -> None:
    """Another import of the same bytes adds the operations of the graph to it, and nothing else."""
    content = graph({"x": (1, (-1, 2))}, {"y": (1, (-1, 1))}, nodes=block(1, block(1, "y") + block(2, "Mul")))
    write(checkout / "exports/x", {"saved_model.pb": content})
    assert take().returncode == 0
    card = card_path(checkout, "churn", models.resolve("churn", root=checkout).content_digest)
    whole, old = card.read_bytes(), json.loads(card.read_bytes())
    assert old.pop("operations") == {"Mul": []}
    card.write_text(json.dumps(old), encoding="utf-8")

    completed, again = take(), take()

    text = f"  its card now lists the operations of the graph; commit {card.relative_to(checkout)}"
    assert (text in completed.stdout, text in again.stdout) == (True, False)
    assert card.read_bytes() == whole


def test_clone_has_only_the_card(take: Take, checkout: Path) -> None:
    """Without the bytes, the facts are the same; importing them takes the samples of the card."""
    assert take().returncode == 0
    known = models.resolve("churn", root=checkout)
    (checkout / "build").rename(checkout / "elsewhere")

    assert models.resolve("churn", root=checkout) == known
    done = take("exports/x", "--name", "churn")
    assert "  2 samples from its card\n" in done.stdout
    assert models.resolve("churn", root=checkout) == known


def test_different_samples_are_rejected(take: Take, checkout: Path) -> None:
    """Other samples than those of the card are rejected, with what to remove."""
    assert take().returncode == 0
    before = _tree(checkout / "models")
    for samples in (SAMPLES[:2], [*SAMPLES[:2], {"instance": [0, 0], "prediction": [0]}], [{"instance": [9, 9]}]):
        (checkout / "samples.json").write_text(json.dumps(samples), encoding="utf-8")
        done = take()
        assert done.returncode == 1
        assert "already imported with different samples; to import it with these, remove models" in done.stderr
        assert "A bucket that already has this content keeps its samples: if it was deployed or" in done.stderr
        assert "set gate.samples: FILE in the stack file to use these" in done.stderr
    (checkout / "samples.json").write_text(json.dumps([{"instance": [1.0, 2.0]}] * 3), encoding="utf-8")
    assert take().returncode == 0, "the same instances: the predictions are known"
    assert _tree(checkout / "models") == before


def test_one_content_under_two_names(take: Take, checkout: Path) -> None:
    """If the samples differ, the import says so, whether bytes or only the card of the other name are here."""
    assert take().returncode == 0
    digest = models.resolve("churn", root=checkout).content_digest
    (checkout / "samples.json").write_text(json.dumps([{**SAMPLES[0], "prediction": [4.0]}]), encoding="utf-8")
    ends = f": a bucket keeps the first ones; {USE}\n"

    other = take("exports/x", "--name", "other", "--samples", "samples.json").stdout
    assert f"  the same content has different samples as churn@{digest}{ends}" in other
    (checkout / "build").rename(checkout / "elsewhere")
    third = take("exports/x", "--name", "third", "--no-samples").stdout
    assert f"  the same content has different samples as churn@{digest}, other@{digest}{ends}" in third
    (checkout / "samples.json").write_text(json.dumps(SAMPLES), encoding="utf-8")
    same = take("exports/x", "--name", "fourth", "--samples", "samples.json").stdout
    assert f"  the same content has different samples as other@{digest}, third@{digest}{ends}" in same


def test_several_artifacts_under_one_name(take: Take, checkout: Path, run: Run) -> None:
    """With one card, the name is enough; with several, the error lists them."""
    write(checkout / "exports/y", {**FILES, "assets/a": b"1"})
    assert take().returncode == 0
    first = models.resolve("churn", root=checkout).content_digest

    done = take("exports/y", "--name", "churn", "--no-samples")

    second = models.resolve("./exports/y", root=checkout).content_digest
    assert "  it has no samples: the gate compares nothing, unless gate.samples names a file\n" in done.stdout
    assert f"artifact: churn@{second} (2 artifacts are imported under this name)\n" in done.stdout
    with pytest.raises(models.ModelsError) as caught:
        models.resolve("churn", root=checkout)
    listed = ", ".join(f"churn@{digest}" for digest in sorted((first, second)))
    assert str(caught.value) == f"churn: 2 artifacts are imported under this name; name one of them: {listed}"
    assert models.resolve(f"churn@{first}", root=checkout).content_digest == first
    listing = run("list").stdout
    for digest in (first, second):
        assert f"  {digest}  card (TensorFlow 2.99.0), kept here\n" in listing[listing.index("churn: imported\n") :]


def test_manifest_in_the_folder_is_kept(take: Take, checkout: Path) -> None:
    """An imported folder can be imported again, with its samples and metrics."""
    assert take().returncode == 0
    folder = models.resolve("churn", root=checkout).folder

    done = take(str(folder), "--name", "other")

    assert "  3 samples from its manifest.json\n" in done.stdout
    assert models.resolve("other", root=checkout).samples == NAMED[:2]


def test_junk_is_left_out(take: Take, checkout: Path) -> None:
    """Junk is neither in the digest nor copied."""
    digest = models.resolve("./exports/x", root=checkout).content_digest
    write(checkout / "exports/x", {".DS_Store": b"1", "assets/._a": b"2", "__MACOSX/x/y": b"3"})

    done = take()

    assert "  left out, because they are not part of a SavedModel: .DS_Store, __MACOSX/x/y, assets/._a\n" in done.stdout
    assert _tree(build_folder(checkout, "churn", digest)).keys() == {*FILES, "manifest.json"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_killed(take: Take, checkout: Path, number: signal.Signals) -> None:
    """An interrupted or killed import leaves nothing that looks complete, and the next one succeeds."""
    asked = checkout / "emulator/serving/sampling.py"  # stands in for the process that it waits for
    asked.parent.mkdir(parents=True)
    asked.write_text("open('asked', 'w').close(); open('fifo').read()\n", encoding="utf-8")
    os.mkfifo(checkout / "fifo")
    command = [sys.executable, "-m", "models", "import", "exports/x", "--name", "churn"]
    with subprocess.Popen(command, cwd=checkout, stderr=subprocess.PIPE, text=True) as process:
        with (checkout / "fifo").open("r+b", buffering=0):  # at its end, whoever reads there goes on
            until(lambda: (checkout / "asked").exists() or process.poll() is not None, "the model is asked")
            process.send_signal(number)
            process.wait(timeout=BOUND)
        _, said = process.communicate(timeout=BOUND)

    assert "Traceback" not in said
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert not list((checkout / "build/churn").glob("[!.]*"))
    assert not (checkout / "models/cards").exists()
    assert take().returncode == 0
    assert {path.name for path in (checkout / "build/churn").glob(".*")} == {".import.lock"}


def test_two_at_a_time(take: Take, checkout: Path) -> None:
    """One of two imports waits for the other, and finds the result."""
    assert take("nowhere", "--name", "churn").returncode == 2  # makes the folder of the lock
    command = [sys.executable, "-m", "models", "import", "exports/x", "--name", "churn", "--no-samples"]
    with (checkout / "build/churn/.import.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pipe = subprocess.PIPE
        waiting = [subprocess.Popen(command, cwd=checkout, stdout=pipe, stderr=pipe, text=True) for _ in range(2)]
        for process in waiting:
            assert process.stderr is not None
            assert process.stderr.readline() == "churn: waiting for another import of churn\n"
    said = sorted(process.communicate(timeout=BOUND)[0].split(": build")[0] for process in waiting)

    assert said == ["churn: already imported", "churn: imported"]


def test_unreadable_card_is_named(take: Take, checkout: Path) -> None:
    """A damaged card is reported."""
    assert take().returncode == 0
    digest = models.resolve("churn", root=checkout).content_digest
    card_path(checkout, "churn", digest).write_text("<<<<<<< HEAD", encoding="utf-8")
    (checkout / "build").rename(checkout / "elsewhere")

    for artifact in ("churn", f"churn@{digest}"):
        with pytest.raises(models.ModelsError, match=rf"models/cards/churn/{digest}\.json: not a valid manifest"):
            models.resolve(artifact, root=checkout)


def test_other_commands(take: Take, checkout: Path, run: Run) -> None:
    """`build --stack` has nothing to build; `where` prints the folder, or how to get it to this machine."""
    assert take().returncode == 0
    stack = "config: {tf2-models:models: {m: {version: {artifact: churn}}}}"
    (checkout / "Pulumi.local.yaml").write_text(stack, encoding="utf-8")
    folder = models.resolve("churn", root=checkout).folder

    assert run("build", "--stack", "local").stdout == "m.version: churn was imported; there is nothing to build\n"
    assert run("where", "m").stdout == f"{folder}\n"

    (checkout / "build").rename(checkout / "elsewhere")
    done = run("where", "m")
    assert done.returncode == 1
    assert "m.version: churn is not on this machine; import it on this machine, too: python -m " in done.stderr
    assert "or copy the folder build/churn/" in done.stderr


def test_import_without_its_card(take: Take, checkout: Path) -> None:
    """Without its card, the error says how to restore it; `allow_rebuild` uses the bytes."""
    assert take().returncode == 0
    known = models.resolve("churn", root=checkout)
    card_path(checkout, "churn", known.content_digest).unlink()

    with pytest.raises(models.ModelsError, match=r"its card, models/cards/churn/.* is missing; .* models import build"):
        models.resolve("churn", root=checkout)
    assert models.resolve("churn", root=checkout, allow_rebuild=True, verify=True).files == known.files

    assert known.folder is not None
    file = known.folder / "variables/variables.data-00000-of-00001"
    file.write_bytes(bytes(file.stat().st_size))
    with pytest.raises(models.ModelsError, match="have changed since it was imported; remove it and import"):
        models.resolve("churn", root=checkout, allow_rebuild=True, verify=True)
