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
DANGEROUS = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_SKIP_CONFIRMATIONS", "TF2_MODELS_ENDPOINT")


class Shell:
    """Sources local.env in a shell and reads the shell's variables."""

    def __init__(self, checkout: Checkout, name: str) -> None:
        self.checkout = checkout
        path = shutil.which(name)
        assert path
        checkout.program(name, f'exec {path} "$@"')
        for program in ("env",):
            checkout.program(program, f'exec {shutil.which(program)} "$@"')
        self.name = name

    def variables(self, source: str | None = None, **given: str) -> dict[str, str]:
        """The environment after sourcing; `source` is the command, by default with the file's absolute path."""
        command = source or f"source '{self.checkout.root}/local.env'"
        result = self.run(f"{command} && env", **given)
        return dict(line.split("=", 1) for line in result.splitlines() if "=" in line)

    def run(self, command: str, **given: str) -> str:
        """The output of a command in a shell that treats unset variables as errors."""
        result = self.checkout.run(self.name, *(["-f"] if self.name == "zsh" else []), "-uc", command, **given)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, checkout: Checkout) -> Shell:
    """Each shell that local.env supports."""
    return Shell(checkout, request.param)


@pytest.mark.parametrize(
    ("folder", "source"),
    [("/", "source '{root}/local.env'"), ("{root}", "source ./local.env"), ("{root}/tools", "source ../local.env")],
)
def test_local_env_can_be_sourced_from_any_folder(shell: Shell, folder: str, source: str) -> None:
    """It finds the checkout by its own path, absolute or relative."""
    root = shell.checkout.root
    found = shell.variables(f"cd '{folder.format(root=root)}' && {source.format(root=root)}")
    assert found["PULUMI_BACKEND_URL"] == f"file://{root}/.local/state"
    assert found["PULUMI_STACK"] == "local"
    assert found["PATH"].split(":")[0] == f"{root}/.venv/bin"
    assert found["PULUMI_PYTHON_CMD"] == f"{root}/tools/pulumi/python"
    assert set(LOCAL_ONLY) <= set(found)


def test_sourcing_twice_changes_nothing(shell: Shell) -> None:
    """The second time gives the same variables."""
    source = f"source '{shell.checkout.root}/local.env'"
    assert shell.variables(f"{source} && {source}") == shell.variables(source)


@pytest.mark.parametrize("name", LOCAL_ONLY)
def test_variables_of_the_user_stay(shell: Shell, name: str) -> None:
    """A value that the user has set is kept, on the local stack too."""
    assert shell.variables(**{name: "mine"})[name] == "mine"


def test_variables_that_endanger_another_stack_are_not_exported(shell: Shell) -> None:
    """An empty passphrase and skipped confirmations would apply to every command and every stack."""
    assert not set(DANGEROUS) & set(shell.variables())


@pytest.mark.parametrize(("name", "value"), [("PULUMI_BACKEND_URL", "gs://company"), ("PULUMI_STACK", "prod")])
def test_another_stack_keeps_its_plugins_and_python(shell: Shell, name: str, value: str) -> None:
    """Variables for the local stack only are not set with another backend or stack."""
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
def test_the_shells_options_and_other_variables_do_not_change(shell: Shell, listing: str) -> None:
    """No shell option changes, and only Pulumi's variables are added."""
    before = shell.run(listing)
    assert before
    assert shell.run(f"source '{shell.checkout.root}/local.env'; {listing}") == before


def test_a_folder_with_spaces_works(tmp_path: Path) -> None:
    """The path of the checkout can contain spaces."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    shell = Shell(Checkout(folder), "bash")
    assert shell.variables()["PULUMI_BACKEND_URL"] == f"file://{folder}/checkout/.local/state"
