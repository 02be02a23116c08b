"""`python -m models push`, which uploads a build for other machines."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from models.core.paths import card_path
from tests.artifacts import checkout
from tests.emulator import saved_models
from tests.models.conftest import models_command
from tests.models.saved_models import FILES, SHARD, write
from tests.running import ROOT, RunningEmulator


class Pusher:
    """A checkout on one machine, and a bucket that others can read.

    Attributes:
        root: the checkout.
        bucket: a bucket of the emulator.
    """

    def __init__(self, root: Path, emulator: RunningEmulator, project: str) -> None:
        self.root, self.emulator, self.bucket = checkout.program(root), emulator, f"{project}-shared"
        emulator.storage().buckets().insert(project=project, body={"name": self.bucket}).execute()

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs `models push`."""
        return models_command(self.root, "push", *arguments, PYTHONPATH=str(ROOT), **environment)

    def push(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `models push` to the bucket."""
        return self.run(*arguments, "--to", f"gs://{self.bucket}", "--endpoint", self.emulator.endpoint)

    def names(self) -> list[str]:
        """The names of the bucket's objects, in the order of their upload."""
        items: list[dict[str, Any]] = (
            self.emulator.storage().objects().list(bucket=self.bucket).execute().get("items", [])
        )
        return [item["name"] for item in sorted(items, key=lambda item: int(item["generation"]))]


@pytest.fixture
def pusher(emulator: RunningEmulator, project: str, tmp_path: Path) -> Pusher:
    """A checkout without builds."""
    return Pusher(tmp_path / "checkout", emulator, project)


def test_a_build_is_pushed_once_and_then_only_verified(pusher: Pusher) -> None:
    """The manifest is uploaded last, there is no claim, and existing files are not uploaded again."""
    facts = checkout.build(pusher.root)
    place = f"line/{facts.content_digest}"

    done = pusher.push("line")

    assert (done.returncode, done.stderr) == (0, "")
    said = f"gs://{pusher.bucket}/{place}/ (1 file, {facts.size} bytes)"
    assert done.stdout.splitlines()[-1] == f"line: pushed to {said}"
    assert pusher.names() == [f"{place}/saved_model.pb", f"{place}/manifest.json"]
    pusher.emulator.reset_calls()

    again = pusher.push("line")

    assert (again.returncode, again.stdout) == (0, f"line: already at {said}\n")
    assert pusher.emulator.calls() == {"storage.objects.list": 1}


def test_a_stacks_artifacts_are_pushed_to_its_endpoint(pusher: Pusher) -> None:
    """Recipes with their parameters and SavedModels made elsewhere are pushed, each content once."""
    small, other = checkout.build(pusher.root), checkout.build(pusher.root, 3.0, rate=0.25)
    saved_models.write(pusher.root / "exports" / "mult", 4.0)
    versions = (
        "v1: {artifact: line}, v2: {artifact: line, parameters: {rate: 0.25}}, v3: {artifact: ./exports/mult}, "
        f"v4: {{artifact: line@{small.input_digest}}}, v5: {{artifact: 'gs://b/x/'}}"
    )
    endpoint, models = pusher.emulator.endpoint, f"{{m: {{versions: {{{versions}}}}}}}"
    text = f"config:\n  tf2-models:endpoint: {endpoint}\n  tf2-models:models: {models}\n"
    (pusher.root / "Pulumi.staging.yaml").write_text(text, encoding="utf-8")

    done = pusher.run("--stack", "staging", "--to", pusher.bucket)

    assert (done.returncode, done.stderr) == (0, "")
    assert "m.versions.v5: gs://b/x/ is already in a bucket" in done.stdout
    pushed = {name.rpartition("/")[0] for name in pusher.names()}
    assert pushed >= {f"line/{small.content_digest}", f"line/{other.content_digest}"}
    assert len(pushed) == 3


def _altered(pusher: Pusher) -> None:
    folder = checkout.build(pusher.root).folder
    assert folder is not None
    (folder / "saved_model.pb").write_bytes(b"altered")


def _gone(pusher: Pusher) -> None:
    folder = checkout.build(pusher.root).folder
    assert folder is not None
    folder.rename(pusher.root / "elsewhere")


def _from_another_processor(pusher: Pusher) -> None:
    """Simulates another processor: other content under the card's input digest."""
    facts = checkout.build(pusher.root)
    card = card_path(pusher.root, checkout.RECIPE, str(facts.input_digest))
    before = card.read_bytes()
    shutil.rmtree(pusher.root / "build")
    checkout.build(pusher.root, 3.0)
    card.write_bytes(before)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (_altered, "saved_model.pb: expected "),
        (_gone, "its files are neither in the bucket nor in build/line/"),
        (_from_another_processor, "another processor built the carded one"),
        (lambda pusher: None, "no card matches the current code, data and parameters"),
    ],
    ids=["altered", "missing", "from another processor", "never built"],
)
def test_only_the_build_that_the_card_describes_is_pushed(pusher: Pusher, before: Any, said: str) -> None:
    """For any other, one line says what is wrong and what to do, and the bucket stays empty."""
    before(pusher)

    done = pusher.push("line")

    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "python -m models build" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert pusher.names() == []


