"""A recipe that gives other bytes on another processor: its cards, and what this machine keeps of its own build.

Another processor is simulated by builds with other bytes under one input digest, or by a recipe whose training depends
on a variable of the environment, which no input digest covers.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import models
from artifact_format.manifest import MANIFEST
from models.core.paths import build_folder, card_path, facts_path
from tests.models.artifacts.test_input_digest import digest_of
from tests.models.artifacts.test_resolve import put_build, put_card
from tests.models.conftest import LINE, Run

EXPORTER = "TensorFlow 2.99.0"


class Builds:
    """A checkout with the card of a build on another processor, and another build here.

    Attributes:
        root: the checkout.
        there, here: the facts of both.
        digest: the input digest of both.
        second: where the second card is, once it is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.there = put_build(root, b"made by them")
        put_card(root, self.there)
        self.here = put_build(root, b"made here")
        self.digest = str(self.here.input_digest)
        self.second = card_path(root, "line", f"{self.digest}-{self.here.content_digest}")
        self.folder = build_folder(root, "line", self.digest)
        self.kept = facts_path(root, "line", self.digest)

    def content(self, artifact: str, *, allow_rebuild: bool = False) -> str:
        """The content digest of an artifact's name."""
        return models.resolve(artifact, root=self.root, allow_rebuild=allow_rebuild, verify=True).content_digest


@pytest.fixture
def builds(checkout: Path) -> Builds:
    """Two builds of one input digest."""
    return Builds(checkout)


def test_different_build_says_what_to_do(builds: Builds, run: Run) -> None:
    """The output names both contents, the processor and three solutions; the card is unchanged."""
    before = card_path(builds.root, "line", builds.digest).read_bytes()

    done = run("build", "line")

    assert (done.returncode, done.stderr) == (0, "")
    first = f"line@{builds.digest}"
    assert f"the card of {first} has content {builds.there.content_digest}, built on another" in done.stdout
    assert f"content {builds.here.content_digest}" in done.stdout
    assert f"artifactSource to a bucket that has it (python -m models push {first} --to" in done.stdout
    assert "allowRebuild" in done.stdout
    assert f"python -m models build {first} --recard" in done.stdout
    assert card_path(builds.root, "line", builds.digest).read_bytes() == before
    assert not builds.second.exists()


@pytest.mark.parametrize("named", ["line", "line@DIGEST"])
def test_name_of_a_second_card(builds: Builds, run: Run, named: str) -> None:
    """`RECIPE` and `RECIPE@INPUT` mean the first card, `RECIPE@INPUT-CONTENT` the one with that content."""
    done = run("build", named.replace("DIGEST", builds.digest), "--recard")

    second = f"line@{builds.digest}-{builds.here.content_digest}"
    assert (done.returncode, done.stderr) == (0, "")
    assert f"its second card is new; commit {builds.second.relative_to(builds.root)}" in done.stdout
    assert f"artifact: {second}" in done.stdout
    assert builds.content("line") == builds.content(f"line@{builds.digest}") == builds.there.content_digest
    assert builds.content(second) == builds.here.content_digest
    assert builds.content(f"line@{builds.digest}-{builds.there.content_digest}") == builds.there.content_digest
    shutil.rmtree(builds.root / "build")
    assert builds.content(second) == builds.content(second, allow_rebuild=True) == builds.here.content_digest
    assert models.resolve(second, root=builds.root).folder == builds.folder
    with pytest.raises(models.ModelsError, match="fixed parameters"):
        models.resolve(second, {"rate": 1}, root=builds.root)


def test_a_second_card_is_written_once(builds: Builds, run: Run) -> None:
    """A second card is named by the next build, and `list` shows both cards with contents."""
    run("build", "line", "--recard")
    before = builds.second.read_bytes()

    again, listed = run("build", "line"), run("list")

    assert f"its second card is {builds.second.relative_to(builds.root)}" in again.stdout
    assert builds.second.read_bytes() == before
    first, second = builds.there.content_digest, builds.here.content_digest
    card = f"  {builds.digest}  card (content {first}, {EXPORTER})"
    assert f"{card}, built here with different content ({second})  <-" in listed.stdout
    assert f"  {builds.digest}-{second}  card (content {second}, {EXPORTER}), built here\n" in listed.stdout


