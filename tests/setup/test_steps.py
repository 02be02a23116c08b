"""The set-up's steps: what it makes, skips, and makes again; and what `make` refuses."""

from __future__ import annotations

import shutil
import sys

import pytest

from tests.addresses import ELSEWHERE, declare
from tests.setup.checkout import Checkout, errors
from tests.setup.states import StateFolder
from tests.setup.steps import make_stack, set_up, steps


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_second_run_does_nothing(machine: Checkout, suffix: str) -> None:
    """The first run makes the environment, the packages and the stack, and the second finds all three."""
    assert set_up(machine) == ["venv", "pip", "uv", "pulumi stack init --non-interactive --no-select local"]
    make_stack(machine, suffix)
    assert set_up(machine) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "constraints.txt"])
def test_changed_requirements_are_installed(machine: Checkout, name: str) -> None:
    """They are installed into the existing environment."""
    set_up(machine)
    make_stack(machine)
    with (machine.root / name).open("a") as file:
        file.write("# changed\n")
    assert set_up(machine) == ["pip", "uv"]
    assert set_up(machine) == []


@pytest.mark.parametrize(("step", "what"), [("pip", "uv=="), ("uv", "requirements.txt")])
def test_an_incomplete_environment_is_made_again(machine: Checkout, step: str, what: str) -> None:
    """The run after a failed installation starts with a new environment."""
    (machine.root.parent / f"no-{step}").touch()
    result = machine.run("tools/setup.sh")
    assert result.returncode != 0
    (error,) = errors(result)
    assert f"{step} could not install {what}" in error
    (machine.root.parent / f"no-{step}").unlink()
    steps(machine)
    assert set_up(machine)[:3] == ["venv", "pip", "uv"]


def test_uv_uses_the_settings_of_pip(machine: Checkout) -> None:
    """The index and the certificates of pip's settings are uv's too; uv's own variables come first."""
    settings = ["global.index-url='https://own.test/simple'", ":env:.find-links='/wheels'", "global.cert='/ca.pem'"]
    (machine.root.parent / "pip.conf").write_text("\n".join(settings))

    result = machine.run("tools/setup.sh", UV_FIND_LINKS="/mine")

    assert result.returncode == 0, result.stderr
    given = dict(line.split("=", 1) for line in (machine.root.parent / "given").read_text().split("\0") if "=" in line)
    expected = {"UV_DEFAULT_INDEX": "https://own.test/simple", "UV_FIND_LINKS": "/mine", "SSL_CERT_FILE": "/ca.pem"}
    assert {name: value for name, value in given.items() if name.startswith(("UV_", "SSL_"))} == expected


def test_the_environment_of_a_moved_checkout_is_made_again(machine: Checkout) -> None:
    """The old environment contains absolute paths of the old folder."""
    set_up(machine)
    machine.root = machine.root.rename(machine.root.with_name("moved"))
    assert set_up(machine)[:3] == ["venv", "pip", "uv"]


def test_no_stack_is_made_in_another_backend(machine: Checkout) -> None:
    """A backend that the user chose does not get the local stack."""
    result = machine.run("tools/setup.sh", PULUMI_BACKEND_URL="gs://company-state")
    assert result.returncode == 0, result.stderr
    assert steps(machine) == ["venv", "pip", "uv"]


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("PULUMI_STACK", "prod", 'the stack is "prod" (STACK, or PULUMI_STACK)'),
        ("PULUMI_BACKEND_URL", "gs://company-state", 'PULUMI_BACKEND_URL is "gs://company-state"'),
    ],
)
@pytest.mark.parametrize("target", ["up", "down", "preview", "refresh", "clean"])
def test_make_refuses_another_stack(machine: Checkout, target: str, variable: str, value: str, reason: str) -> None:
    """`make` would change it without confirmation."""
    result = machine.run("make", target, **{variable: value})
    assert result.returncode != 0
    (error,) = errors(result)
    assert reason in error
    assert steps(machine) == []


@pytest.mark.parametrize("variable", ["PULUMI_OPTION_STACK", "PULUMI_OPTION_CWD"])
def test_make_refuses_options_in_the_environment(machine: Checkout, variable: str) -> None:
    """Pulumi reads every option from such variables."""
    result = machine.run("make", "up", **{variable: "prod"})
    assert result.returncode != 0
    assert f"{variable} is set" in errors(result)[0]
    assert steps(machine) == []


