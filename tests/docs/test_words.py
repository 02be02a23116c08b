"""The documentation names what there is, and nothing that there is not."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from itertools import chain

import pytest
import yaml

import emulator.cli
import emulator.serving.sampling
import models.commands.command_line
import prediction.__main__
from resources.ml.config import entries
from resources.schema.types import members
from tests.docs import pages, shell
from tests.running import ROOT

Main = Callable[[list[str]], int]


def _sampling(arguments: list[str]) -> int:
    """`python -m emulator.serving.sampling`, which reads the arguments of the process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["sampling", *arguments])
        return emulator.serving.sampling.main()


COMMANDS: dict[str, tuple[Main, list[str]]] = {
    "models": (models.commands.command_line.main, ["build", "import", "push", "list", "where"]),
    "emulator": (emulator.cli.main, ["serve", "up", "down", "status", "requests", "logs"]),
    "prediction": (prediction.__main__.main, []),
    "emulator.serving.sampling": (_sampling, []),
}
BESIDE = {"prediction": ("batch", "evaluate")}
"""First words that are commands beside the plain one, which takes a name there."""


def help_of(main: Main, capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """What a command prints for --help."""
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    return capsys.readouterr().out


def options(help_text: str) -> set[str]:
    """The long options of a command, as its usage has them."""
    return set(re.findall(r"--[a-z][a-z-]*", help_text.partition("examples:")[0])) - {"--help"}


def targets() -> set[str]:
    """What `make` can be asked for."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", ["docs/reference/stack-file.md"])
def test_every_key_of_a_stack_file_is_explained(page: str) -> None:
    """Those that Pulumi.yaml declares, and those that a model's and a version's entry hold beside the API's fields."""
    content = (ROOT / page).read_text(encoding="utf-8")
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    keys = [*declared, *members(entries.ModelExtras), *members(entries.VersionExtras)]

    assert len(keys) > len(declared) > 0
    assert [key for key in keys if f"| `{key}` |" not in content] == []


@pytest.mark.parametrize("package", COMMANDS)
def test_every_command_and_option_is_named(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command's options are found in the README or in docs/, and so are the commands themselves."""
    main, subcommands = COMMANDS[package]
    commands = [[name] for name in (*subcommands, *BESIDE.get(package, ()))]
    helps = [help_of(main, capsys, *command) for command in (commands if subcommands else [[], *commands])]
    found = pages.text()
    wanted = {f"python -m {package} {name}" for (name,) in commands} | set(chain(*map(options, helps)))

    assert wanted
    assert sorted(item for item in wanted if not re.search(rf"{item}(?![\w-])", found)) == []


def test_the_commands_of_the_emulator_and_of_models_are_these(capsys: pytest.CaptureFixture[str]) -> None:
    """The list that the other tests go through is whole."""
    for main, subcommands in COMMANDS.values():
        listed = re.findall(r"^    ([a-z]+) ", help_of(main, capsys), re.MULTILINE)

        assert listed == subcommands


def test_every_make_target_is_named() -> None:
    """The page about the local stack has each of them."""
    page = (ROOT / "docs/reference/local-stack.md").read_text(encoding="utf-8")
    named = [name for name in targets() if f"`make {name}`" in page]

    assert sorted(targets() - set(named) - {"help"}) == []


def test_every_make_command_in_the_docs_exists() -> None:
    """A reader who types it gets what the page says."""
    asked = {
        (page.name, word)
        for page, command in pages.commands()
        if command.startswith("make ")
        for word in shlex.split(command)[1:]
        if re.fullmatch(r"[a-z][a-z-]*", word)
    }

    assert asked
    assert sorted((page, word) for page, word in asked if word not in targets()) == []


def test_every_option_in_the_docs_exists(capsys: pytest.CaptureFixture[str]) -> None:
    """So do the options that the pages show with a command."""
    wrong, seen = [], set()
    for where, words in _own_commands():
        module, *rest = words[2:]
        main, subcommands = COMMANDS[module]
        asked = [word for word in rest[:1] if word in (*subcommands, *BESIDE.get(module, ()))]
        known = options(help_of(main, capsys, *asked))
        wrong += [(where, words, option) for option in shell.options(words) if option not in known]
        seen.add(module)

    assert seen == COMMANDS.keys()
    assert wrong == []


def _own_commands() -> Iterator[tuple[str, list[str]]]:
    """Where it stands, and the words of each `python -m` command of ours in the pages, in blocks and in lines."""
    pieces = [(str(block), block.text) for block in pages.all_blocks("bash")]
    pieces += [
        (page.name, line) for page, line in pages.commands() if line.startswith("python -m ") and "|" not in line
    ]
    for where, text in pieces:
        for words in shell.commands(text):
            if words[:2] == ["python", "-m"] and words[2] in COMMANDS:
                yield where, words
