"""A recipe whose build differs on another processor, with the real engine.

The other processor is simulated: a build with other content replaces the one with the same input digest.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from artifact_format.manifest import Artifact
from models.core.paths import card_path
from tests.artifacts import checkout
from tests.engine import Engine
from tests.models.conftest import models_command
from tests.program.clients import predict
from tests.running import ROOT, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

SCALED = {"machineType": "n1-standard-2", "manualScaling": {"nodes": 1}}


class Machine:
    """A checkout with a build of a recipe and its card, and a stack.

    Attributes:
        root: the checkout.
        engine: the stack's engine.
        carded: the build that the card describes.
    """

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self.emulator, self.project = emulator, project
        self.root = checkout.program(folder / "program")
        self.carded = checkout.build(self.root, 2.0)
        self.engine = Engine(folder / "engine", self.root)

    def build_on_another_processor(self) -> Artifact:
        """Replaces the card's build by one with the same inputs and other content; returns the new one."""
        card = card_path(self.root, checkout.RECIPE, str(self.carded.input_digest))
        before = card.read_bytes()
        shutil.rmtree(self.root / "build")
        here = checkout.build(self.root, 3.0)
        card.write_bytes(before)
        return here

    def declare(self, models: Mapping[str, Any], **keys: Any) -> None:
        """Writes the stack file."""
        found = {"endpoint": self.emulator.endpoint, "runtimeVersion": "2.21", "models": models, **keys}
        config = {f"tf2-models:{key}": value for key, value in found.items()}
        self.engine.write({"gcp:project": self.project, "gcp:region": "us-central1", **config})

    def declare_versions(self, versions: Mapping[str, str], **keys: Any) -> None:
        """Writes the stack file with one model and these versions: name -> artifact."""
        entries = {name: {"artifact": artifact, **SCALED} for name, artifact in versions.items()}
        self.declare({"line": {"defaultVersion": "v1", "versions": entries}}, **keys)

    def models(self, *arguments: str) -> str:
        """What `python -m models` prints."""
        done = models_command(self.root, *arguments, PYTHONPATH=str(ROOT))
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def fails(self, *command: str) -> str:
        """The output, as one line, of a command that must fail."""
        return " ".join(self.engine.stack(*command, fails=True).split())

    def predict(self, version: str) -> list[float]:
        """A version's prediction for 1.0."""
        url = f"{self.emulator.endpoint}/v1/projects/{self.project}/models/line/versions/{version}:predict"
        return predict(url, 1.0)

    def fetch(self, digest: str, folder: Path) -> None:
        """Copies the deployed files with a content digest to a folder, as `gcloud storage cp -r` does."""
        objects, bucket = self.emulator.storage().objects(), f"{self.project}-tf2-models"
        prefix = f"{checkout.RECIPE}/{digest}/"
        for item in objects.list(bucket=bucket, prefix=prefix).execute()["items"]:
            path = folder / item["name"].removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(objects.get_media(bucket=bucket, object=item["name"]).execute())


@pytest.fixture
def machine(emulator: RunningEmulator, project: str, tmp_path: Path) -> Machine:
    """A stack that is not deployed yet."""
    return Machine(emulator, project, tmp_path)


def test_each_way_that_the_error_offers_deploys_a_differing_build(machine: Machine) -> None:
    """The ways are `artifactSource`, a second card, and `allowRebuild`, after which `build/` may be removed."""
    pin, shared = f"line@{machine.carded.input_digest}", f"{machine.project}-shared"
    machine.emulator.storage().buckets().insert(project=machine.project, body={"name": shared}).execute()
    machine.models("push", "line", "--to", f"gs://{shared}", "--endpoint", machine.emulator.endpoint)
    here, there = machine.build_on_another_processor(), machine.carded.content_digest
    machine.declare_versions({"v1": "line"})

    text = machine.fails("up", "--skip-preview", "--suppress-progress")

    said = f"build/line/{here.input_digest}: expected content {there}, as in its card, got {here.content_digest}"
    assert f"{said}: another processor built the carded one" in text
    assert "so a rebuild does not help" in text
    assert f"`python -m models push {pin}-{there} --to gs://BUCKET`" in text
    assert f"`python -m models build {pin} --recard` and set artifact: {pin}-{here.content_digest}" in text

    machine.declare_versions({"v1": "line"}, artifactSource=f"gs://{shared}")
    machine.engine.up()
    assert machine.predict("v1") == [2.0]

    machine.models("build", pin, "--recard")
    exact = {"v1": f"{pin}-{there}", "v2": f"{pin}-{here.content_digest}"}
    machine.declare_versions(exact, artifactSource=f"gs://{shared}")
    machine.engine.up()
    assert (machine.predict("v1"), machine.predict("v2")) == ([2.0], [3.0])

    machine.declare_versions({**exact, "v2": "line"}, artifactSource=f"gs://{shared}", allowRebuild=True)
    assert machine.engine.preview() == {}
    shutil.rmtree(machine.root / "build")
    assert machine.engine.preview() == {}