@pytest.mark.parametrize("target", ["up", "down", "preview", "refresh", "emulator", "build", "clean"])
@pytest.mark.parametrize("source", ["the environment", "the file"])
def test_make_refuses_another_machine(machine: Checkout, target: str, source: str) -> None:
    """`make` never asks for confirmation, so it deploys and destroys on this machine only."""
    set_up(machine)
    make_stack(machine)
    before = sorted(machine.root.rglob("*"))
    given = {"TF2_MODELS_ENDPOINT": "global"} if source == "the environment" else {}
    declare(machine.root, 8123 if given else "https://ml.googleapis.com")
    result = machine.run("make", target, **given)
    assert result.returncode != 0
    (error,) = errors(result)
    assert "must be http://127.0.0.1:PORT: the local stack is on this machine only" in error
    assert steps(machine) == []
    assert {path for path in before if not path.exists()} == set()


@pytest.mark.parametrize("endpoint", ELSEWHERE)
def test_make_refuses_every_endpoint_elsewhere(machine: Checkout, endpoint: str) -> None:
    """Any other URL than http on a literal loopback address is refused."""
    set_up(machine)
    result = machine.run("tools/check_stack.sh", TF2_MODELS_ENDPOINT=endpoint)
    assert (result.returncode, len(errors(result))) == (1, 1)


def test_make_refuses_another_machine_in_its_first_run(machine: Checkout) -> None:
    """It can read the stack file only after the set-up, which installs the packages for that."""
    declare(machine.root, "global")
    result = machine.run("make", "preview")
    assert result.returncode != 0
    assert "must be http://127.0.0.1:PORT" in errors(result)[-1]
    assert [step for step in steps(machine) if "preview" in step] == []


def test_a_broken_environment_is_not_reported_as_a_wrong_endpoint(machine: Checkout) -> None:
    """The check passes, so that the set-up can repair the environment."""
    set_up(machine)
    (machine.root / "resources/config/local_endpoint.py").write_text("import a_package_that_is_not_there")
    assert machine.run("tools/check_stack.sh").returncode == 0


def test_down_succeeds_with_nothing_up(machine: Checkout) -> None:
    """It needs no set-up."""
    result = machine.run("make", "down")
    assert result.returncode == 0, result.stderr
    assert steps(machine) == []


def test_down_fails_without_an_environment(machine: Checkout) -> None:
    """The stack cannot be destroyed; the error says what to run."""
    (machine.root / ".local").mkdir()
    result = machine.run("make", "down")
    assert result.returncode != 0
    (error,) = errors(result)
    assert 'run "make setup"' in error


def test_down_fails_with_an_unreadable_state(machine: Checkout) -> None:
    """The errors name the file and the command that removes it."""
    set_up(machine)
    StateFolder.local(machine).snapshot().write_text("")
    machine.add_pulumi()
    machine.program("python3", f'[ "$1 $2" = "-m emulator" ] || exec "{sys.executable}" "$@"')
    shutil.copy(machine.bin / "python3", machine.root / ".venv" / "bin" / "python")
    result = machine.run("make", "down")
    assert result.returncode != 0
    [reason, end] = errors(result)
    assert str(StateFolder.local(machine).snapshot()) in reason
    assert '"make clean" removes it' in end
    assert "Traceback" not in result.stderr


def test_make_lets_python_keep_compiled_modules(machine: Checkout) -> None:
    """A user's PYTHONDONTWRITEBYTECODE would have each of the many processes compile TensorFlow's modules again."""
    result = machine.run("make", "setup", PYTHONDONTWRITEBYTECODE="1", HERE="1")

    assert result.returncode == 0, result.stderr
    given = {line.partition("=")[0] for line in (machine.root.parent / "given").read_text().split("\0")}
    assert given & {"PYTHONDONTWRITEBYTECODE", "HERE"} == {"HERE"}


def test_help_lists_every_command(machine: Checkout) -> None:
    """`make` alone lists every command with its purpose."""
    makefile = (machine.root / "Makefile").read_text()
    targets = {line.removeprefix(".PHONY: ") for line in makefile.splitlines() if line.startswith(".PHONY: ")}
    commands = {target for target in targets if not target.startswith("_")}
    result = machine.run("make")
    listed = {line.split()[1]: line.split()[2:] for line in result.stdout.splitlines()}
    assert set(listed) == commands
    assert all(listed.values())