def test_a_folder_with_a_truncated_shard_is_not_pushed(pusher: Pusher) -> None:
    """The expected size comes from the variables' index, since the folder has no manifest."""
    write(pusher.root / "exports" / "cut", {**FILES, SHARD: b"01234567"})

    done = pusher.push("./exports/cut")

    assert (done.returncode, done.stdout) == (1, "")
    assert f"exports/cut/{SHARD}: is truncated: it has 8 bytes of the 9" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert pusher.names() == []


def test_what_is_left_out_of_a_folder_is_said(pusher: Pusher) -> None:
    """Junk is not sent."""
    saved_models.write(pusher.root / "exports/mult")
    write(pusher.root / "exports/mult", {"Thumbs.db": b"", "._saved_model.pb": b""})

    done = pusher.push("./exports/mult")

    assert (done.returncode, done.stderr) == (0, "")
    said = "since they are not part of a SavedModel: ._saved_model.pb, Thumbs.db\n"
    assert f"./exports/mult: files left out, {said}" in done.stdout
    assert [name.rpartition("/")[2] for name in pusher.names()] == ["saved_model.pb", "manifest.json"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("line",), 2, "--to"),
        (("line", "--to", "gs://Bucket"), 2, "--to gs://Bucket: the bucket must be small letters"),
        (("line", "--to", "gs://bucket/folder"), 2, "--to gs://bucket/folder: the bucket must be"),
        (("lime", "--to", "gs://bucket"), 2, "unknown recipe 'lime'"),
        (("line", "--stack", "prod", "--to", "gs://bucket"), 2, "leave out NAME and --set"),
        (("--stack", "prod", "--to", "gs://bucket"), 1, "stack file not found"),
        (("line", "--to", "gs://bucket", "--endpoint", "ftp://x"), 2, "endpoint: must be global, regional or a URL"),
    ],
)
def test_wrong_usage_is_one_line(pusher: Pusher, arguments: tuple[str, ...], code: int, said: str) -> None:
    """One line says what is wrong; the exit code is 2 for wrong usage, 1 for a failure."""
    done = pusher.run(*arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr.splitlines()[-1]


def test_push_needs_an_existing_bucket(pusher: Pusher) -> None:
    """It does not create one, since it does not know the location."""
    checkout.build(pusher.root)

    done = pusher.run("line", "--to", "gs://nobody-made-this", "--endpoint", pusher.emulator.endpoint)

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("models: push gs://nobody-made-this/line/")
    assert line.endswith("bucket gs://nobody-made-this not found; create it first")