def test_an_error_without_the_build_says_what_is_deployed_and_how_to_get_it(machine: Machine) -> None:
    """An unchanged stack is refused on a machine without the build; a copy of it, or its card, is enough."""
    here = machine.build_on_another_processor()
    machine.declare_versions({"v1": "line"}, allowRebuild=True)
    machine.engine.up()
    folder = machine.root / "build/line" / str(here.input_digest)
    shutil.rmtree(folder)

    text = machine.fails("preview")

    content, pin = here.content_digest, f"line@{here.input_digest}"
    uri = f"gs://{machine.project}-tf2-models/line/{content}/"
    assert f"deploymentUri was '{uri}', wanted" in text
    cause = f"The deployed content is {content}, the declared one {machine.carded.content_digest} of {pin}."
    assert text.index(cause) < text.index("cannot be changed in place") < text.index("To keep what is deployed:")
    assert "Pin its card, if `python -m models list` shows one with this content." in text
    assert f"With allowRebuild: true, copy {uri} to build/line/{here.input_digest}." in text
    assert f"`python -m models build {pin} --recard`, after that copy" in text
    assert f"then declare artifact: {pin}-{content}." in text

    machine.fetch(content, folder)
    assert machine.engine.preview() == {}
    machine.models("build", pin, "--recard")
    for place in ("build", ".local"):
        shutil.rmtree(machine.root / place)
    machine.declare_versions({"v1": f"{pin}-{content}"})
    assert machine.engine.preview() == {}


@pytest.mark.faults
def test_a_change_without_a_card_offers_a_pin_of_the_deployed_build(machine: Machine) -> None:
    """The pin has its digest, for versions with and without a name; preview then shows no change."""
    [nearest, deployed] = [
        f"line@{facts.input_digest}" for facts in (machine.carded, checkout.build(machine.root, rate=2))
    ]
    one = {"artifact": "line", "parameters": {"rate": 2}, **SCALED}
    machine.declare({"line": {"defaultVersion": "v1", "versions": {"v1": one}}, "single": {"version": one}})
    machine.engine.up()
    with (machine.root / "models/line.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    two = {**one, "parameters": {"rate": 0.5}}
    machine.declare({"line": {"defaultVersion": "v1", "versions": {"v1": one}}, "single": {"version": two}})

    text = machine.fails("preview")

    start, single = text.split("tf2-models:models.single.version.artifact: ", 1)
    assert f"nearest card, {deployed}: code. To keep that build, use artifact: {deployed}, without parameters" in start
    assert f"The deployed build is {deployed}" in start
    assert f"nearest card, {nearest}: code. To keep that build, use artifact: {nearest}; to make" in single
    assert f"The deployed build is {deployed}; to keep it, use artifact: {deployed}" in single

    pinned = {"artifact": deployed, **SCALED}
    machine.declare({"line": {"defaultVersion": "v1", "versions": {"v1": pinned}}, "single": {"version": pinned}})
    assert machine.engine.preview() == {}


@pytest.mark.faults
def test_the_error_names_a_deployed_build_without_a_card(machine: Machine) -> None:
    """After an allowed rebuild and a change of code, it gives the content and where to write the card."""
    here = machine.build_on_another_processor()
    machine.declare_versions({"v1": "line"}, allowRebuild=True)
    machine.engine.up()
    with (machine.root / "models/line.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert f"The deployed build is line@{here.input_digest}" in machine.fails("preview"), "the build is still here"
    shutil.rmtree(machine.root / "build")

    text = machine.fails("preview")

    assert (
        f"The deployed build is line@{here.input_digest} with content {here.content_digest}, which has no card" in text
    )
    assert f"`python -m models build line@{here.input_digest} --recard` on the machine that built it" in text
