"""The command line, without training."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import command_line
from tests.models.artifacts.test_resolve import put_build, put_card
from tests.models.conftest import LINE, Run
from tests.models.saved_models import write
from tests.running import ROOT


@pytest.mark.parametrize("arguments", [("--help",), ("build", "--help"), ("push", "--help"), ("list", "--help")])
def test_help(run: Run, arguments: tuple[str, ...]) -> None:
    """Each command has a help with its exit codes."""
    done = run(*arguments)

    assert (done.returncode, done.stderr) == (0, "")
    assert "exit codes:" in done.stdout
    assert ("examples:" in done.stdout) == (arguments[0] != "list")


def test_list(run: Run) -> None:
    """`list` shows recipes with parameters, defaults, digests, cards and builds."""
    done = run("list")

    assert (done.returncode, done.stderr) == (0, "")
    assert "line: a straight line\n  --set seed=1  start\n" in done.stdout
    assert "--set data=sample" in done.stdout
    assert done.stdout.count("no card, not built here  <- the defaults with the current code") == 3


def test_list_shows_which_tensorflow_exported_an_artifact(run: Run, checkout: Path) -> None:
    """The version is in the card; a card without it is listed, too."""
    facts = put_build(checkout)
    shown = f"  {facts.input_digest}  card (content {facts.content_digest}"

    put_card(checkout, facts)
    known = run("list").stdout
    put_card(checkout, replace(facts, tensorflow=""))
    unknown = run("list").stdout

    assert f"{shown}, TensorFlow 2.99.0), built here  <-" in known
    assert f"{shown}), built here  <-" in unknown


def test_list_shows_the_others_beside_broken_recipes(run: Run, checkout: Path) -> None:
    """A broken recipe is named with the reason, the others are listed, and the command fails."""
    broken = {
        "a_syntax": "RECIPE = (",
        "b_import": "import nothing_of_this_name",
        "c_none": "RECIPE = None",
        "d_helper": LINE.replace("import annotations", "import annotations\nimport models.data.helper"),
        "e_data": LINE.replace('summary="', 'data=lambda _: 1 / 0, summary="'),
        "f_sums": LINE.replace('summary="', 'data=lambda _: ["none.csv"], summary="'),
        "g_parameters": LINE.replace("parameters={", "parameters=[1]) if 1 else dict(parameters={"),
        "h_seed": LINE.replace('"seed"', '"sede"'),
        "i_default": LINE.replace("Parameter(1, ", "Parameter(-1, "),
    }
    (checkout / "models/data/helper.py").write_text("def (", encoding="utf-8")
    for name, text in broken.items():
        (checkout / f"models/{name}.py").write_text(text, encoding="utf-8")

    done = run("list")

    assert done.returncode == 1
    named = [line for line in done.stdout.splitlines() if "broken" in line]
    assert named == [f"{name}: broken, see below" for name in broken]
    assert "line: a straight line\n" in done.stdout
    assert "heart_disease: the probability" in done.stdout
    lines = done.stderr.splitlines()
    assert [line for line, name in zip(lines, broken, strict=True) if name not in line] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("--help",),
        ("build", "--help"),
        ("where", "one"),
        ("build", "line"),
        ("build", "line", "--set", "rate=9"),
        ("import", "exports/x", "--name", "churn", "--no-samples"),
        ("push", "line", "--to", "gs://bucket", "--endpoint", "http://127.0.0.1:1"),
    ],
    ids=" ".join,
)
def test_closed_output_pipe(checkout: Path, arguments: tuple[str, ...]) -> None:
    """If its output pipe closes, every command exits quietly with code 141, without incomplete files."""
    put_card(checkout, put_build(checkout))
    write(checkout / "exports/x")
    stack = "config: {tf2-models:models: {one: {version: {artifact: line}}}}\n"
    (checkout / "Pulumi.local.yaml").write_text(stack, encoding="utf-8")
    command, pipe = [sys.executable, "-m", "models", *arguments], subprocess.PIPE
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment = {**buffered, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=checkout, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()

    progress = "churn: copying 3 files, 227 bytes\n" if arguments[0] == "import" else ""  # on standard error
    assert (process.returncode, errors) == (command_line.BROKEN_PIPE, progress)
    assert not list(checkout.glob("build/*/.*partial"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "COMMAND"),
        (("bild",), 2, "invalid choice"),
        (("build", "lime"), 2, "unknown recipe 'lime'"),
        (("build", "line", "--set", "rate=fast"), 2, "parameters.rate: must be a number, "),
        (("build", "line", "--set", "rate"), 2, "--set rate: must be KEY=VALUE"),
        (("build", "line", "lime"), 2, "unknown recipe 'lime'"),
        (("build", "line", "--stack", "local"), 2, "leave out NAME and --set"),
        (("build", "--stack", "local"), 1, "Pulumi.local.yaml: stack file not found"),
    ],
)
def test_errors(run: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
    """An error is one plain line before any training, with exit code 2 for wrong usage, else 1."""
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