def test_nothing_to_recard(builds: Builds, run: Run) -> None:
    """A build with the bytes of the first card gets no second card, and no facts are kept."""
    put_build(builds.root, b"made by them")

    done = run("build", "line", "--recard")

    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)
    assert not builds.second.exists()
    assert not builds.kept.exists()


def test_the_facts_of_the_build_outlast_its_bytes(builds: Builds, run: Run) -> None:
    """`allowRebuild` uses the same facts with and without `build/`; otherwise the first card is used."""
    run("build", "line")
    before = models.resolve("line", root=builds.root, allow_rebuild=True)
    shutil.rmtree(builds.root / "build")

    after = models.resolve("line", root=builds.root, allow_rebuild=True, verify=True)

    assert after == before
    assert (after.content_digest, len(after.samples)) == (builds.here.content_digest, 3)
    assert builds.content(f"line@{builds.digest}", allow_rebuild=True) == builds.here.content_digest
    exact = f"line@{builds.digest}-{builds.here.content_digest}"
    assert builds.content(exact, allow_rebuild=True) == builds.here.content_digest
    assert builds.content("line") == builds.there.content_digest
    with pytest.raises(models.ModelsError, match=f"the cards are: {builds.digest}$"):
        builds.content(exact)


def test_the_list_shows_the_facts_of_a_build_without_its_bytes(builds: Builds, run: Run) -> None:
    """`list` shows the kept facts of a build without its bytes, which `allowRebuild` uses."""
    run("build", "line")
    shutil.rmtree(builds.root / "build")

    listed = run("list")

    facts = f".local/builds has the facts of a build with different content ({builds.here.content_digest})"
    card = f"  {builds.digest}  card (content {builds.there.content_digest}, {EXPORTER}), not built here now; {facts}"
    assert f"{card}  <- the defaults" in listed.stdout


@pytest.mark.parametrize("value", ["true", '"true"'])
def test_stack_that_allows_rebuilds(builds: Builds, run: Run, value: str) -> None:
    """If the stack allows rebuilds, the output says how other stacks can use the build."""
    text = f"config: {{tf2-models:allowRebuild: {value}}}\n"
    (builds.root / "Pulumi.local.yaml").write_text(text, encoding="utf-8")

    done = run("build", "line")

    assert "to deploy this build" not in done.stdout
    assert (
        "tf2-models:allowRebuild deploys this build on the local stack; elsewhere, write a second card" in done.stdout
    )


def test_no_facts_after_a_build_like_the_card(builds: Builds, run: Run) -> None:
    """Only the last build's facts are kept, and none if it has the bytes of the card."""
    run("build", "line")
    assert builds.kept.is_file()
    put_build(builds.root, b"made by them")

    run("build", "line")

    assert not builds.kept.exists()
    assert builds.content("line", allow_rebuild=True) == builds.there.content_digest


def test_unreadable_facts_are_named(builds: Builds, run: Run) -> None:
    """Damaged facts are one line with the file; building again repairs them."""
    run("build", "line")
    builds.kept.write_text("{", encoding="utf-8")
    (builds.folder / MANIFEST).rename(builds.root / "manifest")

    with pytest.raises(models.ModelsError, match=r"^\.local/builds/line/\w+\.json: not a valid manifest"):
        builds.content("line", allow_rebuild=True)
    (builds.root / "manifest").rename(builds.folder / MANIFEST)
    run("build", "line")

    assert json.loads(builds.kept.read_text(encoding="utf-8"))["contentDigest"] == builds.here.content_digest


