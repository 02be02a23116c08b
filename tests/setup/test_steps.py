"""The set-up's steps: what it makes, skips, and makes again; and what `make` refuses."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import pytest

from tests.addresses import ELSEWHERE, declare
from tests.setup.checkout import Checkout, errors
from tests.setup.states import URN, StateFolder, creating


@pytest.fixture
def machine(checkout: Checkout) -> Checkout:
    """A checkout whose Python and uv record the steps: environments made, packages installed."""
    checkout.program("git", "exit 0")
    checkout.program("pulumi", f'echo "pulumi $*" >>"$HOME/steps"; {checkout.pulumi("3.300.0")}')
    checkout.program("pulumi-language-python", "exit 0")
    checkout.program(
        "python3",
        f"""case "$1 $2" in
        "-m venv") echo venv >>"$HOME/steps"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;
        "-m pip") case "$3" in
            install) echo pip >>"$HOME/steps"; [ ! -e "$HOME/no-pip" ] && cp "$HOME/uv" "$(dirname "$0")/uv" ;;
            config) [ ! -e "$HOME/pip.conf" ] || cat "$HOME/pip.conf" ;;
            esac ;;
        *) exec "{sys.executable}" "$@" ;;
        esac""",
    )
    uv = checkout.root.parent / "uv"
    uv.write_text('#!/bin/sh\necho uv >>"$HOME/steps"; cat /proc/self/environ >"$HOME/given"; [ ! -e "$HOME/no-uv" ]\n')
    uv.chmod(0o755)
    return checkout


def _steps(machine: Checkout) -> list[str]:
    """The steps recorded since the last call, without the engine's version checks."""
    path = machine.root.parent / "steps"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [line for line in lines if line != "pulumi version"]


def _set_up(machine: Checkout) -> list[str]:
    """Runs a set-up that must succeed; returns its steps."""
    result = machine.run("tools/setup.sh")
    assert result.returncode == 0, result.stderr
    return _steps(machine)


def _make_stack(machine: Checkout, suffix: str = "") -> None:
    """Write the state file of a new local stack."""
    StateFolder.local(machine).write(None, suffix=suffix)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_second_run_does_nothing(machine: Checkout, suffix: str) -> None:
    """The first run makes the environment, the packages and the stack, and the second finds all three."""
    assert _set_up(machine) == ["venv", "pip", "uv", "pulumi stack init --non-interactive --no-select local"]
    _make_stack(machine, suffix)
    assert _set_up(machine) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "constraints.txt"])
def test_changed_requirements_are_installed(machine: Checkout, name: str) -> None:
    """They are installed into the existing environment."""
    _set_up(machine)
    _make_stack(machine)
    with (machine.root / name).open("a") as file:
        file.write("# changed\n")
    assert _set_up(machine) == ["pip", "uv"]
    assert _set_up(machine) == []


@pytest.mark.parametrize(("step", "what"), [("pip", "uv=="), ("uv", "requirements.txt")])
def test_an_incomplete_environment_is_made_again(machine: Checkout, step: str, what: str) -> None:
    """The run after a failed installation starts with a new environment."""
    (machine.root.parent / f"no-{step}").touch()
    result = machine.run("tools/setup.sh")
    assert result.returncode != 0
    (error,) = errors(result)
    assert f"{step} could not install {what}" in error
    (machine.root.parent / f"no-{step}").unlink()
    _steps(machine)
    assert _set_up(machine)[:3] == ["venv", "pip", "uv"]


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
    _set_up(machine)
    machine.root = machine.root.rename(machine.root.with_name("moved"))
    assert _set_up(machine)[:3] == ["venv", "pip", "uv"]


def test_no_stack_is_made_in_another_backend(machine: Checkout) -> None:
    """A backend that the user chose does not get the local stack."""
    result = machine.run("tools/setup.sh", PULUMI_BACKEND_URL="gs://company-state")
    assert result.returncode == 0, result.stderr
    assert _steps(machine) == ["venv", "pip", "uv"]


@pytest.mark.parametrize(
    ("variable", "value"), [("PULUMI_STACK", "prod"), ("PULUMI_BACKEND_URL", "gs://company-state")]
)
@pytest.mark.parametrize("target", ["up", "down", "preview", "refresh", "clean"])
def test_make_refuses_another_stack(machine: Checkout, target: str, variable: str, value: str) -> None:
    """`make` would change it without confirmation."""
    result = machine.run("make", target, **{variable: value})
    assert result.returncode != 0
    (error,) = errors(result)
    assert f'{variable} is "{value}"' in error
    assert _steps(machine) == []


