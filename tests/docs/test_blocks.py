"""Every block in the pages is run, read or parsed."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from models import Artifact
from models.core import registry
from resources import platforms
from tests.docs import blocks, pages, shell, stack_files
from tests.docs.pages import Block
from tests.resources.config.test_stack_config import ARTIFACT
from tests.running import BOUND, ROOT

PROGRAMS = {
    *("pulumi", "python", ".venv/bin/python", "make", ".ci/run", "docker", "gcloud", "rclone"),
    *("curl", "export", "mkdir", "rm", "sed", "source", "sqlite3"),
}
OWN = {"churn", "churn2", "parity"}
"""Artifacts that the pages make themselves."""


def known(name: str, parameters: Mapping[str, Any] | None, rebuild: bool) -> Artifact:
    """An artifact for a recipe, with parameters that it has, or for one that the pages make."""
    recipe = name.partition("@")[0].rpartition("/")[2]
    if recipe not in OWN:
        registry.complete(recipe, registry.load_recipe(recipe, ROOT), dict(parameters or {}))
    return ARTIFACT


def test_every_block_is_tested() -> None:
    """The words after its fence say how; a block without is listed here."""
    assert [
        f"{block}: {block.language} {block.word}" for block in pages.all_blocks() if not blocks.treatment(block)
    ] == []


def test_no_command_is_hidden_in_a_text() -> None:
    """What is only shown is what programs print."""
    first = tuple(f"{program} " for program in PROGRAMS)
    lines = [(str(block), line) for block in pages.all_blocks("text") for line in block.text.splitlines()]

    assert [where for where, line in lines if line.startswith(first)] == []


@pytest.mark.parametrize("block", pages.all_blocks("yaml"), ids=str)
def test_stack_files_are_read(block: Block) -> None:
    """The program's own reader takes each fragment, and its artifacts are known."""
    config = stack_files.configuration(block.word, block.text, ROOT)

    stack = platforms.read(config, known)

    assert stack.models


@pytest.mark.parametrize(
    "names", [["README.md"], [name for name in blocks.LOCAL if name.startswith("docs/tutorials/")]], ids=str
)
def test_changes_of_a_stack_file_can_be_made(names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other: each finds its lines, and the program's own reader takes the result."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples.json").write_text('[{"instance": 1, "prediction": 2}]', encoding="utf-8")
    text = (ROOT / "Pulumi.local.yaml").read_text(encoding="utf-8")
    diffs = [block for name in names for block in pages.blocks(ROOT / name, "diff")]

    for block in diffs:
        text = stack_files.changed(text, block.text)
        assert platforms.read(stack_files.configuration(block.word, text, ROOT), known).models

    assert diffs


def test_a_change_that_finds_no_line_is_an_error() -> None:
    """Nor does one that finds its lines twice."""
    with pytest.raises(ValueError, match="found 0 times"):
        stack_files.changed("a\nb\n", " c\n+d\n")
    with pytest.raises(ValueError, match="found 2 times"):
        stack_files.changed("a\nb\na\n", " a\n+d\n")


@pytest.mark.parametrize("block", pages.all_blocks("python"), ids=str)
def test_python_compiles_and_its_imports_exist(block: Block) -> None:
    """Modules of the project have the names that are imported from them; other packages are installed."""
    for node in ast.walk(ast.parse(block.text, str(block))):
        if isinstance(node, ast.Import):
            assert [alias.name for alias in node.names if find_spec(alias.name) is None] == []
        elif isinstance(node, ast.ImportFrom):
            assert node.module
            if (ROOT / node.module.partition(".")[0]).is_dir():
                module = importlib.import_module(node.module)
                missing = [alias.name for alias in node.names if not hasattr(module, alias.name)]
                assert [name for name in missing if find_spec(f"{node.module}.{name}") is None] == []
            assert find_spec(node.module.partition(".")[0] if node.module.startswith("tensorflow") else node.module)


@pytest.mark.parametrize("block", pages.all_blocks("bash"), ids=str)
def test_shell_commands_parse(block: Block) -> None:
    """Bash takes the block, each of its programs is one that the pages may use, and each module exists."""
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, timeout=BOUND, check=False)
    found = list(shell.commands(block.text))
    modules = [words[2] for words in found if words[0] in ("python", ".venv/bin/python") and words[1] == "-m"]

    assert (done.returncode, done.stderr) == (0, "")
    assert found
    assert {words[0] for words in found} <= PROGRAMS
    assert [name for name in modules if find_spec(name) is None] == []


@pytest.mark.engine
def test_options_of_pulumi_exist() -> None:
    """Each subcommand of `pulumi` in the pages has the options that are shown with it."""
    asked: dict[tuple[str, ...], set[str]] = {}
    for block in pages.all_blocks("bash"):
        for words in shell.commands(block.text):
            if words[0] == "pulumi":
                asked.setdefault(_subcommand(words[1:]), set()).update(shell.options(words))

    unknown: dict[tuple[str, ...], set[str]] = {}
    for command, options in asked.items():
        done = subprocess.run(["pulumi", *command, "--help"], capture_output=True, text=True, timeout=BOUND, check=True)
        unknown[command] = options - set(re.findall(r"--[a-z][a-z-]*", done.stdout))

    assert ("preview",) in asked
    assert [(command, left) for command, left in unknown.items() if left] == []


def _subcommand(words: list[str]) -> tuple[str, ...]:
    """The words of a subcommand: `stack export`, `up`."""
    most = 2 if words[0] in ("stack", "config", "plugin", "state") else 1
    return tuple(word for word in words[:most] if not word.startswith("-"))


@pytest.mark.parametrize("block", pages.all_blocks("go", "js", "java"), ids=str)
def test_other_languages_are_those_of_the_tested_clients(block: Block) -> None:
    """Every function and class that the block calls is called by the program that tests run."""
    folder = ROOT / "tests/clients/programs" / {"go": "go/storage", "js": "node", "java": "java"}[block.language]
    program = "".join(path.read_text(encoding="utf-8") for path in _sources(folder))
    called = set(re.findall(r"(\w+)\(", block.text))

    assert called
    assert [name for name in called if f"{name}(" not in program] == []


def _sources(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix in (".go", ".js", ".java")]


def test_the_tree_is_that_of_the_folders() -> None:
    """CONTRIBUTING names every folder with code of a package, and no other, each with what it is for."""
    (block,) = (block for block in pages.blocks(ROOT / "CONTRIBUTING.md", "text") if block.word == "tree")
    parents: list[str] = []
    named = []
    for line in block.text.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name, _, meaning = line.strip().partition("/ ")
        assert meaning.strip(), line
        parents[depth:] = [name]
        named.append("/".join(parents))

    packages = ("artifact_format", "gcp", "resources", "models", "prediction", "emulator", "benchmarks", "tools")
    folders = {path.parent for package in packages for path in (ROOT / package).rglob("*.py")}
    exist = {str(folder.relative_to(ROOT)) for folder in folders}
    assert sorted({*exist, "tests", "docs"} ^ set(named)) == []
    assert len(named) == len(set(named))
