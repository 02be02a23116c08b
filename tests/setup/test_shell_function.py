"""The shell function `pulumi` that local.env defines."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.addresses import ELSEWHERE, declare
from tests.setup.checkout import Checkout, errors
from tests.setup.states import URN, StateFolder

SHELLS = [
    "bash",
    pytest.param("zsh", marks=pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")),
]
VARIABLES = ("TF2_MODELS_ENDPOINT", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_SKIP_CONFIRMATIONS", "PULUMI_STACK")


@dataclass
class Shell:
    """A shell that has sourced local.env, and a `pulumi` that records its arguments and variables."""

    checkout: Checkout
    name: str

    def __post_init__(self) -> None:
        checkout = self.checkout
        declare(checkout.root, 8123)
        (checkout.root / ".venv/bin").mkdir(parents=True)
        python = checkout.root / ".venv/bin/python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        path = shutil.which(self.name)
        checkout.program(self.name, f'exec {path} "$@"')
        noted = " ".join(f'"${{{name}-unset}}"' for name in VARIABLES)
        checkout.program("pulumi", f'printf "%s|" {noted} >>"$HOME/asked"; echo "$*" >>"$HOME/asked"')

    def run(self, command: str, *, folder: Path | str | None = None, **given: str) -> subprocess.CompletedProcess[str]:
        """Runs a command in the checkout, or in another folder."""
        source = f"source {shlex.quote(str(self.checkout.root / 'local.env'))}"
        script = f"{source} && cd {shlex.quote(str(folder or self.checkout.root))} && {command}"
        return self.checkout.run(self.name, *(["-f"] if self.name == "zsh" else []), "-uc", script, **given)

    def calls(self) -> list[str]:
        """Each call of `pulumi`: its variables, then its arguments."""
        path = self.checkout.root.parent / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, checkout: Checkout) -> Shell:
    """Each shell that local.env supports."""
    return Shell(checkout, request.param)


@pytest.fixture
def bash(checkout: Checkout) -> Shell:
    """A bash that has sourced local.env."""
    return Shell(checkout, "bash")


LOCAL = (
    *("up", "preview --diff", "up --stack local", "up -s local -y", "up --stack=organization/tf2-models/local"),
    *("up -yslocal", "up -m 'for prod'", "up -mfixes", "stack init local", "stack init --no-select local"),
    *(
        "stack select organization/local",
        "stack output models --json",
        "stack ls",
        "stack rm local",
        "stack rm",
        "-v 3 up",
    ),
    *("config set tf2-models:x stack", "--color never stack init --secrets-provider passphrase local", "version", ""),
    *("up --target urn:pulumi:local::tf2-models::a:b::c", "stack export --file a", "state move --dest local urn"),
)
OTHER = (
    *("up --stack prod", "up --stack=prod", "up -s prod", "up -sprod", "up -s=prod", "up -ys prod", "up -rysprod"),
    *("preview --stack organization/tf2-models/prod", "preview --stack organization/other/local", "up --stack ''"),
    *("stack init prod", "stack init --no-select prod", "stack init --stack prod", "stack init", "stack select"),
    *("stack init local prod", "stack select prod", "stack select -c prod", "stack select -csprod", "stack rm prod"),
    *("stack --show-urns init prod", "--color always stack init prod", "stack init -- prod", "stack rename prod"),
    *("-v 3 stack init prod", "cancel prod", "destroy --stack prod", "state move --dest prod urn", "new python"),
    *("state move --source=prod --dest local urn", "up -C @other", "-C@other up", "--cwd=@other up"),
)


def test_commands_on_the_local_stack_run(shell: Shell) -> None:
    """They run without confirmations, with the endpoint of the stack file."""
    for command in LOCAL:
        done = shell.run(f"pulumi {command}")
        assert (done.returncode, done.stderr) == (0, ""), command

    set_ = "http://127.0.0.1:8123||true|local|"
    assert shell.calls() == [
        ("unset" + set_[set_.index("||") :] if command.startswith("config") else set_) + " ".join(shlex.split(command))
        for command in LOCAL
    ]


def test_commands_on_another_stack_are_refused(shell: Shell) -> None:
    """However the stack is named, the command does not run, and one line says where it would."""
    (shell.checkout.root.parent / "other").mkdir()
    (shell.checkout.root.parent / "other/Pulumi.yaml").touch()
    for command in OTHER:
        done = shell.run(f"pulumi {command}".replace("@other", "../other"))
        assert (done.returncode, len(errors(done))) == (1, 1), command
        assert "a shell that has not sourced local.env" in done.stderr, command
    assert shell.calls() == []


@pytest.mark.parametrize("name", ["PULUMI_STACK", "PULUMI_OPTION_STACK"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_another_stack_in_the_environment_is_refused(bash: Shell, name: str, when: str) -> None:
    """The error names the variable, whether it was set before or after local.env was sourced."""
    given = {name: "prod"} if when == "before" else {}
    done = bash.run("pulumi up" if given else f"{name}=prod pulumi up", **given)
    assert done.returncode == 1
    assert f'{name} is "prod"' in done.stderr
    assert bash.calls() == []


@pytest.mark.parametrize("command", ["up -s", "up --stack", "up --stack=", "up -ys", "stack init --stack"])
def test_a_missing_stack_name_is_an_error(bash: Shell, command: str) -> None:
    """The line says that the name is missing, not that it is another stack's."""
    done = bash.run(f"pulumi {command}")
    assert errors(done) == [
        "error: the stack's name is missing: name the stack local, or use a shell that has not sourced local.env"
    ]
    assert bash.calls() == []


