"""`python -m emulator`: the background process and its commands."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import cli
from tests.running import BOUND, ROOT, alive

_FRONT = (
    "import emulator.server_process, sys;"
    "print([m for m in ('tensorflow', 'pulumi', 'googleapiclient.discovery', 'numpy') if m in sys.modules])"
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    command = [sys.executable, "-m", "emulator", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BOUND, check=False)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[str]:
    """A data folder; what is up on it at the end is stopped."""
    yield str(tmp_path / "data")
    run("down", "--data", str(tmp_path / "data"))


def test_up_and_down_can_be_said_twice(data: str) -> None:
    """Up starts once, status tells, down stops; each is fine where nothing is left to do."""
    assert run("status", "--data", data).returncode == 3
    assert run("down", "--data", data).returncode == 0

    first, second = run("up", "--port", "0", "--data", data), run("up", "--port", "0", "--data", data)
    status = run("status", "--data", data)

    endpoint = re.search(r"http://127\.0\.0\.1:\d+", first.stdout)
    assert endpoint is not None, first
    assert (first.returncode, second.returncode, status.returncode) == (0, 0, 0)
    assert f"already up on {endpoint[0]}" in second.stdout
    assert endpoint[0] in status.stdout
    assert run("logs", "-n", "5", "--data", data).stdout.count("/-/status") > 0
    assert run("up", "--port", "0", "--sunset", "--data", data).returncode == 1
    pid = json.loads(Path(data, "pid").read_text())["pid"]
    assert run("down", "--data", data).returncode == 0
    assert run("status", "--data", data).returncode == 3
    assert not alive(pid)


@pytest.mark.parametrize("command", [("logs",), ("requests", "p.d.t")])
@pytest.mark.parametrize("count", ["-3", "1.5", "many"])
def test_a_count_of_lines_that_is_none(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], count: str
) -> None:
    """It is wrong usage, named with its option."""
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "-n", count])

    assert ended.value.code == 2
    assert f"-n/--lines: must be a whole number, 0 or more; got '{count}'" in capsys.readouterr().err


def test_a_taken_port_is_one_clear_line(data: str) -> None:
    """Up on a port that something else holds names the port, and exits 1."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        refused = run("up", "--port", str(port), "--data", data)

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: port {port} is taken")
    assert refused.stderr.count("\n") == 1


def test_a_strangers_process_is_never_ended(data: str) -> None:
    """A pid file whose number another process has by now means nothing."""
    Path(data).mkdir()
    stale = {"pid": os.getpid(), "started": "1", "endpoint": "http://127.0.0.1:1"}
    Path(data, "pid").write_text(json.dumps(stale))

    assert run("down", "--data", data).stdout == "emulator is not up\n"


def test_two_emulators_do_not_share_a_folder(data: str) -> None:
    """The second is refused with one line."""
    run("up", "--port", "0", "--data", data)

    refused = run("serve", "--port", "0", "--data", data)

    assert refused.returncode == 1
    assert refused.stderr.startswith("error: another emulator runs on")


def test_wrong_usage_is_exit_code_2() -> None:
    """Unknown commands, options and values."""
    for arguments in ((), ("fly",), ("up", "--port", "99999"), ("up", "--operation-seconds", "-1")):
        assert run(*arguments).returncode == 2, arguments


def test_help_shows_examples() -> None:
    """--help has examples and the exit codes."""
    text = run("--help").stdout

    assert "python -m emulator up" in text
    assert "exit codes" in text


def test_the_front_process_is_light() -> None:
    """It imports neither TensorFlow, nor Pulumi, nor the discovery client."""
    command = [sys.executable, "-c", _FRONT]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BOUND, check=True)

    assert found.stdout == "[]\n"
