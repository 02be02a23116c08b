"""The function `pulumi` of a shell that has sourced local.env."""

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
    """A shell that has sourced local.env, and a `pulumi` that notes what it is asked, and with which variables."""

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

    def asked(self) -> list[str]:
        """What `pulumi` was asked, each after its variables."""
        path = self.checkout.root.parent / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, checkout: Checkout) -> Shell:
    """Each shell that local.env is for."""
    return Shell(checkout, request.param)


@pytest.fixture
def bash(checkout: Checkout) -> Shell:
    """One of them."""
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


def test_the_local_stack(shell: Shell) -> None:
    """Every command on it runs, without questions, at the endpoint of its stack file."""
    for command in LOCAL:
        done = shell.run(f"pulumi {command}")
        assert (done.returncode, done.stderr) == (0, ""), command

    set_ = "http://127.0.0.1:8123||true|local|"
    assert shell.asked() == [
        ("unset" + set_[set_.index("||") :] if command.startswith("config") else set_) + " ".join(shlex.split(command))
        for command in LOCAL
    ]


def test_another_stack(shell: Shell) -> None:
    """Whatever way it is named, the command does not run, and the one line says where it would."""
    (shell.checkout.root.parent / "other").mkdir()
    (shell.checkout.root.parent / "other/Pulumi.yaml").touch()
    for command in OTHER:
        done = shell.run(f"pulumi {command}".replace("@other", "../other"))
        assert (done.returncode, len(errors(done))) == (1, 1), command
        assert "a shell that has not sourced local.env" in done.stderr, command
    assert shell.asked() == []


