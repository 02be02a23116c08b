"""What tools/local_state.py reads from the state that the engine keeps."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.setup.checkout import ROOT, Checkout

SCRIPT = "tools/local_state.py"


def _ask(checkout: Checkout, question: str) -> int:
    """The script's exit code."""
    return checkout.run(sys.executable, SCRIPT, question).returncode


def _write_state(checkout: Checkout, latest: dict[str, Any] | None) -> None:
    path = checkout.root / ".local" / "state" / ".pulumi" / "stacks" / "tf2-models" / "local.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"version": 3, "checkpoint": {"stack": "local", "latest": latest}}))


def _write_lock(checkout: Checkout, name: str, pid: int, host: str) -> None:
    folder = checkout.root / ".local" / "state" / ".pulumi" / "locks" / "organization" / "tf2-models" / "local"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"pid": pid, "username": "me", "hostname": host, "timestamp": ""}))
    (folder / f"{name}.json.attrs").write_text("{}")


@pytest.fixture
def ended() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


@pytest.mark.parametrize("question", ["is-abandoned", "has-pending-creates", "has-resources"])
def test_no_state(checkout: Checkout, question: str) -> None:
    """Where nothing was ever deployed, every answer is no."""
    assert _ask(checkout, question) == 1


def test_abandoned(checkout: Checkout, ended: int) -> None:
    """A lock of a process that has ended is abandoned."""
    _write_lock(checkout, "a", ended, socket.gethostname())
    assert _ask(checkout, "is-abandoned") == 0


def test_abandoned_by_a_process_that_nobody_waited_for(checkout: Checkout) -> None:
    """A process that has ended and stays listed until its parent looks counts as ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        _write_lock(checkout, "a", process.pid, socket.gethostname())
        assert _ask(checkout, "is-abandoned") == 0


def test_abandoned_and_its_id_reused(checkout: Checkout) -> None:
    """A running process that is no pulumi has got the id of one that ended."""
    _write_lock(checkout, "a", os.getpid(), socket.gethostname())
    assert _ask(checkout, "is-abandoned") == 0


def test_locked_by_a_running_process(checkout: Checkout, ended: int, request: pytest.FixtureRequest) -> None:
    """One lock of a running pulumi is enough to leave the stack alone."""
    program = checkout.program("pulumi", "echo started; read line")
    running = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    request.addfinalizer(running.communicate)
    assert running.stdout
    assert running.stdout.readline() == b"started\n"
    _write_lock(checkout, "a", ended, socket.gethostname())
    _write_lock(checkout, "b", running.pid, socket.gethostname())
    assert _ask(checkout, "is-abandoned") == 1


def test_locked_by_another_machine(checkout: Checkout, ended: int) -> None:
    """Whether a process of another machine has ended cannot be known: its lock holds."""
    _write_lock(checkout, "a", ended, "another-host")
    assert _ask(checkout, "is-abandoned") == 1


@pytest.mark.parametrize(
    ("latest", "resources", "pending"),
    [
        (None, 1, 1),
        ({"manifest": {}}, 1, 1),
        ({"resources": [{"urn": "urn:a"}]}, 0, 1),
        ({"pending_operations": [{"resource": {"urn": "urn:a"}, "type": "creating"}]}, 0, 0),
        ({"resources": [{"urn": "urn:a"}], "pending_operations": [{"resource": {}, "type": "deleting"}]}, 0, 1),
    ],
)
def test_resources(checkout: Checkout, latest: dict[str, Any] | None, resources: int, pending: int) -> None:
    """Resources, and creates that were cut off, are read from the last snapshot."""
    _write_state(checkout, latest)
    assert _ask(checkout, "has-resources") == resources
    assert _ask(checkout, "has-pending-creates") == pending


@pytest.mark.parametrize("arguments", [(), ("what",), ("is-abandoned", "has-resources")])
def test_usage(checkout: Checkout, arguments: tuple[str, ...]) -> None:
    """Anything but one known question prints the usage and exits with 2."""
    result = checkout.run(sys.executable, SCRIPT, *arguments)
    assert result.returncode == 2
    assert "Usage:" in result.stderr


def test_project_is_that_of_the_program() -> None:
    """The project whose state the script reads is the one that Pulumi.yaml names."""
    (project,) = re.findall(r'^PROJECT = "(.*)"$', (ROOT / SCRIPT).read_text(), re.MULTILINE)
    assert f"name: {project}" in (ROOT / "Pulumi.yaml").read_text().splitlines()
