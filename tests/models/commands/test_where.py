"""`python -m models where` prints the folder of a version's SavedModel."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.commands.command_line import main
from tests.models.artifacts.test_input_digest import digest_of
from tests.models.artifacts.test_resolve import put_build, put_card
from tests.models.conftest import Run

STACK = """
config:
  tf2-models:models:
    one:
      defaultVersion: v2
      versions: {v1: {artifact: line, parameters: {rate: 9}}, v2: {artifact: "line@DIGEST"}, v3: {artifact: "gs://bucket/line"}}
    two:
      version: {artifact: "./exports/two"}
    gone:
      defaultVersion: v1
      versions: {v1: {artifact: "./exports/gone"}, v2: {artifact: "line@DIGEST-0000000000000000"}, v3: {artifact: lime}}
"""


@pytest.fixture
def root(checkout: Path) -> Path:
    """A checkout with a build, a SavedModel folder, and a stack file that names both."""
    facts = put_build(checkout)
    folder = checkout / "exports/two"
    folder.parent.mkdir()
    (checkout / "build/line" / str(facts.input_digest)).rename(folder)
    put_build(checkout)
    text = STACK.replace("DIGEST", str(facts.input_digest))
    (checkout / "Pulumi.local.yaml").write_text(text, encoding="utf-8")
    return checkout


@pytest.mark.parametrize(
    ("words", "place"), [(["one"], "build/line"), (["one", "--version", "v2"], "build/line"), (["two"], "exports/two")]
)
def test_a_folder(root: Path, capsys: pytest.CaptureFixture[str], words: list[str], place: str) -> None:
    """The folder of the default version, of another one, and of the only one without a name."""
    assert main(["where", *words], root=root) == 0

    found = Path(capsys.readouterr().out.strip())
    assert found.is_relative_to(root / place)
    assert (found / "saved_model.pb").is_file()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["three"], 2, "Pulumi.local.yaml has no model three; it has one, two, gone"),
        (["./exports/gone"], 2, "Pulumi.local.yaml has no model ./exports/gone; it has one, two, gone"),
        (["gone"], 1, "Pulumi.local.yaml: gone.versions.v1: exports/gone: folder not found"),
        (["gone", "--version", "v2"], 1, "gone.versions.v2: line@DIGEST-0000000000000000: card not found"),
        (["gone", "--version", "v3"], 2, "gone.versions.v3: unknown recipe 'lime'"),
        (["one", "--version", "v9"], 2, "has no version v9 of one"),
        (["one", "--version", "v1"], 1, "python -m models build line --set rate=9"),
        (["one", "--version", "v3"], 1, "gs://bucket/line is in a bucket"),
        (["one", "--stack", "prod"], 1, "stack file not found"),
    ],
)
def test_where_errors(root: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str) -> None:
    """An error is one line that says what to do."""
    assert main(["where", *words], root=root) == code
    printed = capsys.readouterr()
    assert (printed.out, len(printed.err.splitlines())) == ("", 1)
    assert said.replace("DIGEST", digest_of("line", root)) in printed.err


def test_missing_build(root: Path, run: Run) -> None:
    """Without the build's folder, the exit code is 1, even if its card and facts are here."""
    put_card(root, put_build(root, b"made by them"))
    put_build(root, b"made here")
    run("build", "line")
    shutil.rmtree(root / "build")

    done = run("where", "one")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("models: one.versions.v2: line@")
    assert done.stderr.endswith("is not on this machine; build it with: python -m models build --stack local\n")
