"""Which stack tools.recovery works on, which locks it releases, and what it reports if it cannot continue."""

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
from tests.setup.states import MODEL, URN, StateFolder, creating, ended_process, lock_content


class Recovery:
    """Runs tools.recovery with a `pulumi` that records what may change something; up, destroy and refresh are not real.

    Attributes:
        checkout: the checkout in which it runs.
        state: the backend.
    """

    def __init__(self, checkout: Checkout) -> None:
        real = shutil.which("pulumi", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        assert real
        self.checkout, self.state = checkout, StateFolder(checkout.root.parent / "backend")
        checkout.program(
            "pulumi",
            f"""case $1 in up|destroy|refresh|cancel) echo "$*" >>"$HOME/asked" ;; esac
            case $1 in
            up|destroy|refresh) [ ! -e "$HOME/$1-fails" ] ;;
            *) exec "{real}" "$@" ;;
            esac""",
        )

    def fails(self, verb: str) -> None:
        """Makes this command fail from now on."""
        (self.checkout.root.parent / f"{verb}-fails").touch()

    def succeeds(self, verb: str) -> None:
        """Makes this command succeed again."""
        (self.checkout.root.parent / f"{verb}-fails").unlink()

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs it with the backend and the stack `local`; variables override both, and an empty one is unset."""
        given = {"PULUMI_BACKEND_URL": self.state.url, "PULUMI_STACK": "local", "PULUMI_SKIP_UPDATE_CHECK": "true"}
        named = {name: value for name, value in {**given, **variables}.items() if value}
        return self.checkout.run(sys.executable, "-m", "tools.recovery", *arguments, **named)

    def calls(self) -> list[str]:
        """The arguments of each call of `pulumi` that may change something."""
        path = self.checkout.root.parent / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def recovery(checkout: Checkout) -> Recovery:
    """The recovery in a checkout with two deployed stacks, `local` and `prod`."""
    made = Recovery(checkout)
    for stack in ("local", "prod"):
        made.state.write({"resources": [{"urn": MODEL.replace("local", stack)}]}, stack)
    return made


@pytest.fixture
def running(checkout: Checkout) -> Iterator[int]:
    """The ID of a running process with the engine's name."""
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
def test_locks_of_other_stacks_stay(recovery: Recovery, running: int, name: str) -> None:
    """If `local` was killed and an update of `prod` runs, a command for `prod` cancels neither."""
    locks = [
        recovery.state.lock("local", lock_content(ended_process())),
        recovery.state.lock("prod", lock_content(running)),
    ]
    options, variables = NAMED[name]
    result = recovery.run("up", *options, "--yes", **variables)
    assert result.returncode == 0, result.stderr
    assert [line.split()[:2] + line.split()[-1:] for line in recovery.calls()] == [["up", "--stack", "--yes"]]
    assert "prod" in recovery.calls()[0]
    assert all(lock.exists() for lock in locks)


def test_the_selected_stack_of_the_current_login_is_used(recovery: Recovery, running: int) -> None:
    """Without a named stack and backend, the engine reports both; every command names the stack."""
    for command in (["login", recovery.state.url], ["stack", "select", "prod"]):
        assert recovery.checkout.run("pulumi", *command).returncode == 0
    assert (recovery.checkout.pulumi_home / "credentials.json").is_file(), "the user's own login must not change"
    other = StateFolder.local(recovery.checkout).lock("local", lock_content(running))
    lock = recovery.state.lock("prod", lock_content(ended_process()))
    result = recovery.run("up", PULUMI_STACK="", PULUMI_BACKEND_URL="")
    assert result.returncode == 0, result.stderr
    name = "organization/tf2-models/prod"
    assert recovery.calls() == [f"cancel --stack {name} --yes", f"up --stack {name}"]
    assert not lock.exists()
    assert other.exists()


def test_a_stack_must_be_named_or_selected(recovery: Recovery) -> None:
    """Otherwise nothing is done, and the line says how to name one."""
    result = recovery.run("up", PULUMI_STACK="")
    assert result.returncode == 1
    assert "name the stack (--stack NAME, or PULUMI_STACK)" in errors(result)[-1]
    assert recovery.calls() == []


@pytest.mark.parametrize("options", [("-ys", "prod"), ("-ysprod",), ("-C", "x"), ("--cwd=x",), ("--stack",)])
def test_options_that_hide_the_stack_are_refused(recovery: Recovery, options: tuple[str, ...]) -> None:
    """Options that only the engine understands could name another stack or project."""
    result = recovery.run("up", *options)
    assert result.returncode == 1
    assert len(errors(result)) == 1
    assert recovery.calls() == []


def test_no_lock_is_released_if_its_process_may_be_running(recovery: Recovery, running: int) -> None:
    """One lock of a running engine, or of another machine, is enough to keep all."""
    for content in (lock_content(running), lock_content(ended_process(), "another-host")):
        locks = [recovery.state.lock("local", lock_content(ended_process())), recovery.state.lock("local", content)]
        assert recovery.run("up").returncode == 0
        assert all(lock.exists() for lock in locks)
        for lock in locks:
            lock.unlink()
    assert recovery.calls() == ["up --stack local"] * 2


def test_a_lock_of_an_ended_process_is_released(recovery: Recovery) -> None:
    """The process is a zombie, or its ID now belongs to another program."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        locks = [recovery.state.lock("local", lock_content(pid)) for pid in (process.pid, os.getpid())]
        assert recovery.run("up").returncode == 0
    assert recovery.calls() == ["cancel --stack local --yes", "up --stack local"]
    assert not any(lock.exists() for lock in locks)


@pytest.mark.parametrize("content", ["", "[]", '{"pid": 1}', '{"pid": null, "hostname": "x"}'])
def test_an_unreadable_lock_stays(recovery: Recovery, content: str) -> None:
    """One line names it and the command that removes it."""
    lock = recovery.state.lock("local", content)
    result = recovery.run("up")
    assert result.returncode == 0
    [line] = result.stderr.splitlines()
    assert str(lock) in line
    assert "`pulumi cancel --stack local`" in line
    assert lock.exists()


def test_a_lock_that_disappears_meanwhile_is_ignored(recovery: Recovery) -> None:
    """Its file is gone before it is read."""
    lock = recovery.state.lock("local", "")
    lock.unlink()
    lock.symlink_to("gone")
    result = recovery.run("up")
    assert (result.returncode, result.stderr) == (0, "")


def test_files_of_another_stack_are_not_repaired(recovery: Recovery) -> None:
    """After a kill of `local`, a file that `local-2` is writing stays."""
    recovery.state.lock("local", lock_content(ended_process()))
    own = recovery.state.snapshot("local", ".attrs")
    other = recovery.state.snapshot("local-2", ".attrs")
    for path in (own, other):
        path.write_text("")
    assert recovery.run("up").returncode == 0
    assert not own.exists() or own.read_text()
    assert other.exists()


@pytest.mark.parametrize("verb", ["up", "destroy"])
@pytest.mark.parametrize("fails", [True, False])
def test_a_pending_resource_that_is_no_longer_declared_is_reported(recovery: Recovery, verb: str, fails: bool) -> None:
    """The error names it and says what to do, whether or not the command itself fails."""
    recovery.state.write({"resources": [{"urn": MODEL}], "pending_operations": [creating(URN)]})
    if fails:
        recovery.fails("up")
        recovery.fails(verb)
    result = recovery.run(verb, "--config-file", "a file")
    assert result.returncode == 1
    [error] = errors(result)
    assert URN in error
    assert "declare it again and rerun this command" in error
    assert "`pulumi refresh --clear-pending-creates --stack local --config-file 'a file'`" in error
    assert recovery.calls()[-1] == f"{verb} --stack local --config-file a file"


def test_a_pending_job_that_is_no_longer_declared_is_reported(recovery: Recovery) -> None:
    """The line says how to cancel it, since the API cannot delete jobs."""
    job = URN.replace("ml:Version", "ml:BatchPredictionJob")
    recovery.state.write({"resources": [{"urn": MODEL}], "pending_operations": [creating(job)]})
    result = recovery.run("up")
    assert result.returncode == 1
    [error] = errors(result)
    assert "`gcloud ai-platform jobs cancel ID`" in error
    assert "delete" not in error


@pytest.mark.parametrize("verb", ["up", "destroy"])
@pytest.mark.parametrize("kind", ["updating", "deleting"])
def test_resources_with_a_pending_change_are_refreshed_first(recovery: Recovery, verb: str, kind: str) -> None:
    """If that refresh fails nothing else is done; the next recovery repeats it, though the engine forgot the change."""
    cut = {"type": kind, "resource": {"urn": MODEL}}
    recovery.state.write({"resources": [{"urn": MODEL}, {"urn": URN}], "pending_operations": [cut]})
    refresh = f"refresh --stack local --skip-preview --yes --target={MODEL}"
    recovery.fails("refresh")
    result = recovery.run(verb)
    assert result.returncode == 1
    [error] = errors(result)
    assert MODEL in error
    assert recovery.calls() == [refresh]

    recovery.state.write({"resources": [{"urn": MODEL}, {"urn": URN}]})
    recovery.succeeds("refresh")
    left = verb == "destroy"  # the engine of these tests deletes nothing, as if it had been interrupted
    assert recovery.run(verb).returncode == left
    assert recovery.run(verb).returncode == left
    assert recovery.calls()[1:] == [refresh, f"{verb} --stack local", f"{verb} --stack local"]


COMMON = "--config-file a --parallel 1 --message b --yes"
OWN = {
    "up": "--refresh --continue-on-error --target-replace U --target=U -t U --exclude V --strict=false --replace W",
    "destroy": "-r --remove --exclude-protected -x V --show-config --expect-no-changes",
}


@pytest.mark.parametrize("verb", ["up", "destroy"])
def test_each_command_gets_only_its_own_options(recovery: Recovery, verb: str) -> None:
    """`refresh` has no `--continue-on-error` and `up` no `--remove`; `--target` would refresh more resources."""
    cut = {"type": "updating", "resource": {"urn": MODEL}}
    recovery.state.write({"resources": [{"urn": MODEL}, {"urn": URN}], "pending_operations": [cut, creating(URN)]})
    options = f"{COMMON} {OWN[verb]}"

    assert recovery.run(verb, *options.split()).returncode == 0

    before = [f"up --stack local {COMMON} --target={URN}"] * (verb == "destroy")
    assert recovery.calls() == [
        f"refresh --stack local {COMMON} --skip-preview --yes --target={MODEL}",
        *before,
        f"{verb} --stack local {options}",
        f"refresh --stack local {COMMON} --clear-pending-creates",
    ]


def test_a_finished_creation_is_no_longer_pending(recovery: Recovery) -> None:
    """The pending operation is cleared if the state contains the resource."""
    recovery.state.write({"resources": [{"urn": URN}], "pending_operations": [creating(URN)]})
    assert recovery.run("up", "--yes").returncode == 0
    assert recovery.calls() == ["up --stack local --yes", "refresh --stack local --yes --clear-pending-creates"]


def test_an_invalid_state_is_an_error(recovery: Recovery) -> None:
    """One line names the file; nothing is destroyed."""
    recovery.state.snapshot().write_text("")
    result = recovery.run("destroy")
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert str(recovery.state.snapshot()) in line
    assert recovery.calls() == []


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_backup_replaces_an_empty_state(recovery: Recovery, suffix: str) -> None:
    """A full disk leaves such a state, compressed or not."""
    recovery.state.snapshot().unlink()
    before = recovery.state.write({"resources": [{"urn": MODEL}]}, suffix=f"{suffix}.bak")
    recovery.state.snapshot(suffix=suffix).write_bytes(b"")
    assert recovery.run("up").returncode == 0
    assert recovery.state.snapshot(suffix=suffix).read_bytes() == before.read_bytes()


def test_locks_have_the_name_of_this_machine() -> None:
    """The locks of these tests use the name that the tools compare with."""
    assert socket.gethostname() in lock_content(1)