@pytest.mark.parametrize("variable", ["PULUMI_OPTION_STACK", "PULUMI_OPTION_CWD"])
def test_make_refuses_options_in_the_environment(machine: Checkout, variable: str) -> None:
    """Pulumi reads every option from such variables."""
    result = machine.run("make", "up", **{variable: "prod"})
    assert result.returncode != 0
    assert f"{variable} is set" in errors(result)[0]
    assert _steps(machine) == []


@pytest.mark.parametrize("target", ["up", "down", "preview", "refresh", "emulator", "build", "clean"])
@pytest.mark.parametrize("source", ["the environment", "the file"])
def test_make_refuses_another_machine(machine: Checkout, target: str, source: str) -> None:
    """`make` never asks for confirmation, so it deploys and destroys on this machine only."""
    _set_up(machine)
    _make_stack(machine)
    before = sorted(machine.root.rglob("*"))
    given = {"TF2_MODELS_ENDPOINT": "global"} if source == "the environment" else {}
    declare(machine.root, 8123 if given else "https://ml.googleapis.com")
    result = machine.run("make", target, **given)
    assert result.returncode != 0
    (error,) = errors(result)
    assert "must be http://127.0.0.1:PORT: the local stack is on this machine only" in error
    assert _steps(machine) == []
    assert {path for path in before if not path.exists()} == set()


@pytest.mark.parametrize("endpoint", ELSEWHERE)
def test_make_refuses_every_endpoint_elsewhere(machine: Checkout, endpoint: str) -> None:
    """Any other URL than http on a literal loopback address is refused."""
    _set_up(machine)
    result = machine.run("tools/check_stack.sh", TF2_MODELS_ENDPOINT=endpoint)
    assert (result.returncode, len(errors(result))) == (1, 1)


def test_make_refuses_another_machine_in_its_first_run(machine: Checkout) -> None:
    """It can read the stack file only after the set-up, which installs the packages for that."""
    declare(machine.root, "global")
    result = machine.run("make", "preview")
    assert result.returncode != 0
    assert "must be http://127.0.0.1:PORT" in errors(result)[-1]
    assert [step for step in _steps(machine) if "preview" in step] == []


def test_a_broken_environment_is_not_reported_as_a_wrong_endpoint(machine: Checkout) -> None:
    """The check passes, so that the set-up can repair the environment."""
    _set_up(machine)
    (machine.root / "resources/config/local_endpoint.py").write_text("import a_package_that_is_not_there")
    assert machine.run("tools/check_stack.sh").returncode == 0


def test_down_succeeds_with_nothing_up(machine: Checkout) -> None:
    """It needs no set-up."""
    result = machine.run("make", "down")
    assert result.returncode == 0, result.stderr
    assert _steps(machine) == []


def test_down_fails_without_an_environment(machine: Checkout) -> None:
    """The stack cannot be destroyed; the error says what to run."""
    (machine.root / ".local").mkdir()
    result = machine.run("make", "down")
    assert result.returncode != 0
    (error,) = errors(result)
    assert 'run "make setup"' in error


def test_down_fails_with_an_unreadable_state(machine: Checkout) -> None:
    """The errors name the file and the command that removes it."""
    _set_up(machine)
    StateFolder.local(machine).snapshot().write_text("")
    machine.program("python3", f'[ "$1" = -m ] || exec "{sys.executable}" "$@"')
    shutil.copy(machine.bin / "python3", machine.root / ".venv" / "bin" / "python")
    result = machine.run("make", "down")
    assert result.returncode != 0
    [reason, end] = errors(result)
    assert str(StateFolder.local(machine).snapshot()) in reason
    assert '"make clean" removes it' in end
    assert "Traceback" not in result.stderr


def test_clean_leaves_only_the_checked_out_files(machine: Checkout) -> None:
    """A second `make clean` succeeds too."""
    before = sorted(machine.root.rglob("*"))
    _set_up(machine)
    _make_stack(machine)
    (machine.root / "tools" / "__pycache__").mkdir(exist_ok=True)
    assert machine.run("make", "clean").returncode == 0
    assert sorted(machine.root.rglob("*")) == before
    assert machine.run("make", "clean").returncode == 0