@pytest.mark.parametrize("name", ["PULUMI_STACK", "PULUMI_OPTION_STACK"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_another_stack_in_the_environment(bash: Shell, name: str, when: str) -> None:
    """It is refused by the variable's name, set before local.env was sourced or after."""
    given = {name: "prod"} if when == "before" else {}
    done = bash.run("pulumi up" if given else f"{name}=prod pulumi up", **given)
    assert done.returncode == 1
    assert f'{name} is "prod"' in done.stderr
    assert bash.asked() == []


@pytest.mark.parametrize("command", ["up -s", "up --stack", "up --stack=", "up -ys", "stack init --stack"])
def test_a_name_that_is_missing(bash: Shell, command: str) -> None:
    """The line says so, not that the stack is another one."""
    done = bash.run(f"pulumi {command}")
    assert errors(done) == [
        "error: the stack's name is missing: name the stack local, or use a shell that has not sourced local.env"
    ]
    assert bash.asked() == []


def test_a_stack_that_is_selected(bash: Shell) -> None:
    """Without PULUMI_STACK, the local stack is meant, whichever was selected."""
    assert bash.run("unset PULUMI_STACK; pulumi up").returncode == 0
    assert bash.asked() == ["http://127.0.0.1:8123||true|local|up"]


def test_a_stack_that_is_there_already(shell: Shell) -> None:
    """The refusal has the commands that take it out, and they run in this shell, each on the backend that it names."""
    StateFolder.local(shell.checkout).write({"resources": [{"urn": URN}]}, "prod")
    shell.checkout.program("env", f'exec {shutil.which("env")} "$@"')
    shell.checkout.program("pulumi", 'echo "$PULUMI_BACKEND_URL $*" >>"$HOME/asked"')
    done = shell.run("pulumi destroy --stack prod")
    assert done.returncode == 1
    commands = [line for line in done.stderr.splitlines() if line.strip().startswith("env ")]
    assert shell.run("\n".join(commands)).returncode == 0
    here = f"file://{shell.checkout.root}/.local/state"
    assert [" ".join(line.split()[:3]) for line in shell.asked()] == [
        *(f"{here} stack export", "URL stack init", "URL stack import", f"{here} stack rm", f"{here} destroy --stack"),
    ]


def test_another_project(bash: Shell) -> None:
    """Its stack must not come into this state either; a folder without a project is none."""
    other = bash.checkout.root.parent / "other" / "below"
    other.mkdir(parents=True)
    assert bash.run("pulumi whoami", folder=other).returncode == 0
    (other.parent / "Pulumi.yaml").touch()
    done = bash.run("pulumi up", folder=other)
    assert "other is another project" in done.stderr
    assert bash.run("pulumi up", folder=bash.checkout.root / "tools").returncode == 0
    assert [line.rpartition("|")[2] for line in bash.asked()] == ["whoami", "up"]


def test_a_backend_of_ones_own(shell: Shell) -> None:
    """There it is plain pulumi, with questions, for every stack."""
    for command in ("up --stack prod", "stack init prod"):
        assert shell.run(f"pulumi {command}", PULUMI_BACKEND_URL="gs://company-state").returncode == 0
    assert shell.asked() == ["unset|unset|unset|local|up --stack prod", "unset|unset|unset|local|stack init prod"]


def test_the_local_state_under_another_name(bash: Shell) -> None:
    """A backend that is written otherwise is the same folder."""
    (bash.checkout.root.parent / "link").symlink_to(bash.checkout.root)
    done = bash.run(
        "pulumi stack init prod", PULUMI_BACKEND_URL=f"file://{bash.checkout.root.parent}/link/.local/state/"
    )
    assert (done.returncode, bash.asked()) == (1, [])


def test_what_the_user_has_set_stays(bash: Shell) -> None:
    """A passphrase, a passphrase's file, and the wish to be asked."""
    for given in (
        {"PULUMI_CONFIG_PASSPHRASE": "mine", "PULUMI_SKIP_CONFIRMATIONS": "false"},
        {"PULUMI_CONFIG_PASSPHRASE_FILE": "/a/file"},
    ):
        assert bash.run("pulumi up", **given).returncode == 0
    endpoint = "http://127.0.0.1:8123"
    assert bash.asked() == [f"{endpoint}|mine|false|local|up", f"{endpoint}|unset|true|local|up"]


@pytest.mark.parametrize("endpoint", ELSEWHERE[:1] + ELSEWHERE[8:10])
def test_an_endpoint_elsewhere(bash: Shell, endpoint: str) -> None:
    """A foreign endpoint from the environment or the file is refused; `config set` can still correct the file."""
    done = bash.run("pulumi up --yes", TF2_MODELS_ENDPOINT=endpoint)
    assert errors(done)[0].startswith("error: TF2_MODELS_ENDPOINT: must be http://127.0.0.1:PORT")
    declare(bash.checkout.root, endpoint)
    done = bash.run("pulumi up --yes")
    assert errors(done)[0].startswith("error: tf2-models:endpoint in Pulumi.local.yaml: must be http://127.0.0.1:PORT")
    assert bash.asked() == []
    assert bash.run("pulumi config set tf2-models:endpoint http://127.0.0.1:1").returncode == 0


def test_what_is_missing(bash: Shell) -> None:
    """Without the engine, or without the environment, the line says what makes it."""
    (bash.checkout.bin / "pulumi").unlink()
    assert errors(bash.run("pulumi up")) == ["error: pulumi is not on PATH: run `make setup`"]
    shutil.rmtree(bash.checkout.root / ".venv")
    assert errors(bash.run("pulumi up")) == ['error: there is no .venv: run "make setup"']


def test_the_exit_code_and_the_words(shell: Shell) -> None:
    """The exit code and the arguments are passed on unchanged."""
    shell.checkout.program("pulumi", 'printf "<%s>" "$@"; exit 7')
    done = shell.run("pulumi up -m 'two words' '' 'a\"b$c'")
    assert (done.returncode, done.stdout) == (7, '<up><-m><two words><><a"b$c>')


def test_an_alias(shell: Shell) -> None:
    """One of the user's, made before, is not taken for the function's name."""
    script = (
        f"alias pulumi='pulumi --color never'; source {shlex.quote(str(shell.checkout.root / 'local.env'))}; pulumi up"
    )
    options = ["-f", "-o", "aliases"] if shell.name == "zsh" else ["-O", "expand_aliases"]
    done = shell.checkout.run(shell.name, *options, "-c", "eval " + shlex.quote(script))
    assert done.returncode == 0, done.stderr
    assert shell.asked()[-1].endswith("|local|up")


def test_a_folder_with_quotes(tmp_path: Path) -> None:
    """The function finds its checkout whatever the path holds."""
    folder = tmp_path / 'it\'s a "$folder"'
    folder.mkdir()
    shell = Shell(Checkout(folder), "bash")
    assert shell.run("pulumi up").returncode == 0
    assert shell.asked() == ["http://127.0.0.1:8123||true|local|up"]