def test_the_local_stack_is_used_whichever_is_selected(bash: Shell) -> None:
    """This is so without PULUMI_STACK too."""
    assert bash.run("unset PULUMI_STACK; pulumi up").returncode == 0
    assert bash.calls() == ["http://127.0.0.1:8123||true|local|up"]


def test_the_error_says_how_to_move_an_existing_stack(shell: Shell) -> None:
    """The commands in the error work in this shell, each on the backend that it names."""
    StateFolder.local(shell.checkout).write({"resources": [{"urn": URN}]}, "prod")
    shell.checkout.program("env", f'exec {shutil.which("env")} "$@"')
    shell.checkout.program("pulumi", 'echo "$PULUMI_BACKEND_URL $*" >>"$HOME/asked"')
    done = shell.run("pulumi destroy --stack prod")
    assert done.returncode == 1
    commands = [line for line in done.stderr.splitlines() if line.strip().startswith("env ")]
    assert shell.run("\n".join(commands)).returncode == 0
    here = f"file://{shell.checkout.root}/.local/state"
    assert [" ".join(line.split()[:3]) for line in shell.calls()] == [
        *(f"{here} stack export", "URL stack init", "URL stack import", f"{here} stack rm", f"{here} destroy --stack"),
    ]


def test_another_project_is_refused(bash: Shell) -> None:
    """Its stacks must not use this state either; a folder without a project is allowed."""
    other = bash.checkout.root.parent / "other" / "below"
    other.mkdir(parents=True)
    assert bash.run("pulumi whoami", folder=other).returncode == 0
    (other.parent / "Pulumi.yaml").touch()
    done = bash.run("pulumi up", folder=other)
    assert "other is another project" in done.stderr
    assert bash.run("pulumi up", folder=bash.checkout.root / "tools").returncode == 0
    assert [line.rpartition("|")[2] for line in bash.calls()] == ["whoami", "up"]


def test_with_another_backend_it_is_plain_pulumi(shell: Shell) -> None:
    """It then works for every stack, with confirmations."""
    for command in ("up --stack prod", "stack init prod"):
        assert shell.run(f"pulumi {command}", PULUMI_BACKEND_URL="gs://company-state").returncode == 0
    assert shell.calls() == ["unset|unset|unset|local|up --stack prod", "unset|unset|unset|local|stack init prod"]


