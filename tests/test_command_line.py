"""How commands start and end: no warning of a library, and no complaint about a reader that has gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import command_line
from tests.running import BOUND, ROOT

_OLD_PYTHON = (
    "import datetime\n"
    "from google.api_core._python_version_support import check_python_version\n"
    "check_python_version(today=datetime.date(2099, 1, 1))\n"
)
"""What Google's clients do when they are imported by a Python that they no longer support."""


def _python(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-c", script]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BOUND, check=False)


def test_the_warning_is_there_without_us() -> None:
    """Without our filter the warning is shown; otherwise the next test proves nothing."""
    assert "FutureWarning: You are using a non-supported Python version" in _python(_OLD_PYTHON).stderr


def test_nobody_is_told_of_an_old_python() -> None:
    """The warning is hidden in the program and in providers, which import `resources` first."""
    done = _python(f"import resources\n{_OLD_PYTHON}")

    assert (done.returncode, done.stderr) == (0, "")


def test_who_asks_for_warnings_gets_them() -> None:
    """`-W error` stays what it is."""
    assert "FutureWarning" in _python(f"import resources\n{_OLD_PYTHON}", "-W", "error").stderr


@pytest.mark.parametrize("module", ["prediction", "emulator", "models", "tools.docs"])
def test_no_warning_of_a_library_reaches_the_user(module: str) -> None:
    """The filter is set before a command imports what it needs."""
    script = (
        "import runpy, sys, warnings\n"
        "class Warn:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.endswith('cli'):\n"
        "            warnings.warn('of a library')\n"
        "            print('imported')\n"
        "sys.meta_path.insert(0, Warn())\n"
        "sys.argv = ['x', '--help']\n"
        f"runpy.run_module({module!r}, run_name='__main__')\n"
    )
    done = _python(script)

    assert done.stdout.startswith("imported\n")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "command",
    [
        ["prediction", "--help"],
        ["prediction", "batch", "--help"],
        ["emulator", "--help"],
        ["emulator", "logs", "-n", "5000", "--data", "LOGGED"],
        ["models", "list"],
        ["tools.docs", "--help"],
    ],
)
def test_a_reader_that_has_gone_is_no_error(command: list[str], tmp_path: Path) -> None:
    """As with `| head -1`: nothing on standard error, and the exit code of a broken pipe."""
    (tmp_path / "log").write_text("12:00:00 GET /v1/projects/demo/models 200\n" * 5000, encoding="utf-8")
    command = [str(tmp_path) if word == "LOGGED" else word for word in command]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=buffered, stdout=pipe, stderr=pipe, text=True
    ) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        said = started.stderr.read()

    assert (started.returncode, said) == (command_line.BROKEN_PIPE, "")


def test_the_exit_code_is_that_of_the_command() -> None:
    """The exit code is kept even if the command calls `sys.exit`."""
    script = "import sys, command_line; command_line.run(lambda: {})"

    assert _python(script.format("3")).returncode == 3
    assert _python(script.format("sys.exit(4)")).returncode == 4