ROOT_ONLY = {"resources": [{"urn": "urn:pulumi:prod::tf2-models::pulumi:pulumi:Stack::tf2-models-prod"}]}


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_clean_refuses_to_remove_another_stack(machine: Checkout, suffix: str) -> None:
    """Its state is the only record of its resources; the error says how to move it."""
    _set_up(machine)
    _make_stack(machine)
    StateFolder.local(machine).write({"resources": [{"urn": URN}, *ROOT_ONLY["resources"]]}, "prod", suffix)
    before = sorted(machine.root.rglob("*"))
    result = machine.run("make", "clean")
    assert result.returncode != 0
    assert "stack prod of project tf2-models: 1 resource\n" in result.stderr
    assert f"env PULUMI_BACKEND_URL=file://{machine.root}/.local/state " in result.stderr
    assert "pulumi stack export --stack prod " in result.stderr
    assert "nothing was removed" in errors(result)[0]
    assert {path for path in before if not path.exists()} == set()


def test_clean_refuses_to_remove_a_stack_of_another_project(machine: Checkout) -> None:
    """The commands name its project, since `local` alone is this checkout's stack. An old layout is reported."""
    _set_up(machine)
    _make_stack(machine)
    for place in ("another/local.json", "old.json"):
        path = StateFolder.local(machine).write({"resources": [{"urn": URN}]}).parent.parent / place
        path.parent.mkdir(exist_ok=True)
        shutil.copy(StateFolder.local(machine).snapshot(), path)
    result = machine.run("make", "clean")
    assert result.returncode != 0
    removals = [line for line in result.stderr.splitlines() if "stack rm" in line]
    assert ["--stack organization/another/local " in line for line in removals] == [True]
    assert "in the folder of the project another" in result.stderr
    assert "pulumi state upgrade" in result.stderr


@pytest.mark.parametrize(
    ("latest", "suffix"),
    [({"pending_operations": [creating(URN)]}, ""), ({"resources": [{"urn": URN}]}, ".zst")],
    ids=["an interrupted creation", "an unknown format"],
)
def test_clean_refuses_to_remove_a_stack_that_may_have_resources(
    machine: Checkout, latest: dict[str, Any], suffix: str
) -> None:
    """A stack with an interrupted creation, or in an unknown format, may not be empty."""
    _set_up(machine)
    StateFolder.local(machine).write(latest, "prod", suffix)
    assert machine.run("make", "clean").returncode != 0
    assert StateFolder.local(machine).snapshot("prod", suffix).exists()


@pytest.mark.parametrize("place", ["tf2-models/prod.json", "another/local.json", "prod.json"])
def test_clean_refuses_to_remove_an_unreadable_stack(machine: Checkout, place: str) -> None:
    """This includes stacks of other projects and of the layout before projects."""
    _set_up(machine)
    path = StateFolder.local(machine).snapshot().parent.parent / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    result = machine.run("make", "clean")
    assert result.returncode != 0
    assert str(path) in errors(result)[0]
    assert path.exists()


def test_clean_removes_empty_stacks(machine: Checkout) -> None:
    """It lists them first."""
    _set_up(machine)
    StateFolder.local(machine).write(None, "prod")
    StateFolder.local(machine).write(ROOT_ONLY, "staging")
    result = machine.run("make", "clean")
    assert result.returncode == 0
    assert "which are removed with it:\nstack prod of project tf2-models: empty" in result.stderr
    assert "stack staging of project tf2-models: empty" in result.stderr
    assert not (machine.root / ".local").exists()


def test_clean_fails_without_python(machine: Checkout) -> None:
    """It cannot read the state, so it keeps it."""
    StateFolder.local(machine).write({"resources": [{"urn": URN}]}, "prod")
    (machine.bin / "python3").unlink()
    result = machine.run("make", "clean")
    assert result.returncode != 0
    assert 'run "make setup"' in errors(result)[0]
    assert StateFolder.local(machine).snapshot("prod").exists()


def test_help_lists_every_command(machine: Checkout) -> None:
    """`make` alone lists every command with its purpose."""
    makefile = (machine.root / "Makefile").read_text()
    targets = {line.removeprefix(".PHONY: ") for line in makefile.splitlines() if line.startswith(".PHONY: ")}
    commands = {target for target in targets if not target.startswith("_")}
    result = machine.run("make")
    listed = {line.split()[1]: line.split()[2:] for line in result.stdout.splitlines()}
    assert set(listed) == commands
    assert all(listed.values())
