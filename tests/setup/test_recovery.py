"""Which stack tools.recovery works on, whose lock it releases, and what it says where it cannot go on."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.setup.checkout import Checkout, errors
from tests.setup.states import MODEL, URN, StateFolder, creating, ended, holder


class Recovery:
    """Runs tools.recovery with a `pulumi` that notes what it is asked, and is the real one but for what runs a program.

    Attributes:
        checkout: where it runs.
        state: the backend.
    """

    def __init__(self, checkout: Checkout) -> None:
        real = shutil.which("pulumi", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        assert real
        self.checkout, self.state = checkout, StateFolder(checkout.root.parent / "backend")
        checkout.program(
            "pulumi",
            f"""echo "$*" >>"$HOME/asked"; case $1 in
            up|destroy|refresh) [ ! -e "$HOME/$1-fails" ] ;;
            *) exec "{real}" "$@" ;;
            esac""",
        )

    def fails(self, verb: str) -> None:
        """From now on this command fails."""
        (self.checkout.root.parent / f"{verb}-fails").touch()

    def mended(self, verb: str) -> None:
        """From now on it does not."""
        (self.checkout.root.parent / f"{verb}-fails").unlink()

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs it on the backend, and on the stack `local`, unless the variables name others; an empty one is unset."""
        given = {"PULUMI_BACKEND_URL": self.state.url, "PULUMI_STACK": "local", "PULUMI_SKIP_UPDATE_CHECK": "true"}
        named = {name: value for name, value in {**given, **variables}.items() if value}
        return self.checkout.run(sys.executable, "-m", "tools.recovery", *arguments, **named)

    def asked(self) -> list[str]:
        """What `pulumi` was asked."""
        path = self.checkout.root.parent / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def recovery(checkout: Checkout) -> Recovery:
    """On a checkout with two stacks, `local` and `prod`, which are deployed."""
    made = Recovery(checkout)
    for stack in ("local", "prod"):
        made.state.write({"resources": [{"urn": MODEL.replace("local", stack)}]}, stack)
    return made


@pytest.fixture
def running(checkout: Checkout) -> Iterator[int]:
    """The id of a process that runs under the engine's name."""
    (checkout.root.parent / "running").mkdir()
    program = checkout.root.parent / "running" / "pulumi"
    program.write_text("#!/bin/sh\necho started; read line\n")
    program.chmod(0o755)
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"started\n"
    yield process.pid
    process.communicate()


NAMED = {
    "--stack": (("--stack", "prod"), {}),
    "--stack=": (("--stack=organization/tf2-models/prod",), {}),
    "-s": (("-s", "prod"), {}),
    "PULUMI_STACK": ((), {"PULUMI_STACK": "prod"}),
}


@pytest.mark.parametrize("name", NAMED)
def test_the_lock_of_another_stack_is_left_alone(recovery: Recovery, running: int, name: str) -> None:
    """`local` was killed and `prod` is being updated: nothing that is said on `prod` cancels either."""
    locks = [recovery.state.lock("local", holder(ended())), recovery.state.lock("prod", holder(running))]
    options, variables = NAMED[name]
    result = recovery.run("up", *options, "--yes", **variables)
    assert result.returncode == 0, result.stderr
    assert [line.split()[:2] + line.split()[-1:] for line in recovery.asked()] == [["up", "--stack", "--yes"]]
    assert "prod" in recovery.asked()[0]
    assert all(lock.exists() for lock in locks)


def test_the_selected_stack_of_the_backend_that_is_logged_in(recovery: Recovery, running: int) -> None:
    """Where nobody names them, the engine says both; every command is given the stack."""
    for command in (["login", recovery.state.url], ["stack", "select", "prod"]):
        assert recovery.checkout.run("pulumi", *command).returncode == 0
    assert (recovery.checkout.pulumi_home / "credentials.json").is_file(), "nobody's own login is changed"
    other = StateFolder.local(recovery.checkout).lock("local", holder(running))
    lock = recovery.state.lock("prod", holder(ended()))
    result = recovery.run("up", PULUMI_STACK="", PULUMI_BACKEND_URL="")
    assert result.returncode == 0, result.stderr
    name = "organization/tf2-models/prod"
    assert recovery.asked()[-2:] == [f"cancel --stack {name} --yes", f"up --stack {name}"]
    assert not lock.exists()
    assert other.exists()


