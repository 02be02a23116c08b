"""What `source local.env` does to a shell."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.setup.checkout import Checkout

SHELLS = [
    "bash",
    pytest.param("zsh", marks=pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")),
]
LOCAL_ONLY = (
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
    "PULUMI_PYTHON_CMD",
    "PULUMI_SKIP_UPDATE_CHECK",
)
OF_A_COMMAND = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_SKIP_CONFIRMATIONS", "TF2_MODELS_ENDPOINT")


class Shell:
    """Sources local.env in a shell, from a folder, and reads what the shell then holds."""

    def __init__(self, checkout: Checkout, name: str) -> None:
        self.checkout = checkout
        path = shutil.which(name)
        assert path
        checkout.program(name, f'exec {path} "$@"')
        for program in ("env",):
            checkout.program(program, f'exec {shutil.which(program)} "$@"')
        self.name = name

    def variables(self, source: str | None = None, **given: str) -> dict[str, str]:
        """The environment after sourcing; `source` is the command, by default with the file's whole path."""
        command = source or f"source '{self.checkout.root}/local.env'"
        result = self.run(f"{command} && env", **given)
        return dict(line.split("=", 1) for line in result.splitlines() if "=" in line)

    def run(self, command: str, **given: str) -> str:
        """What a command prints in a shell that treats unset variables as errors."""
        result = self.checkout.run(self.name, *(["-f"] if self.name == "zsh" else []), "-uc", command, **given)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, checkout: Checkout) -> Shell:
    """Each shell that local.env is for."""
    return Shell(checkout, request.param)


@pytest.mark.parametrize(
    ("folder", "source"),
    [("/", "source '{root}/local.env'"), ("{root}", "source ./local.env"), ("{root}/tools", "source ../local.env")],
)
def test_from_any_folder(shell: Shell, folder: str, source: str) -> None:
    """The checkout is found from the file's own place, however it is named."""
    root = shell.checkout.root
    found = shell.variables(f"cd '{folder.format(root=root)}' && {source.format(root=root)}")
    assert found["PULUMI_BACKEND_URL"] == f"file://{root}/.local/state"
    assert found["PULUMI_STACK"] == "local"
    assert found["PATH"].split(":")[0] == f"{root}/.venv/bin"
    assert found["PULUMI_PYTHON_CMD"] == f"{root}/.venv/bin/python"
    assert set(LOCAL_ONLY) <= set(found)


def test_twice(shell: Shell) -> None:
    """Sourcing a second time changes nothing."""
    source = f"source '{shell.checkout.root}/local.env'"
    assert shell.variables(f"{source} && {source}") == shell.variables(source)


@pytest.mark.parametrize("name", LOCAL_ONLY)
def test_only_where_unset(shell: Shell, name: str) -> None:
    """What the user has set stays, on the local stack too."""
    assert shell.variables(**{name: "mine"})[name] == "mine"


def test_what_endangers_another_stack_is_not_exported(shell: Shell) -> None:
    """An empty passphrase and skipped confirmations would hold for every command and every stack."""
    assert not set(OF_A_COMMAND) & set(shell.variables())


@pytest.mark.parametrize(("name", "value"), [("PULUMI_BACKEND_URL", "gs://company"), ("PULUMI_STACK", "prod")])
def test_own_stack(shell: Shell, name: str, value: str) -> None:
    """A stack of the user's own keeps its plugins and Python."""
    found = shell.variables(**{name: value})
    assert found[name] == value
    assert not set(LOCAL_ONLY) & set(found)


@pytest.mark.parametrize(
    "listing",
    [
        "set -o",
        "set | sed -nE 's/^([A-Za-z]\\w*)=.*/\\1/p' | sed -E '/^(PULUMI_\\w*|BASH_LINENO|PIPESTATUS|pipestatus)$/d'",
    ],
    ids=["options", "variables"],
)
def test_leaves_the_shell_as_it_was(shell: Shell, listing: str) -> None:
    """No shell option changes, and no variable appears but those for Pulumi."""
    before = shell.run(listing)
    assert before
    assert shell.run(f"source '{shell.checkout.root}/local.env'; {listing}") == before


def test_folder_with_spaces(tmp_path: Path) -> None:
    """A checkout whose path has spaces works."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    shell = Shell(Checkout(folder), "bash")
    assert shell.variables()["PULUMI_BACKEND_URL"] == f"file://{folder}/checkout/.local/state"