def test_the_local_state_is_recognized_under_another_path(bash: Shell) -> None:
    """The backend's URL leads to the same folder by a link."""
    (bash.checkout.root.parent / "link").symlink_to(bash.checkout.root)
    done = bash.run(
        "pulumi stack init prod", PULUMI_BACKEND_URL=f"file://{bash.checkout.root.parent}/link/.local/state/"
    )
    assert (done.returncode, bash.calls()) == (1, [])


def test_variables_of_the_user_reach_pulumi(bash: Shell) -> None:
    """These are a passphrase, a passphrase's file, and confirmations."""
    for given in (
        {"PULUMI_CONFIG_PASSPHRASE": "mine", "PULUMI_SKIP_CONFIRMATIONS": "false"},
        {"PULUMI_CONFIG_PASSPHRASE_FILE": "/a/file"},
    ):
        assert bash.run("pulumi up", **given).returncode == 0
    endpoint = "http://127.0.0.1:8123"
    assert bash.calls() == [f"{endpoint}|mine|false|local|up", f"{endpoint}|unset|true|local|up"]


@pytest.mark.parametrize("endpoint", ELSEWHERE[:1] + ELSEWHERE[8:10])
def test_an_endpoint_on_another_machine_is_refused(bash: Shell, endpoint: str) -> None:
    """It may come from the environment or the file; `config set` can still correct the file."""
    done = bash.run("pulumi up --yes", TF2_MODELS_ENDPOINT=endpoint)
    assert errors(done)[0].startswith("error: TF2_MODELS_ENDPOINT: must be http://127.0.0.1:PORT")
    declare(bash.checkout.root, endpoint)
    done = bash.run("pulumi up --yes")
    assert errors(done)[0].startswith("error: tf2-models:endpoint in Pulumi.local.yaml: must be http://127.0.0.1:PORT")
    assert bash.calls() == []
    assert bash.run("pulumi config set tf2-models:endpoint http://127.0.0.1:1").returncode == 0


def test_a_missing_engine_or_environment_is_an_error(bash: Shell) -> None:
    """The line says which command makes it."""
    (bash.checkout.bin / "pulumi").unlink()
    assert errors(bash.run("pulumi up")) == ["error: pulumi is not on PATH: run `make setup`"]
    shutil.rmtree(bash.checkout.root / ".venv")
    assert errors(bash.run("pulumi up")) == ['error: there is no .venv: run "make setup"']


def test_the_exit_code_and_the_arguments_are_passed_on(shell: Shell) -> None:
    """Both are unchanged, including spaces and quotes."""
    shell.checkout.program("pulumi", 'printf "<%s>" "$@"; exit 7')
    done = shell.run("pulumi up -m 'two words' '' 'a\"b$c'")
    assert (done.returncode, done.stdout) == (7, '<up><-m><two words><><a"b$c>')


def test_an_earlier_alias_of_the_user_does_not_break_the_function(shell: Shell) -> None:
    """An alias `pulumi` does not replace the function's name in its definition."""
    script = (
        f"alias pulumi='pulumi --color never'; source {shlex.quote(str(shell.checkout.root / 'local.env'))}; pulumi up"
    )
    options = ["-f", "-o", "aliases"] if shell.name == "zsh" else ["-O", "expand_aliases"]
    done = shell.checkout.run(shell.name, *options, "-c", "eval " + shlex.quote(script))
    assert done.returncode == 0, done.stderr
    assert shell.calls()[-1].endswith("|local|up")


def test_a_folder_with_quotes_works(tmp_path: Path) -> None:
    """The function finds its checkout whatever characters the path has."""
    folder = tmp_path / 'it\'s a "$folder"'
    folder.mkdir()
    shell = Shell(Checkout(folder), "bash")
    assert shell.run("pulumi up").returncode == 0
    assert shell.calls() == ["http://127.0.0.1:8123||true|local|up"]