def test_no_stack(recovery: Recovery) -> None:
    """Nothing is done where no stack is selected; the line says how to name one."""
    result = recovery.run("up", PULUMI_STACK="")
    assert result.returncode == 1
    assert "name the stack (--stack NAME, or PULUMI_STACK)" in errors(result)[-1]
    assert [line.split()[0] for line in recovery.asked()] == ["stack"]


@pytest.mark.parametrize("options", [("-ys", "prod"), ("-ysprod",), ("-C", "x"), ("--cwd=x",), ("--stack",)])
def test_a_stack_that_only_the_engine_would_see(recovery: Recovery, options: tuple[str, ...]) -> None:
    """Options that may name another stack or project are refused, before anything is done."""
    result = recovery.run("up", *options)
    assert result.returncode == 1
    assert len(errors(result)) == 1
    assert recovery.asked() == []


def test_no_process_that_runs_or_may_run_loses_its_lock(recovery: Recovery, running: int) -> None:
    """One such lock is enough: of a running engine, or of another machine."""
    for content in (holder(running), holder(ended(), "another-host")):
        locks = [recovery.state.lock("local", holder(ended())), recovery.state.lock("local", content)]
        assert recovery.run("up").returncode == 0
        assert all(lock.exists() for lock in locks)
        for lock in locks:
            lock.unlink()
    assert recovery.asked() == ["up --stack local"] * 2


