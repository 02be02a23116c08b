"""What `make clean` removes, and what it refuses to remove."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.setup.checkout import Checkout, errors
from tests.setup.states import URN, StateFolder, creating
from tests.setup.steps import make_stack, set_up


def test_clean_leaves_only_the_checked_out_files(machine: Checkout) -> None:
    """A second `make clean` succeeds too."""
    before = sorted(machine.root.rglob("*"))
    set_up(machine)
    make_stack(machine)
    (machine.root / "tools" / "__pycache__").mkdir(exist_ok=True)
    assert machine.run("make", "clean").returncode == 0
    assert sorted(machine.root.rglob("*")) == before
    assert machine.run("make", "clean").returncode == 0


ROOT_ONLY = {"resources": [{"urn": "urn:pulumi:prod::tf2-models::pulumi:pulumi:Stack::tf2-models-prod"}]}


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_clean_refuses_to_remove_another_stack(machine: Checkout, suffix: str) -> None:
    """Its state is the only record of its resources; the error says how to move it."""
    set_up(machine)
    make_stack(machine)
    machine.add_pulumi()
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
    """The commands name its project, since `local` alone is this checkout's stack."""
    set_up(machine)
    machine.add_pulumi()
    path = StateFolder.local(machine).write({"resources": [{"urn": URN}]})
    (path.parent.parent / "another").mkdir()
    shutil.copy(path, path.parent.parent / "another")
    result = machine.run("make", "clean")
    assert result.returncode != 0
    removals = [line for line in result.stderr.splitlines() if "stack rm" in line]
    assert ["--stack organization/another/local " in line for line in removals] == [True]
    assert "in the folder of the project another" in result.stderr


def test_clean_refuses_to_remove_a_stack_in_the_layout_before_projects(machine: Checkout) -> None:
    """The error names it and the command that upgrades the layout."""
    set_up(machine)
    path = StateFolder.local(machine).write({"resources": [{"urn": URN}]})
    old = path.rename(path.parent.parent / "old.json")
    result = machine.run("make", "clean")
    assert result.returncode != 0
    assert "pulumi state upgrade" in errors(result)[0]
    assert str(old) in errors(result)[0]
    assert old.exists()


@pytest.mark.parametrize(
    ("latest", "suffix"),
    [({"pending_operations": [creating(URN)]}, ""), ({"resources": [{"urn": URN}]}, ".zst")],
    ids=["an interrupted creation", "an unknown format"],
)
def test_clean_refuses_to_remove_a_stack_that_may_have_resources(
    machine: Checkout, latest: dict[str, Any], suffix: str
) -> None:
    """A stack with an interrupted creation, or in an unknown format, may not be empty."""
    set_up(machine)
    machine.add_pulumi()
    StateFolder.local(machine).write(latest, "prod", suffix)
    assert machine.run("make", "clean").returncode != 0
    assert StateFolder.local(machine).snapshot("prod", suffix).exists()


@pytest.mark.parametrize("place", ["tf2-models/prod.json", "another/local.json", "prod.json"])
def test_clean_refuses_to_remove_an_unreadable_stack(machine: Checkout, place: str) -> None:
    """This includes stacks of other projects and of the layout before projects."""
    set_up(machine)
    machine.add_pulumi()
    path = StateFolder.local(machine).snapshot().parent.parent / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    result = machine.run("make", "clean")
    assert result.returncode != 0
    assert str(path) in errors(result)[0]
    assert path.exists()


def test_clean_removes_empty_stacks(machine: Checkout) -> None:
    """It lists them first."""
    set_up(machine)
    machine.add_pulumi()
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