def test_an_old_build_gets_a_second_card_without_its_code(builds: Builds, run: Run) -> None:
    """A pinned build of older code is used unchanged; nothing is trained."""
    with (builds.root / "models/line.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")

    done = run("build", f"line@{builds.digest}", "--recard")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("line: already built: ")
    assert json.loads(builds.second.read_text(encoding="utf-8"))["contentDigest"] == builds.here.content_digest


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("build", "line@0000000000000000"), 1, "line@0000000000000000: card not found"),
        (
            ("build", "line@DIGEST-0000000000000000", "--recard"),
            0,
            "was built on another processor; its bytes come from",
        ),
        (("build", "line@DIGEST", "--set", "rate=2"), 2, "the card of line@DIGEST fixes its parameters"),
        (("build", "lime@DIGEST"), 2, "unknown recipe 'lime'"),
    ],
)
def test_impossible_builds(builds: Builds, run: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
    """An error is one plain line, without a training."""
    done = run(*(word.replace("DIGEST", builds.digest) for word in arguments))

    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert said.replace("DIGEST", builds.digest) in (done.stderr or done.stdout).splitlines()[-1]


def test_where_with_a_different_build(builds: Builds, run: Run) -> None:
    """`where` has no folder for a version that pins the first card, but one for the build itself."""
    exact = f"line@{builds.digest}-{builds.there.content_digest}"
    entries = {name: {"version": {"artifact": artifact}} for name, artifact in (("one", exact), ("two", "line"))}
    stack = json.dumps({"config": {"tf2-models:models": entries}})
    (builds.root / "Pulumi.local.yaml").write_text(stack, encoding="utf-8")

    one, two = run("where", "one"), run("where", "two")

    assert (one.returncode, one.stdout) == (1, "")
    place = f"build/line/{builds.digest} has content {builds.here.content_digest}, built on another processor"
    assert one.stderr.endswith(f"content {builds.there.content_digest} is not on this machine: {place}\n")
    assert (two.returncode, two.stdout.strip()) == (0, str(builds.folder))


def test_build_in_the_folder_of_another_digest(builds: Builds, run: Run) -> None:
    """A build in the folder of another digest is neither used nor overwritten."""
    other = put_build(builds.root, b"of other parameters", rate=2)
    shutil.rmtree(builds.folder)
    assert other.folder is not None
    shutil.copytree(other.folder, builds.folder)

    done = run("build", "line")

    said = f"contains the build of another input digest: move it to build/line/{other.input_digest}"
    assert (done.returncode, done.stderr) == (1, f"models: build/line/{builds.digest}: {said}\n")
    with pytest.raises(models.ModelsError, match="another input digest"):
        builds.content("line", allow_rebuild=True)
    assert (builds.folder / MANIFEST).is_file()


@pytest.mark.tensorflow
def test_training_that_depends_on_the_machine(run: Run, checkout: Path) -> None:
    """The second of two machines reports a difference each time, keeps its facts, and writes a second card."""
    text = LINE.replace(
        'keras.layers.Dense(1, name="y")',
        'keras.layers.Dense(1, name="y", bias_initializer=keras.initializers.Constant(float(os.environ["ROUNDING"])))',
    ).replace("from __future__ import annotations\n", "from __future__ import annotations\n\nimport os\n", 1)
    (checkout / "models/line.py").write_text(text, encoding="utf-8")
    digest = digest_of("line", checkout)
    there = run("build", "line", ROUNDING="1")
    shutil.rmtree(checkout / "build")
    here = run("build", "line", "--recard", ROUNDING="2")
    shutil.rmtree(checkout / "build")

    again = run("build", "line", ROUNDING="2")

    assert [done.returncode for done in (there, here, again)] == [0, 0, 0], there.stderr + here.stderr + again.stderr
    cards = sorted(path.stem for path in (checkout / "models/cards/line").iterdir())
    assert [digest, digest] == [card[:16] for card in cards]
    assert f"its second card is new; commit models/cards/line/{cards[1]}.json" in here.stdout
    assert f"its second card is models/cards/line/{cards[1]}.json" in again.stdout
    card = json.loads(card_path(checkout, "line", digest).read_text(encoding="utf-8"))
    assert set(card["inputs"]["sources"]) >= {"models/line.py", "models/core/export.py"}
    answers = {
        each.samples[0]["prediction"]["y"][0] for each in (models.resolve(f"line@{c}", root=checkout) for c in cards)
    }
    assert len(answers) == 2