def test_a_lock_whose_process_is_gone(recovery: Recovery) -> None:
    """It has ended and nobody waited for it, or its id is now that of another program."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        locks = [recovery.state.lock("local", holder(pid)) for pid in (process.pid, os.getpid())]
        assert recovery.run("up").returncode == 0
    assert recovery.asked() == ["cancel --stack local --yes", "up --stack local"]
    assert not any(lock.exists() for lock in locks)


@pytest.mark.parametrize("content", ["", "[]", '{"pid": 1}', '{"pid": null, "hostname": "x"}'])
def test_a_lock_that_cannot_be_read(recovery: Recovery, content: str) -> None:
    """It holds, and one line names it and the command that removes it."""
    lock = recovery.state.lock("local", content)
    result = recovery.run("up")
    assert result.returncode == 0
    [line] = result.stderr.splitlines()
    assert str(lock) in line
    assert "`pulumi cancel --stack local`" in line
    assert lock.exists()


def test_a_lock_that_is_released_meanwhile(recovery: Recovery) -> None:
    """A file that is gone before it is read is no lock."""
    lock = recovery.state.lock("local", "")
    lock.unlink()
    lock.symlink_to("gone")
    result = recovery.run("up")
    assert (result.returncode, result.stderr) == (0, "")


def test_files_of_another_stack_are_not_mended(recovery: Recovery) -> None:
    """What `local-2` is writing is left alone where `local` was killed."""
    recovery.state.lock("local", holder(ended()))
    cut = recovery.state.snapshot("local", ".attrs")
    other = recovery.state.snapshot("local-2", ".attrs")
    for path in (cut, other):
        path.write_text("")
    assert recovery.run("up").returncode == 0
    assert not cut.exists() or cut.read_text()
    assert other.exists()


@pytest.mark.parametrize("verb", ["up", "destroy"])
@pytest.mark.parametrize("fails", [True, False])
def test_what_is_half_made_and_declared_no_more(recovery: Recovery, verb: str, fails: bool) -> None:
    """It is named with what to do, whether the command gets to its end or fails because of it."""
    recovery.state.write({"resources": [{"urn": MODEL}], "pending_operations": [creating(URN)]})
    if fails:
        recovery.fails("up")
        recovery.fails(verb)
    result = recovery.run(verb, "--config-file", "a file")
    assert result.returncode == 1
    [error] = errors(result)
    assert URN in error
    assert "declare it once more and run this again" in error
    assert "`pulumi refresh --clear-pending-creates --stack local --config-file 'a file'`" in error
    assert recovery.asked()[-1] == f"{verb} --stack local --config-file a file"


def test_a_job_that_was_begun_and_is_declared_no_more(recovery: Recovery) -> None:
    """The API deletes no job: the line says how to cancel it."""
    job = URN.replace("ml:Version", "ml:BatchPredictionJob")
    recovery.state.write({"resources": [{"urn": MODEL}], "pending_operations": [creating(job)]})
    result = recovery.run("up")
    assert result.returncode == 1
    [error] = errors(result)
    assert "`gcloud ai-platform jobs cancel ID`" in error
    assert "delete" not in error


@pytest.mark.parametrize("verb", ["up", "destroy"])
@pytest.mark.parametrize("kind", ["updating", "deleting"])
def test_what_was_being_changed_is_read_first(recovery: Recovery, verb: str, kind: str) -> None:
    """Alone; where it cannot be read nothing else is done, and the next recovery reads it though the engine forgot."""
    cut = {"type": kind, "resource": {"urn": MODEL}}
    recovery.state.write({"resources": [{"urn": MODEL}, {"urn": URN}], "pending_operations": [cut]})
    refresh = f"refresh --stack local --skip-preview --yes --target={MODEL}"
    recovery.fails("refresh")
    result = recovery.run(verb)
    assert result.returncode == 1
    [error] = errors(result)
    assert MODEL in error
    assert recovery.asked() == [refresh]

    recovery.state.write({"resources": [{"urn": MODEL}, {"urn": URN}]})
    recovery.mended("refresh")
    assert recovery.run(verb).returncode == 0
    assert recovery.run(verb).returncode == 0
    assert recovery.asked()[1:] == [refresh, f"{verb} --stack local", f"{verb} --stack local"]


COMMON = "--config-file a --parallel 1 --message b --yes"
OWN = {
    "up": "--refresh --continue-on-error --target-replace U --target=U -t U --exclude V --strict=false --replace W",
    "destroy": "-r --remove --exclude-protected -x V --show-config --expect-no-changes",
}


@pytest.mark.parametrize("verb", ["up", "destroy"])
def test_options_of_one_command_are_for_it_alone(recovery: Recovery, verb: str) -> None:
    """`refresh` knows no `--continue-on-error`, `up` no `--remove`; `--target` would add to what is to be read."""
    cut = {"type": "updating", "resource": {"urn": MODEL}}
    recovery.state.write({"resources": [{"urn": MODEL}, {"urn": URN}], "pending_operations": [cut, creating(URN)]})
    options = f"{COMMON} {OWN[verb]}"

    assert recovery.run(verb, *options.split()).returncode == 0

    before = [f"up --stack local {COMMON} --target={URN}"] * (verb == "destroy")
    assert recovery.asked() == [
        f"refresh --stack local {COMMON} --skip-preview --yes --target={MODEL}",
        *before,
        f"{verb} --stack local {options}",
        f"refresh --stack local {COMMON} --clear-pending-creates",
    ]


def test_what_was_taken_over_is_forgotten(recovery: Recovery) -> None:
    """A creation whose end the state knows by now is no longer pending."""
    recovery.state.write({"resources": [{"urn": URN}], "pending_operations": [creating(URN)]})
    assert recovery.run("up", "--yes").returncode == 0
    assert recovery.asked() == ["up --stack local --yes", "refresh --stack local --yes --clear-pending-creates"]


def test_a_state_that_is_none(recovery: Recovery) -> None:
    """One line names the file; nothing is destroyed, and no success is reported."""
    recovery.state.snapshot().write_text("")
    result = recovery.run("destroy")
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert str(recovery.state.snapshot()) in line
    assert recovery.asked() == []


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_state_that_a_full_disk_left_empty(recovery: Recovery, suffix: str) -> None:
    """The one before is put back, compressed or not."""
    recovery.state.snapshot().unlink()
    before = recovery.state.write({"resources": [{"urn": MODEL}]}, suffix=f"{suffix}.bak")
    recovery.state.snapshot(suffix=suffix).write_bytes(b"")
    assert recovery.run("up").returncode == 0
    assert recovery.state.snapshot(suffix=suffix).read_bytes() == before.read_bytes()


def test_this_machine_is_named_as_in_a_lock() -> None:
    """The tests' locks carry the name by which the tools know this machine."""
    assert socket.gethostname() in holder(1)
